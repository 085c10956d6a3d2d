//! Writes values as this crate encodes them, with the name of the AWS shape that each is, as one JSON document.
//!
//! `tests/botocore_shapes.py` reads it and checks every member against botocore's service models.

use std::io::Write as _;

use bedrock::canonical::{
    Answer, AnswerBlock, BlockKind, Choice, Event, Latency, ResponseContext, StopReason,
    TokenLogprob, Usage,
};
use bedrock::control::{profiles, tags};
use bedrock::error::{ErrorKind, StreamOperation, WireError};
use bedrock::model_id::Geo;
use bedrock::{catalogue, control, converse, count_tokens};
use serde_json::{Value, json};

const USAGE: Usage = Usage { input: 12, output: 9, cache_read: 4, cache_write: 3 };
const LATENCY: Latency = Latency { total_ms: 34, first_byte_ms: 5 };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut shapes = control_plane();
    shapes.extend(inference_profiles());
    shapes.extend(runtime());
    shapes.extend(converse_stream());
    let errors: Vec<Value> = ErrorKind::all().map(error).collect();
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &json!({"shapes": shapes, "errors": errors}))?;
    writeln!(out)?;
    Ok(())
}

fn shape(service: &str, name: &str, value: &Value) -> Value {
    json!({"service": service, "shape": name, "value": value})
}

fn control_plane() -> Vec<Value> {
    let mut listings: Vec<control::Listing> =
        catalogue::all().iter().map(control::Listing::from).collect();
    listings[0].served_by = Some("pebble".into());
    let all = control::Filter::default();
    let list = control::list_foundation_models(&listings, &all, "eu-central-1");
    let get = control::get_foundation_model(&listings[0], "us-gov-west-1");
    vec![
        shape("bedrock", "ListFoundationModelsResponse", &list),
        shape("bedrock", "GetFoundationModelResponse", &get),
    ]
}

/// Every system-defined profile, an application profile, and tags.
fn inference_profiles() -> Vec<Value> {
    let listings: Vec<control::Listing> =
        catalogue::all().iter().map(control::Listing::from).collect();
    let (account, region) = ("123456789012", "us-east-1");
    let system = Geo::all().flat_map(|geo| {
        listings.iter().map(move |model| profiles::Profile::system(geo, model, account, region))
    });
    let mut all: Vec<_> = system.collect();
    let arn = profiles::application_arn(region, account, "abcdefghijkl");
    let source = profiles::ProfileSource { model_id: listings[0].id.clone(), geo: None };
    all.push(profiles::Profile {
        id: "abcdefghijkl".into(),
        arn: arn.clone(),
        name: "Team A".into(),
        description: Some("Chat: v1.5".into()),
        models: source.model_arns(region),
        created_ms: Some(1_764_000_000_000),
        kind: profiles::ProfileType::Application,
    });
    let tag = tags::Tag { key: "team".into(), value: "a b".into() };
    let list = profiles::encode_list(&all, Some("token"));
    let mut shapes = vec![
        shape("bedrock", "CreateInferenceProfileResponse", &profiles::encode_created(&arn)),
        shape("bedrock", "ListInferenceProfilesResponse", &list),
        shape("bedrock", "ListTagsForResourceResponse", &tags::encode_list_tags(&[tag])),
    ];
    let each =
        all.iter().map(|profile| shape("bedrock", "GetInferenceProfileResponse", &profile.shape()));
    shapes.extend(each);
    shapes
}

fn context() -> ResponseContext {
    ResponseContext {
        request_id: "0f0e0d0c-0b0a-0908-0706-050403020100".into(),
        model_id: "anthropic.claude-3-haiku-20240307-v1:0".into(),
        created: 1_764_000_000,
        input_tokens: USAGE.input,
        seed: 7,
    }
}

fn echo() -> converse::Echo {
    converse::Echo { response_fields: vec!["/seed".into()], ..converse::Echo::default() }
}

fn tool() -> BlockKind {
    BlockKind::ToolUse { id: "tooluse_1".into(), name: "weather".into() }
}

const BLOCKS: [(BlockKind, &str); 2] =
    [(BlockKind::Reasoning, "hm"), (BlockKind::Text, "Grüße \u{1F600}")];
const REASONS: [StopReason; 7] = [
    StopReason::EndTurn,
    StopReason::ToolUse,
    StopReason::MaxTokens,
    StopReason::StopSequence,
    StopReason::MalformedToolUse,
    StopReason::MalformedModelOutput,
    StopReason::ModelContextWindowExceeded,
];

/// Converse with each stop reason, and CountTokens.
fn runtime() -> Vec<Value> {
    let block = |(kind, text): (BlockKind, &str)| AnswerBlock { kind, text: text.into() };
    let answer = |stop_reason| {
        let mut content: Vec<AnswerBlock> = BLOCKS.into_iter().map(block).collect();
        content.push(block((tool(), r#"{"city":"Bern"}"#)));
        let logprobs = vec![TokenLogprob {
            token: "G".into(),
            bytes: b"G".to_vec(),
            logprob: -0.5,
            top: Vec::new(),
            explanation: None,
        }];
        let choice = Choice { content, stop_reason, stop_sequence: Some("x".into()), logprobs };
        Answer { choices: vec![choice], usage: USAGE }
    };
    let mut shapes: Vec<Value> = REASONS
        .into_iter()
        .map(|reason| converse::encode_answer(&answer(reason), &context(), &LATENCY, &echo()))
        .map(|body| shape("bedrock-runtime", "ConverseResponse", &body))
        .collect();
    let count = count_tokens::encode_answer(12);
    shapes.push(shape("bedrock-runtime", "CountTokensResponse", &count));
    shapes
}

/// Every event of a stream with reasoning, text and a tool call.
fn converse_stream() -> Vec<Value> {
    let mut encoder = converse::StreamEncoder::new(&context(), echo());
    let mut frames = encoder.start();
    let blocks = BLOCKS.into_iter().chain([(tool(), r#"{"city":"Bern"}"#)]);
    for (index, (kind, text)) in (0..).zip(blocks) {
        frames.extend(encoder.push(&Event::BlockStart { choice: 0, index, kind }));
        frames.extend(encoder.push(&Event::Delta { choice: 0, index, text: text.into() }));
        frames.extend(encoder.push(&Event::BlockStop { choice: 0, index }));
    }
    let stop = Event::Stop { choice: 0, reason: StopReason::ToolUse, stop_sequence: None };
    frames.extend(encoder.push(&stop));
    frames.extend(encoder.finish(USAGE, LATENCY));
    frames
        .iter()
        .map(|(name, payload)| {
            shape("bedrock-runtime", "ConverseStreamOutput", &json!({*name: payload}))
        })
        .collect()
}

/// A kind of error: code, status, body with every member it can have, and its names inside streams.
fn error(kind: ErrorKind) -> Value {
    let mut error = WireError::new(kind, "why");
    error.original_status = Some(500);
    error.original_message = Some("because".into());
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl";
    error.resource = Some(arn.into());
    let inside = |operation| kind.in_stream(operation).stream_name();
    json!({
        "code": kind.code(),
        "status": kind.status(),
        "body": error.body(),
        "streams": {
            "ConverseStream": inside(StreamOperation::ConverseStream),
            "InvokeModelWithResponseStream": inside(StreamOperation::InvokeModelWithResponseStream),
        },
    })
}
