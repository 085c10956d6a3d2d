// Arbitrary token pieces and stop sequences through a decoder, and arbitrary tokens of each dialect. Shared by the fuzz
// target `chat` and the plain tests.

use std::sync::{Arc, LazyLock};

use bedrock::canonical::{
    Answer, Block, BlockKind, Event, Markup, Message, Prompt, Request, Role, StopReason, Tool,
    ToolChoice, Turns, Usage,
};
use chat::{ChatModel, Flow};
use engine::{FinishReason, TokenId, TokenLogprob, Tokenizer};

/// A vocabulary of arbitrary byte strings.
struct Pieces(Vec<Vec<u8>>);

impl Tokenizer for Pieces {
    fn vocab_size(&self) -> usize {
        self.0.len()
    }
    fn encode(&self, _text: &str) -> Vec<TokenId> {
        Vec::new()
    }
    fn token_bytes(&self, id: TokenId) -> &[u8] {
        &self.0[id as usize]
    }
    fn control(&self, _text: &str) -> Option<TokenId> {
        None
    }
    fn controls(&self) -> &[(String, TokenId)] {
        &[]
    }
    fn bos(&self) -> Option<TokenId> {
        None
    }
    fn add_bos(&self) -> bool {
        false
    }
    fn stop_tokens(&self) -> &[TokenId] {
        &[]
    }
    fn adds_space_prefix(&self) -> bool {
        false
    }
}

/// The law: what leaves is the lossily decoded whole, cut at the first stop sequence.
pub(crate) fn law(pieces: Vec<Vec<u8>>, stops: &[String]) {
    let whole = String::from_utf8_lossy(&pieces.concat()).into_owned();
    let first = stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| Some((whole.find(stop)?, stop.len())))
        .min();
    let expected = &whole[..first.map_or(whole.len(), |(start, _)| start)];

    let count = u32::try_from(pieces.len()).expect("few pieces");
    let chat = ChatModel::new(Arc::new(Pieces(pieces)), None).expect("no template");
    let prompt = Prompt::Raw { text: String::new(), markup: Markup::None };
    let request = Request { stop_sequences: stops.to_vec(), ..Request::new(prompt) };
    let mut decoder = chat.decoder(&request, false, 0);
    let mut events = Vec::new();
    let mut flow = Flow::Continue;
    let mut pushed = 0;
    for token in 0..count {
        let logprob = TokenLogprob { token, logprob: -1.0, top: Vec::new(), explanation: None };
        flow = decoder.push(token, Some(&logprob), &mut events);
        pushed += 1;
        if flow == Flow::Stop {
            break;
        }
    }
    if flow == Flow::Continue {
        decoder.finish(FinishReason::StopToken, &mut events);
    }
    assert_eq!(decoder.output_tokens(), pushed);
    check(&events, expected, first.map(|(start, len)| &whole[start..start + len]));
    if first.is_none() {
        let told: usize = events
            .iter()
            .map(|event| if let Event::Logprobs { tokens, .. } = event { tokens.len() } else { 0 })
            .sum();
        assert_eq!(told, count as usize, "one entry a token");
    }
}

fn check(events: &[Event], expected: &str, stop: Option<&str>) {
    let mut text = String::new();
    let mut open = false;
    let mut ended = false;
    for event in events {
        assert!(!ended, "nothing follows the stop");
        match event {
            Event::BlockStart { index: 0, kind: BlockKind::Text, .. } => {
                assert!(!open && text.is_empty());
                open = true;
            }
            Event::Delta { text: more, .. } => {
                assert!(open && !more.is_empty());
                text += more;
            }
            Event::BlockStop { .. } => open = false,
            Event::Logprobs { .. } => {}
            Event::Stop { reason, stop_sequence, .. } => {
                assert!(!open);
                assert_eq!(stop_sequence.as_deref(), stop);
                let wanted =
                    if stop.is_some() { StopReason::StopSequence } else { StopReason::EndTurn };
                assert_eq!(*reason, wanted);
                ended = true;
            }
            other => unreachable!("{other:?}"),
        }
    }
    assert!(ended);
    assert_eq!(text, expected);
}

