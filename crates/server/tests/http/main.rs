//! The server over real sockets, with the engine's fake model behind it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod access;
mod clients;
mod documents;
mod doors;
mod errors;
mod harness;
mod limits;
mod models;
mod operations;
mod profiles;
mod sharing;
mod shutdown;
mod structured;
mod tags;
