//! What decoders tell.

use bedrock::canonical::{Answer, BlockKind, Event, StopReason, ToolChoice, Usage};
use engine::{FinishReason, TokenId, Tokenizer};

use super::*;
use crate::Flow;

/// Runs a decoder over a text whose control tokens are written out.
pub(super) fn decode(
    model: &(ChatModel, Arc<Characters>),
    request: &Request,
    text: &str,
    reason: FinishReason,
) -> (Vec<Event>, Answer) {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let control = model.1.controls().iter().find(|(control, _)| rest.starts_with(control));
        let (token, len) =
            control.map_or((u32::from(c), c.len_utf8()), |(text, id)| (*id, text.len()));
        tokens.push(token);
        rest = &rest[len..];
    }
    let events = events_of(model, request, &tokens, reason);
    let answer = fold(&events);
    (events, answer)
}

/// The answer that tokens make.
pub(super) fn answer_of(
    model: &(ChatModel, Arc<Characters>),
    request: &Request,
    tokens: &[TokenId],
    reason: FinishReason,
) -> Answer {
    fold(&events_of(model, request, tokens, reason))
}

fn events_of(
    model: &(ChatModel, Arc<Characters>),
    request: &Request,
    tokens: &[TokenId],
    reason: FinishReason,
) -> Vec<Event> {
    let inside = model.0.prompt(request).is_ok_and(|prompt| prompt.begins_inside);
    let mut decoder = model.0.decoder(request, inside, 0);
    let mut events = Vec::new();
    let stopped = tokens.iter().any(|token| decoder.push(*token, None, &mut events) == Flow::Stop);
    if !stopped {
        decoder.finish(reason, &mut events);
    }
    events
}

fn fold(events: &[Event]) -> Answer {
    let told = events.iter().cloned().chain([Event::Usage(Usage::default())]);
    Answer::from_events(1, told).unwrap()
}

pub(super) fn blocks(answer: &Answer) -> Vec<(String, String)> {
    answer.choices[0]
        .content
        .iter()
        .map(|block| {
            let name = match &block.kind {
                BlockKind::ToolUse { name, .. } => name.clone(),
                BlockKind::Text => "text".into(),
                BlockKind::Reasoning => "reasoning".into(),
            };
            (name, block.text.clone())
        })
        .collect()
}

fn offering(tools: &[&str]) -> Request {
    let mut request = hello();
    request.tools = tools.iter().map(|name| tool(name)).collect();
    request
}

pub(super) fn reason(answer: &Answer) -> StopReason {
    answer.choices[0].stop_reason
}

pub(super) fn pair(name: &str, text: &str) -> (String, String) {
    (name.into(), text.into())
}

