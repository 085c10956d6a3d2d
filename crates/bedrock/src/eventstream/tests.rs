use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::error::{ErrorKind, StreamOperation, WireError};

fn decode(data: &[u8], piece: usize) -> (Vec<Frame>, Result<(), DecodeError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for bytes in data.chunks(piece) {
        decoder.push(bytes);
        while let Ok(Some(frame)) = decoder.next_frame() {
            frames.push(frame);
        }
    }
    (frames, decoder.finish())
}

/// A header's value as `botocore_eventstream.py` writes it.
fn plain(value: &HeaderValue) -> Value {
    match value {
        HeaderValue::Bool(value) => (*value).into(),
        HeaderValue::Byte(value) => (*value).into(),
        HeaderValue::Int16(value) => (*value).into(),
        HeaderValue::Int32(value) => (*value).into(),
        HeaderValue::Int64(value) | HeaderValue::Timestamp(value) => (*value).into(),
        HeaderValue::String(text) => text.clone().into(),
        HeaderValue::Bytes(bytes) => serde_json::json!({"hex": hex::encode(bytes)}),
        HeaderValue::Uuid(bytes) => serde_json::json!({"hex": hex::encode(bytes)}),
    }
}

/// The name that botocore gives to an error.
fn botocore_name(error: &DecodeError) -> Option<&'static str> {
    match error {
        DecodeError::PreludeChecksum { .. } | DecodeError::MessageChecksum { .. } => {
            Some("ChecksumMismatch")
        }
        DecodeError::HeadersLength { .. } => Some("InvalidHeadersLength"),
        DecodeError::PayloadLength { .. } => Some("InvalidPayloadLength"),
        DecodeError::HeaderName | DecodeError::HeaderValue { .. } => Some("UnicodeDecodeError"),
        DecodeError::HeaderType { .. } => Some("KeyError"),
        DecodeError::DuplicateHeader { .. } => Some("DuplicateHeader"),
        // botocore ends silently.
        DecodeError::Truncated { .. } => None,
        DecodeError::HeaderCut | DecodeError::TotalLength { .. } => Some("error"),
    }
}

#[test]
fn vectors_decode_as_botocore_decodes_them_and_encode_to_the_same_bytes() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../tests/vectors/eventstream.json")).unwrap();
    assert!(vectors.len() > 20);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        let data = hex::decode(vector["hex"].as_str().unwrap()).unwrap();
        let (frames, outcome) = decode(&data, 7);
        let messages: Vec<Value> = frames
            .iter()
            .map(|frame| {
                let headers: Vec<Value> = frame
                    .headers
                    .iter()
                    .map(|(name, value)| vec![name.as_str().into(), plain(value)].into())
                    .collect();
                serde_json::json!({"headers": headers, "payload": hex::encode(&frame.payload)})
            })
            .collect();
        assert_eq!(Value::from(messages), vector["messages"], "{name}");
        let error = outcome.as_ref().err().and_then(botocore_name);
        assert_eq!(error, vector["error"].as_str(), "{name}");
        assert_eq!(outcome.is_err(), error.is_some() || name.starts_with("truncated"), "{name}");
        let again: Vec<u8> = frames.iter().flat_map(|frame| frame.encode().unwrap()).collect();
        assert!(data.starts_with(&again), "{name}");
    }
}

