//! Replays known inputs through the checks of the fuzz targets, so that plain `cargo test` holds them.

#[path = "fuzz/eventstream.rs"]
mod eventstream;

#[test]
fn eventstream_vectors_and_their_damaged_forms() {
    let vectors: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("vectors/eventstream.json")).unwrap();
    for vector in &vectors {
        let data = hex::decode(vector["hex"].as_str().unwrap()).unwrap();
        eventstream::check(&data);
        for cut in 0..data.len().min(64) {
            eventstream::check(&data[cut..]);
            let mut damaged = data.clone();
            damaged[cut] = !damaged[cut];
            eventstream::check(&damaged);
        }
    }
}