/// A template and the control tokens of its vocabulary.
type Dialect = (&'static str, &'static [&'static str]);

const DIALECTS: [Dialect; 8] = [
    (
        include_str!("../../../../training/chat_template.jinja"),
        &["<|bos|>", "<|end|>", "<|user|>", "<|assistant|>", "<|tools|>", "<|tool_call|>"],
    ),
    (include_str!("../templates/llama.jinja"), &["<|eot_id|>", "<|python_tag|>"]),
    (include_str!("../templates/mistral_list.jinja"), &["[INST]", "[TOOL_CALLS]"]),
    (
        include_str!("../templates/mistral_args.jinja"),
        &["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]"],
    ),
    (
        include_str!("../templates/harmony.jinja"),
        &["<|channel|>", "<|message|>", "<|constrain|>", "<|start|>", "<|end|>", "<|call|>"],
    ),
    (include_str!("../templates/qwen_coder.jinja"), &["<|im_start|>", "<|im_end|>"]),
    (
        include_str!("../templates/qwen3.jinja"),
        &["<|im_end|>", "<tool_call>", "</tool_call>", "<think>"],
    ),
    (include_str!("../templates/deepseek.jinja"), &["<|user|>", "<|assistant|>"]),
];

/// Pieces of calls, reasoning and what is nearly one, and bytes that ASCII lacks.
const FRAGMENTS: [&[u8]; 40] = [
    b"{\"name\": \"f\", \"arguments\": {\"a\": [1, \"x\"]}}",
    b"{\"name\": \"f\", \"parameters\": {",
    b"{\"name\":",
    b"\"name\": \"f\"",
    b"\"f\"",
    b"\"arguments\": ",
    b"\"parameters\": ",
    b"\"type\": \"function\", ",
    b", \"id\": \"abcdefGH1\"",
    b"{\"a\": \"\\u00e9\\ud83e\\udd80\"}",
    b"{\"a\": \"\\ud83e\"}",
    b"[{",
    b"}]",
    b"}}",
    b"{}",
    b"; ",
    b"\n",
    b"<tool_call>",
    b"<tool_call>\n{",
    b"</tool_call>",
    b"</tool_",
    b"<function=f>\n",
    b"<function=",
    b"</function>",
    b"<parameter=a>\n",
    b"\n</parameter>\n",
    b"<think>",
    b"</think>\n\n",
    b"</thi",
    b"[TOOL_CALLS]",
    b"f[ARGS]",
    b"[THINK]",
    b"analysis",
    b"final",
    b"commentary to=functions.f ",
    b"json",
    b"<|tool_call|>",
    b"STOP",
    b"\xC3",
    b"\xA9",
];

/// Bytes, fragments and control tokens, in this order.
struct Vocabulary {
    pieces: Vec<Vec<u8>>,
    controls: Vec<(String, TokenId)>,
}

impl Vocabulary {
    fn new(controls: &[&str]) -> Self {
        let mut pieces: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        pieces.extend(FRAGMENTS.iter().map(|fragment| fragment.to_vec()));
        let ids = u32::try_from(pieces.len()).expect("few pieces")..;
        let controls = ids.zip(controls).map(|(id, text)| ((*text).to_owned(), id)).collect();
        pieces.extend(std::iter::repeat_n(Vec::new(), 16));
        Self { pieces, controls }
    }
}

impl Tokenizer for Vocabulary {
    fn vocab_size(&self) -> usize {
        self.pieces.len()
    }
    fn encode(&self, text: &str) -> Vec<TokenId> {
        text.bytes().map(u32::from).collect()
    }
    fn token_bytes(&self, id: TokenId) -> &[u8] {
        &self.pieces[id as usize]
    }
    fn control(&self, text: &str) -> Option<TokenId> {
        self.controls.iter().find(|(control, _)| control == text).map(|(_, id)| *id)
    }
    fn controls(&self) -> &[(String, TokenId)] {
        &self.controls
    }
    fn bos(&self) -> Option<TokenId> {
        None
    }
    fn add_bos(&self) -> bool {
        false
    }
    fn stop_tokens(&self) -> &[TokenId] {
        &[]
    }
    fn adds_space_prefix(&self) -> bool {
        false
    }
}

/// A model of a dialect, and what may be asked of it.
struct Model {
    chat: ChatModel,
    vocabulary: Vocabulary,
    /// For each wish the request, and whether its answer begins inside reasoning. Made once: templates are slow.
    requests: Vec<(Request, bool)>,
}

static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let model = |(template, controls): &Dialect| {
        let tokenizer = Arc::new(Vocabulary::new(controls));
        let chat = ChatModel::new(tokenizer, Some(template)).expect("the template is valid");
        let request = |wish| {
            let request = request(&chat, wish);
            let inside = chat.prompt(&request).is_ok_and(|prompt| prompt.begins_inside);
            (request, inside)
        };
        let requests = (0..16).map(request).collect();
        Model { chat, vocabulary: Vocabulary::new(controls), requests }
    };
    DIALECTS.iter().map(model).collect()
});

