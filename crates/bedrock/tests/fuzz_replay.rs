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

#[path = "fuzz/sigv4.rs"]
mod sigv4;

#[test]
fn signed_requests_and_their_damaged_forms() {
    let file: serde_json::Value = serde_json::from_str(include_str!("vectors/sigv4.json")).unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let names = ["method", "path", "query", "authority", "authorization"];
        let mut data = names.map(text).join("\n");
        for header in vector["headers"].as_array().unwrap() {
            let part = |index: usize| header[index].as_str().unwrap();
            data = format!("{data}\n{}:{}", part(0), part(1));
        }
        let data = format!("{data}\n\n{}", text("body_hex")).into_bytes();
        sigv4::check(&data);
        for index in 0..data.len() {
            let mut damaged = data.clone();
            damaged[index] = !damaged[index];
            sigv4::check(&damaged);
            sigv4::check(&data[..index]);
        }
    }
}
