//! The event stream against the Rust SDK's own codec, in both directions.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue as TheirValue, Message};
use bedrock::error::{ErrorKind, StreamOperation, WireError};
use bedrock::eventstream::{Decoder, Frame, HeaderValue, chunk, event, exception};
use bytes::BytesMut;
use proptest::prelude::*;

fn theirs(frame: &Frame) -> Message {
    let headers = frame.headers.iter().map(|(name, value)| {
        let value = match value {
            HeaderValue::Bool(value) => TheirValue::Bool(*value),
            HeaderValue::Byte(value) => TheirValue::Byte(*value),
            HeaderValue::Int16(value) => TheirValue::Int16(*value),
            HeaderValue::Int32(value) => TheirValue::Int32(*value),
            HeaderValue::Int64(value) => TheirValue::Int64(*value),
            HeaderValue::Bytes(bytes) => TheirValue::ByteArray(bytes.clone()),
            HeaderValue::String(text) => TheirValue::String(text.clone().into()),
            HeaderValue::Timestamp(millis) => TheirValue::Timestamp(DateTime::from_millis(*millis)),
            HeaderValue::Uuid(bytes) => TheirValue::Uuid(u128::from_be_bytes(*bytes)),
        };
        Header::new(name.clone(), value)
    });
    Message::new_from_parts(headers.collect(), frame.payload.clone())
}

/// Decodes with their decoder, fed in pieces; gives the messages, and whether it ended between two of them.
fn their_decode(data: &[u8], piece: usize) -> Result<(Vec<Message>, bool), String> {
    let mut decoder = MessageFrameDecoder::new();
    let mut buffer = BytesMut::new();
    let mut messages = Vec::new();
    for bytes in data.chunks(piece) {
        buffer.extend_from_slice(bytes);
        let mut next = || decoder.decode_frame(&mut buffer).map_err(|error| error.to_string());
        while let DecodedFrame::Complete(message) = next()? {
            messages.push(message);
        }
    }
    Ok((messages, buffer.is_empty()))
}

fn our_decode(data: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new();
    decoder.push(data);
    let frames = std::iter::from_fn(|| decoder.next_frame().expect("an event stream")).collect();
    decoder.finish().expect("whole frames");
    frames
}

#[test]
fn the_rust_sdk_reads_our_frames() {
    let mut data = event("messageStart", r#"{"role":"assistant"}"#).unwrap();
    data.extend(chunk(br#"{"generation":"Hi"}"#).unwrap());
    let error = WireError::new(ErrorKind::Throttling, "Too many tokens");
    data.extend(exception(&error, StreamOperation::ConverseStream));
    data.extend(bedrock::eventstream::error("InternalFailure", "broken").unwrap());
    let (messages, whole) = their_decode(&data, 10).unwrap();
    assert!(whole);
    let kinds: Vec<&str> = messages
        .iter()
        .map(|message| {
            let kind =
                message.headers().iter().find(|each| each.name().as_str() == ":message-type");
            kind.unwrap().value().as_string().unwrap().as_str()
        })
        .collect();
    assert_eq!(kinds, ["event", "event", "exception", "error"]);
    assert_eq!(messages[2].payload(), r#"{"message":"Too many tokens"}"#.as_bytes());
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    prop_oneof![
        any::<bool>().prop_map(HeaderValue::Bool),
        any::<i8>().prop_map(HeaderValue::Byte),
        any::<i16>().prop_map(HeaderValue::Int16),
        any::<i32>().prop_map(HeaderValue::Int32),
        any::<i64>().prop_map(HeaderValue::Int64),
        proptest::collection::vec(any::<u8>(), 0..100)
            .prop_map(|bytes| HeaderValue::Bytes(bytes.into())),
        ".{0,40}".prop_map(HeaderValue::String),
        // Years 1 to 9999: their type has no more.
        (-62_135_596_800_000_i64..253_402_300_799_999).prop_map(HeaderValue::Timestamp),
        any::<[u8; 16]>().prop_map(HeaderValue::Uuid),
    ]
}

proptest! {
    #[test]
    fn both_codecs_make_and_read_the_same_bytes(
        headers in proptest::collection::btree_map("[a-z:-]{1,40}", header_value(), 0..8),
        payload in proptest::collection::vec(any::<u8>(), 0..2000),
        piece in 1usize..400,
    ) {
        let frame = Frame { headers: headers.into_iter().collect(), payload: payload.into() };
        let message = theirs(&frame);
        let ours = frame.encode().unwrap();
        let mut written = Vec::new();
        write_message_to(&message, &mut written).unwrap();
        prop_assert_eq!(&ours, &written);
        prop_assert_eq!(their_decode(&ours, piece).unwrap(), (vec![message], true));
        prop_assert_eq!(our_decode(&written), vec![frame]);
    }

    #[test]
    fn a_damaged_frame_is_refused_by_both_or_awaited_by_both(
        payload in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(),
    ) {
        let mut data = event("contentBlockDelta", payload).unwrap();
        let at = at.index(data.len());
        data[at] = !data[at];
        let mut decoder = Decoder::new();
        decoder.push(&data);
        prop_assert!(decoder.next_frame().is_err());
        let theirs = their_decode(&data, data.len());
        prop_assert!(theirs.is_err() || theirs.is_ok_and(|(messages, _)| messages.is_empty()));
    }
}
