//! One file a command. Each takes its parsed arguments and returns when it is done.

pub(crate) mod chat;
pub(crate) mod doctor;
pub(crate) mod keys;
pub(crate) mod models;
pub(crate) mod serve;
pub(crate) mod tune;
