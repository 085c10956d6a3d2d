// Arbitrary token pieces and stop sequences through a decoder. Shared by the fuzz target `chat` and the plain tests.

use std::sync::Arc;

use bedrock::canonical::{BlockKind, Event, Markup, Prompt, Request, StopReason};
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
    let mut decoder = chat.decoder(&request, 0);
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

/// Reads stops and pieces from any bytes: a count of stops, each with its length; then pieces with theirs.
pub(crate) fn check_bytes(data: &[u8]) {
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
