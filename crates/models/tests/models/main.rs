//! Tests of whole models through the public interface.

mod common;
mod golden;
mod hostile;
mod laws;
