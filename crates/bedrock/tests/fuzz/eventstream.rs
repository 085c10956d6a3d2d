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

/// Checks the bytes as a stream, and as contents of frames whose lengths and checksums are right, which chance would
/// hardly find.
pub(crate) fn check(data: &[u8]) {
    check_stream(data);
    check_stream(&framed(data));
}

/// Frames of which each is told by two bytes, the lengths of its headers and of its payload, and then these.
fn framed(mut data: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut frames = Vec::new();
    while let Some(([headers, payload], rest)) = data.split_first_chunk() {
        let headers = usize::from(*headers).min(rest.len());
        let (content, rest) = rest.split_at((headers + usize::from(*payload)).min(rest.len()));
        let mut frame = [length(16 + content.len()), length(headers)].concat();
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame.extend(content);
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frames.extend(frame);
        data = rest;
    }
    frames
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
