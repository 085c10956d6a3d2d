//! The law of structured output: whatever a model wants to say, an answer that ends by itself obeys its schema. The
//! judge is an independent validator; the model is one that chooses any allowed token with equal chance.

mod calls;
mod hostile;
mod keywords;
mod random;
mod sample;
mod vocabulary;