#[test]
fn text_and_empty_answers() {
    let (_, answer) = decode(&pebble(), &hello(), "Hi there", FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", "Hi there")]);
    assert_eq!(reason(&answer), StopReason::EndTurn);
    let (events, answer) = decode(&pebble(), &hello(), "", FinishReason::MaxTokens);
    assert_eq!((events.len(), reason(&answer)), (1, StopReason::MaxTokens));
    let (_, answer) = decode(&pebble(), &hello(), "x", FinishReason::ContextFull);
    assert_eq!(reason(&answer), StopReason::ModelContextWindowExceeded);
}

#[test]
fn a_stop_sequence_is_told_and_not_sent() {
    let mut request = hello();
    request.stop_sequences = vec!["\n\nHuman:".into(), "END".into()];
    let (_, answer) = decode(&pebble(), &request, "a\n\nHuEND more", FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", "a\n\nHu")]);
    assert_eq!(answer.choices[0].stop_sequence.as_deref(), Some("END"));
    assert_eq!(reason(&answer), StopReason::StopSequence);
    let (_, answer) = decode(&pebble(), &request, "a\n\nHuman", FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", "a\n\nHuman")], "held text leaves at the end");
    let (events, _) = decode(&pebble(), &request, "END", FinishReason::StopToken);
    assert_eq!(events.len(), 1, "no block without text");
}

#[test]
fn calls_stream_their_arguments() {
    let text = "Let me see.<|tool_call|>{\"name\": \"f\", \"arguments\": {\"a\": [1, \"<x>\"]}}\
                <|tool_call|> {\"name\": \"g\", \"arguments\": {}}";
    let request = offering(&["f", "g"]);
    let (events, answer) = decode(&pebble(), &request, text, FinishReason::StopToken);
    assert_eq!(
        blocks(&answer),
        [pair("text", "Let me see."), pair("f", "{\"a\": [1, \"<x>\"]}"), pair("g", "{}")]
    );
    assert_eq!(reason(&answer), StopReason::ToolUse);
    let ids: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::BlockStart { kind: BlockKind::ToolUse { id, .. }, .. } => Some(id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    for id in ids {
        let tail = id.strip_prefix("tooluse_").unwrap();
        assert!(
            tail.len() == 22
                && tail.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        );
    }
    let again = decode(&pebble(), &request, text, FinishReason::StopToken).0;
    assert_eq!(events, again, "the same request has the same ids");
    // Index, block and deltas belong together.
    let mut open = None;
    for event in &events {
        match event {
            Event::BlockStart { index, .. } => assert!(open.replace(*index).is_none()),
            Event::Delta { index, .. } => assert_eq!(open, Some(*index)),
            Event::BlockStop { index, .. } => assert_eq!(open.take(), Some(*index)),
            _ => {}
        }
    }
}

#[test]
fn a_call_that_is_none_is_never_text() {
    let malformed = [
        "a<|tool_call|>oops",
        "a<|tool_call|>{\"name\": \"f\", \"arguments\": {\"a\": }}",
        "a<|tool_call|>{\"name\": \"unknown\", \"arguments\": {}}",
        "a<|tool_call|>{\"name\": \"f\", \"arguments\": {}} and more",
        "a<|tool_call|>{\"name\": \"f\"",
        "a<|tool_call|>",
        "a<|tool_call|><|tool_call|>",
    ];
    for text in malformed {
        let (_, answer) = decode(&pebble(), &offering(&["f"]), text, FinishReason::StopToken);
        assert_eq!(reason(&answer), StopReason::MalformedToolUse, "{text}");
        let texts: Vec<_> =
            blocks(&answer).into_iter().filter(|(name, _)| name == "text").collect();
        assert_eq!(texts, [pair("text", "a")], "{text}");
    }
    let none_offered = "<|tool_call|>{\"name\": \"f\", \"arguments\": {}}";
    let (_, answer) = decode(&pebble(), &hello(), none_offered, FinishReason::StopToken);
    assert_eq!((reason(&answer), blocks(&answer).len()), (StopReason::MalformedToolUse, 0));
    let (_, answer) = decode(
        &pebble(),
        &offering(&["f"]),
        "<|tool_call|>{\"name\": \"f\", \"arguments\": {\"a\": 1",
        FinishReason::MaxTokens,
    );
    assert_eq!(reason(&answer), StopReason::MaxTokens);
    assert_eq!(blocks(&answer), [pair("f", "{\"a\": 1")]);
}

#[test]
fn a_forced_call_begins_in_the_prompt() {
    let mut request = offering(&["f", "g"]);
    request.tool_choice = ToolChoice::Named("g".into());
    let (_, answer) = decode(&pebble(), &request, " {\"a\": 1}}", FinishReason::StopToken);
    assert_eq!(
        (blocks(&answer), reason(&answer)),
        (vec![pair("g", "{\"a\": 1}")], StopReason::ToolUse)
    );
    request.tool_choice = ToolChoice::Any;
    let text =
        "{\"name\": \"f\", \"arguments\": {}}<|tool_call|>{\"name\": \"g\", \"arguments\": {}}";
    let (_, answer) = decode(&pebble(), &request, text, FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("f", "{}"), pair("g", "{}")]);
}

#[test]
fn hermes_calls_are_cut_out_of_the_text() {
    let hermes = model(HERMES, &["<|im_start|>", "<|im_end|>"]);
    assert!(hermes.0.supports_tools());
    let mut request = offering(&["f"]);
    request.stop_sequences = vec!["STOP".into()];
    let text = "I <tool> call <tool_call>\n{\"name\": \"f\", \"arguments\": {\"q\": \"STOP\"}}\n</tool_call>\n\
                <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n Done <tool_";
    let (_, answer) = decode(&hermes, &request, text, FinishReason::StopToken);
    assert_eq!(
        blocks(&answer),
        [
            pair("text", "I <tool> call "),
            pair("f", "{\"q\": \"STOP\"}"),
            pair("f", "{}"),
            pair("text", "Done <tool_"),
        ]
    );
    assert_eq!(reason(&answer), StopReason::ToolUse);
    let (_, answer) = decode(&hermes, &hello(), "a <tool_call> b", FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", "a <tool_call> b")], "text where no tool is offered");
    let broken = "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool>";
    let (_, answer) = decode(&hermes, &request, broken, FinishReason::StopToken);
    assert_eq!(reason(&answer), StopReason::MalformedToolUse);
}

#[test]
fn the_space_that_sentencepiece_adds_is_dropped_once() {
    let mut tokenizer = Characters::new(&[]);
    tokenizer.space_prefix = true;
    let tokenizer = Arc::new(tokenizer);
    let chat_model = ChatModel::new(tokenizer.clone(), Some("{{ messages[0].content }}")).unwrap();
    let model = (chat_model, tokenizer);
    let (_, answer) = decode(&model, &hello(), "  Hi", FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", " Hi")]);
    let prefilled = chat(&[], vec![turn(Role::User, "a"), turn(Role::Assistant, "b")]);
    let (_, answer) = decode(&model, &prefilled, " Hi", FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", " Hi")], "a continued text keeps it");
}

#[test]
fn log_probabilities_leave_with_their_text() {
    let model = pebble();
    let mut request = hello();
    request.stop_sequences = vec!["abc".into()];
    let mut decoder = model.0.decoder(&request, false, 0);
    let mut told = Vec::new();
    for c in "xabyabcz".chars() {
        let token = u32::from(c);
        let logprob = engine::TokenLogprob {
            token,
            logprob: -0.5,
            top: vec![(u32::from('é'), -1.0)],
            explanation: None,
        };
        let mut events = Vec::new();
        let flow = decoder.push(token, Some(&logprob), &mut events);
        let mut text = String::new();
        let mut tokens = String::new();
        for event in events {
            match event {
                Event::Delta { text: more, .. } => text += &more,
                Event::Logprobs { tokens: entries, .. } => {
                    assert!(entries.iter().all(|entry| entry.top[0].0 == "é"));
                    tokens.extend(entries.into_iter().map(|entry| entry.token));
                }
                _ => {}
            }
        }
        assert_eq!(text, tokens);
        told.push(text);
        if flow == Flow::Stop {
            break;
        }
    }
    assert_eq!(told, ["x", "", "", "aby", "", "", ""]);
    assert_eq!(decoder.output_tokens(), 7, "the stop text counts, what follows does not");
}

#[test]
fn an_explanation_gets_the_texts_of_its_tokens() {
    let model = pebble();
    let mut decoder = model.0.decoder(&hello(), false, 0);
    let (a, b) = (u32::from('a'), u32::from('é'));
    let candidate = |token, rank| engine::Candidate { token, rank, logit: 1.0, probability: 0.25 };
    let stage = engine::Stage {
        step: engine::Step::TopK,
        changed: true,
        kept: 9,
        candidates: vec![candidate(b, 1), candidate(a, 5)],
        rest: 0.5,
    };
    let told = engine::Explanation { stages: vec![stage], random: Some(0.5), entropy: 1.25 };
    let explanation = Some(Box::new(told));
    let logprob = engine::TokenLogprob { token: a, logprob: -0.5, top: Vec::new(), explanation };
    let mut events = Vec::new();
    decoder.push(a, Some(&logprob), &mut events);
    decoder.finish(FinishReason::MaxTokens, &mut events);
    let entries: Vec<_> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Logprobs { tokens, .. } => Some(tokens),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(entries.len(), 1);
    let told = entries[0].explanation.as_deref().unwrap();
    assert_eq!((told.id, told.random, told.entropy), (a, Some(0.5), 1.25));
    let stage = &told.stages[0];
    assert_eq!((stage.step, stage.changed, stage.kept, stage.rest), ("top_k", true, 9, 0.5));
    let shown: Vec<_> = stage.candidates.iter().map(|c| (c.token.as_str(), c.id, c.rank)).collect();
    assert_eq!(shown, [("é", b, 1), ("a", a, 5)]);
}
