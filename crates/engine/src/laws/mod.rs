//! The laws of the engine, as tests over a model that notices every wrong block.

mod chaos;
mod constraints;
mod order;
mod same_tokens;
mod sharing;