/// What a request wants, from four bits.
fn request(chat: &ChatModel, wish: u8) -> Request {
    let content = vec![Block::Text("Hello".into())];
    let messages = vec![Message { role: Role::User, content }];
    let mut request = Request::new(Prompt::Turns(Turns { system: Vec::new(), messages }));
    let schema =
        serde_json::json!({"type": "object", "properties": {"a": {"type": ["array", "string"]}}});
    let tool = |name: &str| Tool {
        name: name.into(),
        description: Some("A test.".into()),
        input_schema: schema.clone(),
        strict: false,
    };
    if chat.supports_tools() && wish & 1 == 0 {
        request.tools = vec![tool("f"), tool("g")];
        request.tool_choice = match wish >> 1 & 3 {
            0 | 1 => ToolChoice::Auto,
            2 => ToolChoice::Any,
            _ => ToolChoice::Named("f".into()),
        };
    }
    if wish & 8 == 8 {
        request.stop_sequences = vec!["STOP".into(), "ll<".into()];
    }
    request
}

/// The answer that tokens make; its events are checked to be a stream.
fn answer(model: &Model, wish: u8, tokens: &[TokenId], end: FinishReason) -> Answer {
    let (request, inside) = &model.requests[usize::from(wish & 15)];
    let mut decoder = model.chat.decoder(request, *inside, 0);
    let mut events = Vec::new();
    if !tokens.iter().any(|token| decoder.push(*token, None, &mut events) == Flow::Stop) {
        decoder.finish(end, &mut events);
    }
    let mut open = None;
    let mut next = 0;
    let mut ended = false;
    for event in &events {
        assert!(!ended, "nothing follows the stop");
        match event {
            Event::BlockStart { index, .. } => {
                assert_eq!((open, *index), (None, next));
                open = Some(next);
                next += 1;
            }
            Event::Delta { index, text, .. } => {
                assert!(open == Some(*index) && !text.is_empty());
            }
            Event::BlockStop { index, .. } => assert_eq!(open.take(), Some(*index)),
            Event::Stop { .. } => {
                assert_eq!(open, None);
                ended = true;
            }
            Event::Logprobs { .. } | Event::Usage(_) => unreachable!("not asked for"),
        }
    }
    assert!(ended);
    Answer::from_events(1, events.into_iter().chain([Event::Usage(Usage::default())]))
        .expect("a stream")
}

/// The law: how the bytes are cut into tokens changes nothing, and a call that is told as complete is one.
pub(crate) fn dialect_law(dialect: u8, wish: u8, data: &[u8]) {
    let model = &MODELS[usize::from(dialect) % MODELS.len()];
    let vocabulary = &model.vocabulary;
    let others = FRAGMENTS.len() + vocabulary.controls.len();
    let token = |byte: &u8| match byte.checked_sub(0x80) {
        None => u32::from(*byte),
        Some(other) => u32::try_from(256 + usize::from(other) % others).expect("few tokens"),
    };
    let tokens: Vec<TokenId> = data.iter().map(token).collect();
    let cut: Vec<TokenId> = tokens
        .iter()
        .flat_map(|token| match vocabulary.token_bytes(*token) {
            [] => vec![*token],
            bytes => bytes.iter().map(|byte| u32::from(*byte)).collect(),
        })
        .collect();
    let end = if wish & 16 == 16 { FinishReason::MaxTokens } else { FinishReason::StopToken };
    let whole = answer(model, wish, &tokens, end);
    assert_eq!(whole, answer(model, wish, &cut, end));
    let choice = &whole.choices[0];
    if choice.stop_reason != StopReason::ToolUse {
        return;
    }
    for block in &choice.content {
        if let BlockKind::ToolUse { name, .. } = &block.kind {
            assert!(name == "f" || name == "g");
            let arguments: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            assert!(arguments.is_ok_and(|arguments| arguments.is_object()), "{}", block.text);
        }
    }
}

/// Reads any bytes. The first is the dialect; 0 is none. Then, with a dialect, what is asked for, and tokens; without, a
/// count of stops, each with its length, then pieces with theirs.
pub(crate) fn check_bytes(data: &[u8]) {
    let Some((&dialect, data)) = data.split_first() else { return };
    if let Some(dialect) = dialect.checked_sub(1) {
        let Some((&wish, data)) = data.split_first() else { return };
        dialect_law(dialect, wish, data);
        return;
    }
    let mut data = data;
    let mut take = |limit: u8| {
        let (&first, rest) = data.split_first()?;
        let len = usize::from(first % limit).min(rest.len());
        let (piece, rest) = rest.split_at(len);
        data = rest;
        Some(piece.to_vec())
    };
    let stops = take(5).map_or(0, |piece| piece.len());
    let stops: Vec<String> = (0..stops)
        .filter_map(|_| take(8))
        .map(|stop| String::from_utf8_lossy(&stop).into_owned())
        .collect();
    let pieces = std::iter::from_fn(|| take(7)).collect();
    law(pieces, &stops);
}
