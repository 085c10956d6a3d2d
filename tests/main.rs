//! The one integration binary: the rules of the code base, and the command line as a user meets it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod banned;
mod cli;
mod layering;
mod repo;
mod tidy;
