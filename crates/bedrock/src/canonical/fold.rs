//! Events to a complete answer, for unary operations and logs.

use super::{Answer, AnswerBlock, BlockKind, Choice, Event, StopReason, TokenLogprob, Usage};

/// A stream of events that is not one: an error of the program, never of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// An event of a choice that was not asked for.
    #[error("event for choice {0}, which was not asked for")]
    UnknownChoice(u32),
    /// Text for a block that is not open.
    #[error("text for block {index} of choice {choice}, which is not open")]
    NoBlock {
        /// The choice.
        choice: u32,
        /// The block's number.
        index: u32,
    },
    /// The events ended before the answer did.
    #[error("choice {0} has no stop")]
    NoStop(u32),
}

/// An answer in the making.
#[derive(Clone, Debug)]
pub struct Fold {
    choices: Vec<Partial>,
    usage: Usage,
}

#[derive(Clone, Debug, Default)]
struct Partial {
    blocks: Vec<(u32, AnswerBlock)>,
    stop: Option<(StopReason, Option<String>)>,
    logprobs: Vec<TokenLogprob>,
}

impl Fold {
    /// Nothing yet, for `choices` answers.
    #[must_use]
    pub fn new(choices: u32) -> Self {
        let choices = (0..choices).map(|_| Partial::default()).collect();
        Fold { choices, usage: Usage::default() }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// The event belongs to no choice or to no open block.
    pub fn push(&mut self, event: Event) -> Result<(), FoldError> {
        match event {
            Event::BlockStart { choice, index, kind } => {
                let block = AnswerBlock { kind, text: String::new() };
                self.partial(choice)?.blocks.push((index, block));
            }
            Event::Delta { choice, index, text } => {
                let blocks = self.partial(choice)?.blocks.iter_mut();
                let open = blocks.rev().find(|(number, _)| *number == index);
                open.ok_or(FoldError::NoBlock { choice, index })?.1.text.push_str(&text);
            }
            Event::BlockStop { choice, .. } => {
                self.partial(choice)?;
            }
            Event::Logprobs { choice, tokens } => self.partial(choice)?.logprobs.extend(tokens),
            Event::Stop { choice, reason, stop_sequence } => {
                self.partial(choice)?.stop = Some((reason, stop_sequence));
            }
            Event::Usage(usage) => self.usage = usage,
        }
        Ok(())
    }

    fn partial(&mut self, choice: u32) -> Result<&mut Partial, FoldError> {
        let index = usize::try_from(choice).map_err(|_| FoldError::UnknownChoice(choice))?;
        self.choices.get_mut(index).ok_or(FoldError::UnknownChoice(choice))
    }

    /// The answer. Text and reasoning blocks that stayed empty are left out.
    ///
    /// # Errors
    /// A choice has no stop.
    pub fn finish(self) -> Result<Answer, FoldError> {
        let choices = self.choices.into_iter().zip(0..).map(|(partial, choice)| {
            let (stop_reason, stop_sequence) = partial.stop.ok_or(FoldError::NoStop(choice))?;
            let blocks = partial.blocks.into_iter().map(|(_, block)| block);
            let content = blocks
                .filter(|block| {
                    !block.text.is_empty() || matches!(block.kind, BlockKind::ToolUse { .. })
                })
                .collect();
            Ok(Choice { content, stop_reason, stop_sequence, logprobs: partial.logprobs })
        });
        Ok(Answer { choices: choices.collect::<Result<_, _>>()?, usage: self.usage })
    }
}

impl Answer {
    /// Folds the events of `choices` answers.
    ///
    /// # Errors
    /// The events are not the whole of a well-formed stream.
    pub fn from_events(
        choices: u32,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Answer, FoldError> {
        let mut fold = Fold::new(choices);
        events.into_iter().try_for_each(|event| fold.push(event))?;
        fold.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(choice: u32, index: u32, text: &str) -> Event {
        Event::Delta { choice, index, text: text.into() }
    }

    #[test]
    fn interleaved_choices_keep_their_own_blocks() {
        let text = |choice, index| Event::BlockStart { choice, index, kind: BlockKind::Text };
        let stop = |choice, reason| Event::Stop { choice, reason, stop_sequence: None };
        let usage = Usage { input: 3, output: 4, ..Usage::default() };
        let events = [
            text(0, 0),
            text(1, 0),
            delta(0, 0, "a"),
            delta(1, 0, "x"),
            delta(0, 0, "b"),
            Event::BlockStop { choice: 0, index: 0 },
            text(0, 1),
            stop(1, StopReason::MaxTokens),
            stop(0, StopReason::EndTurn),
            Event::Usage(usage),
        ];
        let answer = Answer::from_events(2, events).unwrap();
        assert_eq!(answer.usage, usage);
        let texts: Vec<Vec<&str>> = answer
            .choices
            .iter()
            .map(|choice| choice.content.iter().map(|block| block.text.as_str()).collect())
            .collect();
        assert_eq!(texts, [vec!["ab"], vec!["x"]], "the empty second block is left out");
        assert_eq!(answer.choices[1].stop_reason, StopReason::MaxTokens);
    }

    #[test]
    fn what_is_no_stream_is_an_error() {
        assert_eq!(Answer::from_events(1, []), Err(FoldError::NoStop(0)));
        let no_block = FoldError::NoBlock { choice: 0, index: 0 };
        assert_eq!(Answer::from_events(1, [delta(0, 0, "a")]), Err(no_block));
        assert_eq!(Answer::from_events(1, [delta(1, 0, "a")]), Err(FoldError::UnknownChoice(1)));
    }
}