#[test]
fn an_event_has_the_bytes_of_the_golden_vector() {
    let vectors = include_str!("../../tests/vectors/eventstream.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    let golden = vectors.iter().find(|vector| vector["name"] == "event").unwrap();
    let payload = r#"{"contentBlockIndex": 0, "delta": {"text": "Hi"}}"#;
    assert_eq!(hex::encode(event("contentBlockDelta", payload).unwrap()), golden["hex"]);
}

#[test]
fn a_broken_length_is_told_before_its_bytes_are_awaited() {
    let mut data = event("e", "x").unwrap();
    data[0] = 0xff;
    let mut decoder = Decoder::new();
    decoder.push(&data[..12]);
    let error = decoder.next_frame().unwrap_err();
    assert!(matches!(error, DecodeError::PreludeChecksum { .. }));
    decoder.push(&event("e", "x").unwrap());
    assert_eq!(decoder.next_frame(), Err(error.clone()), "a lost stream stays lost");
    assert_eq!(decoder.finish(), Err(error));
}

#[test]
fn lengths_that_contradict_each_other_are_refused() {
    for (total, headers) in [(0u32, 0u32), (15, 0), (16, 1), (u32::MAX, 0), (16, u32::MAX)] {
        let mut data = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        data.extend(crc32fast::hash(&data).to_be_bytes());
        let (frames, outcome) = decode(&data, 100);
        assert!(frames.is_empty());
        assert!(!matches!(outcome, Ok(()) | Err(DecodeError::Truncated { .. })), "{total}");
    }
}

#[test]
fn limits_of_the_encoder_are_limits_of_the_decoder() {
    let mut frame = Frame { payload: vec![1; MAX_PAYLOAD_BYTES].into(), ..Frame::default() };
    frame.headers.push(("n".repeat(255), HeaderValue::String("v".repeat(MAX_VALUE_BYTES))));
    let data = frame.encode().unwrap();
    assert_eq!(decode(&data, 1 << 20), (vec![frame.clone()], Ok(())));

    frame.headers.push((String::new(), HeaderValue::Bool(true)));
    assert_eq!(frame.encode(), Err(EncodeError::NameLength { bytes: 0 }));
    frame.headers[1].0 = "x".repeat(256);
    assert_eq!(frame.encode(), Err(EncodeError::NameLength { bytes: 256 }));
    frame.headers[1].0 = "n".repeat(255);
    assert!(matches!(frame.encode(), Err(EncodeError::DuplicateHeader { .. })));
    frame.headers[1] = ("b".into(), HeaderValue::Bytes(vec![0; MAX_VALUE_BYTES + 1].into()));
    assert!(matches!(frame.encode(), Err(EncodeError::ValueLength { bytes: 32_768, .. })));
    frame.headers =
        (0..5).map(|n| (n.to_string(), HeaderValue::String("v".repeat(MAX_VALUE_BYTES)))).collect();
    assert!(matches!(frame.encode(), Err(EncodeError::HeadersLength { .. })));
    frame.headers.clear();
    frame.payload = vec![1; MAX_PAYLOAD_BYTES + 1].into();
    assert!(matches!(frame.encode(), Err(EncodeError::PayloadLength { .. })));
}

#[test]
fn a_string_over_the_limit_is_refused_when_decoded() {
    let mut headers = b"\x01a\x07\x80\x00".to_vec();
    headers.extend([b'x'; 32_768]);
    let total = u32::try_from(headers.len() + 16).unwrap();
    let mut data = total.to_be_bytes().to_vec();
    data.extend((total - 16).to_be_bytes());
    data.extend(crc32fast::hash(&data).to_be_bytes());
    data.extend(&headers);
    data.extend(crc32fast::hash(&data).to_be_bytes());
    let (_, outcome) = decode(&data, data.len());
    assert_eq!(outcome, Err(DecodeError::HeaderValue { name: "a".into() }));
}

#[test]
fn a_header_that_is_cut_off_is_told() {
    let whole = b"\x01a\x05\x00\x00\x00\x00\x00\x00\x00\x01";
    for length in 1..whole.len() {
        let total = u32::try_from(length + 16).unwrap();
        let mut data = total.to_be_bytes().to_vec();
        data.extend((total - 16).to_be_bytes());
        data.extend(crc32fast::hash(&data).to_be_bytes());
        data.extend(&whole[..length]);
        data.extend(crc32fast::hash(&data).to_be_bytes());
        assert_eq!(decode(&data, 100).1, Err(DecodeError::HeaderCut), "{length}");
    }
}

#[test]
fn a_chunk_carries_base64_of_the_native_json() {
    let (frames, outcome) = decode(&chunk(br#"{"generation":"Hi"}"#).unwrap(), 100);
    assert_eq!(outcome, Ok(()));
    assert_eq!(frames[0].string(":event-type"), Some("chunk"));
    assert_eq!(frames[0].string(":content-type"), Some("application/json"));
    assert_eq!(frames[0].payload, r#"{"bytes":"eyJnZW5lcmF0aW9uIjoiSGkifQ=="}"#);
}

#[test]
fn every_error_becomes_an_exception_that_the_stream_models() {
    for kind in ErrorKind::all() {
        let error = WireError::new(kind, "why");
        let (frames, _) = decode(&exception(&error, StreamOperation::ConverseStream), 100);
        let name = frames[0].string(":exception-type").unwrap();
        assert_eq!(frames[0].string(":message-type"), Some("exception"));
        assert_eq!(Some(name), kind.in_stream(StreamOperation::ConverseStream).stream_name());
        assert_eq!(frames[0].payload, r#"{"message":"why"}"#);
    }
}

#[test]
fn an_exception_can_be_told_however_long_its_text_is() {
    let mut error = WireError::model_stream_error("\u{1}ü".repeat(10_000_000));
    error.original_message = Some(error.message.clone());
    let (frames, _) = decode(&exception(&error, StreamOperation::ConverseStream), 100_000);
    let body: Value = serde_json::from_slice(&frames[0].payload).unwrap();
    assert!(body["message"].as_str().unwrap().len() > 65_530);
}

#[test]
fn an_unmodelled_error_stands_in_headers() {
    let (frames, _) = decode(&error("InternalFailure", &"ü".repeat(20_000)).unwrap(), 100);
    assert_eq!(frames[0].string(":message-type"), Some("error"));
    assert_eq!(frames[0].string(":error-code"), Some("InternalFailure"));
    assert_eq!(frames[0].string(":error-message").unwrap().len(), 32_766);
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    prop_oneof![
        any::<bool>().prop_map(HeaderValue::Bool),
        any::<i8>().prop_map(HeaderValue::Byte),
        any::<i16>().prop_map(HeaderValue::Int16),
        any::<i32>().prop_map(HeaderValue::Int32),
        any::<i64>().prop_map(HeaderValue::Int64),
        proptest::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| HeaderValue::Bytes(bytes.into())),
        ".{0,80}".prop_map(HeaderValue::String),
        any::<i64>().prop_map(HeaderValue::Timestamp),
        any::<[u8; 16]>().prop_map(HeaderValue::Uuid),
    ]
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let headers = proptest::collection::btree_map("[^\0]{1,40}", header_value(), 0..8);
    let payload = proptest::collection::vec(any::<u8>(), 0..2000);
    (headers, payload).prop_map(|(headers, payload)| Frame {
        headers: headers.into_iter().collect(),
        payload: Bytes::from(payload),
    })
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        frames in proptest::collection::vec(any_frame(), 1..4), piece in 1usize..500
    ) {
        let data: Vec<u8> = frames.iter().flat_map(|frame| frame.encode().unwrap()).collect();
        prop_assert_eq!(decode(&data, piece), (frames, Ok(())));
    }

    #[test]
    fn one_flipped_bit_is_found(frame in any_frame(), bit in any::<prop::sample::Index>()) {
        let mut data = frame.encode().unwrap();
        let bit = bit.index(data.len() * 8);
        data[bit / 8] ^= 1 << (bit % 8);
        let (frames, outcome) = decode(&data, 64);
        prop_assert!(frames.is_empty() && outcome.is_err());
    }
}
