//! Laws of the wire: any body gets an answer, and a streamed answer says what the unary one says.

#[cfg(test)]
#[path = "fuzz/bodies.rs"]
mod bodies;
#[cfg(test)]
#[path = "laws/parsing.rs"]
mod parsing;
#[cfg(test)]
#[path = "laws/streaming.rs"]
mod streaming;
