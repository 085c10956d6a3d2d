//! The one integration binary: the rules of the code base, and the command line as a user meets it.

mod banned;
mod cli;
mod layering;
mod repo;
mod tidy;
