//! What must hold for any bytes: used by the fuzz target, and by a test that replays its corpus.

use bedrock::eventstream::{DecodeError, Decoder, Frame};

fn decode(pieces: &[&[u8]]) -> (Vec<Frame>, Result<(), DecodeError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Ok(Some(frame)) = decoder.next_frame() {
            frames.push(frame);
        }
    }
    (frames, decoder.finish())
}

/// Checks the bytes as a stream, and as headers and payload of a frame whose checksums are right, which chance would
/// hardly find.
pub(crate) fn check(data: &[u8]) {
    check_stream(data);
    let headers = data.first().map_or(0, |byte| usize::from(*byte)).min(data.len());
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut framed = [length(16 + data.len()), length(headers)].concat();
    framed.extend(crc32fast::hash(&framed).to_be_bytes());
    framed.extend(data);
    framed.extend(crc32fast::hash(&framed).to_be_bytes());
    check_stream(&framed);
}

/// No panic; the same frames however the bytes are cut; a frame is encoded to the bytes that it came from.
fn check_stream(data: &[u8]) {
    let (frames, outcome) = decode(&[data]);
    let cut = data.first().map_or(0, |byte| usize::from(*byte)).min(data.len());
    let halves = [&data[..cut], &data[cut..]];
    assert_eq!((&frames, &outcome), (&decode(&halves).0, &decode(&halves).1));
    let bytes: Vec<&[u8]> = data.chunks(1).collect();
    let (single, end) = decode(&bytes);
    assert_eq!((&frames, &outcome), (&single, &end));

    let mut again = Vec::new();
    for frame in &frames {
        again.extend(frame.encode().expect("what was decoded can be encoded"));
    }
    assert!(data.starts_with(&again));
    if outcome.is_ok() {
        assert_eq!(again.len(), data.len());
    }
}
