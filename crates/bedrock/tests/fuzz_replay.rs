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

/// What the fuzzer has found worth keeping.
#[test]
fn the_fuzzers_event_streams() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/eventstream");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        eventstream::check(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "the corpus is there");
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

#[path = "fuzz/model_id.rs"]
mod model_id;

#[test]
fn model_identifiers_and_their_damaged_forms() {
    let arn = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3A";
    let kinds = [
        "inference-profile%2Fus.anthropic.claude-3-haiku-20240307-v1%3A0",
        "application-inference-profile/abcdef123456",
        "custom-model/amazon.titan-text-lite-v1:0:4k/abcdef123456",
        "prompt/PROMPT1234:12",
        "default-prompt-router/anthropic.claude:1",
    ];
    let arns = kinds.iter().map(|kind| format!("{arn}{kind}"));
    let ids = bedrock::catalogue::all().iter().map(|model| format!("global.{}", model.id));
    for id in arns.chain(ids).map(String::into_bytes) {
        model_id::check(&id);
        for index in 0..id.len() {
            for byte in [b'%', b'/', b':', b'.', 0, 0xff] {
                let mut damaged = id.clone();
                damaged[index] = byte;
                model_id::check(&damaged);
            }
            model_id::check(&id[index..]);
            model_id::check(&id[..index]);
        }
    }
}
