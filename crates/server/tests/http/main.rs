//! The server over real sockets, with the engine's fake model behind it.

mod access;
mod clients;
mod errors;
mod harness;
mod limits;
mod models;
mod operations;
mod sharing;
mod shutdown;
