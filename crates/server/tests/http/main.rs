//! The server over real sockets, with the engine's fake model behind it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod access;
mod clients;
mod documents;
mod errors;
mod harness;
mod limits;
mod models;
mod operations;
mod sharing;
mod shutdown;
