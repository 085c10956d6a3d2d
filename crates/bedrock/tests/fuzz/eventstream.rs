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

/// No panic; the same frames however the bytes are cut; a frame is encoded to the bytes that it came from.
pub(crate) fn check(data: &[u8]) {
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
