//! The law of structured output: whatever a model wants to say, an answer that ends by itself obeys its schema. The
//! judge is an independent validator; the model is one that chooses any allowed token with equal chance.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod calls;
mod hostile;
mod keywords;
mod random;
mod sample;
mod vocabulary;
