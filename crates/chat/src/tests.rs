//! Laws of prompts and decoders.
