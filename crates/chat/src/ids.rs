//! Ids of tool calls: they look random and are a function of the request, so that a replayed request has the same.

use std::fmt::Write;

const ALPHABET: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

/// Makes the ids of one answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    seed: u64,
}

/// FNV-1a.
struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Ok(())
    }
}

/// The id of an earlier call where a template takes only nine letters and digits: itself if it is that, else a hash.
pub(crate) fn short(id: &str) -> String {
    if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return id.to_owned();
    }
    let mut hash = Hash(0xCBF2_9CE4_8422_2325);
    // Writing into a hash cannot fail.
    let _ = hash.write_str(id);
    let mut state = hash.0;
    (0..9).map(|_| next(&mut state, 62)).collect()
}

/// SplitMix64: the next of the first `count` characters of the alphabet, 62 being letters and digits.
fn next(state: &mut u64, count: u64) -> char {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut bits = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let at = usize::try_from((bits ^ (bits >> 31)) % count).unwrap_or_default();
    char::from(ALPHABET[at])
}

impl Ids {
    pub(crate) fn new(request: &bedrock::canonical::Request, choice: u32) -> Self {
        let mut hash = Hash(0xCBF2_9CE4_8422_2325);
        // Writing into a hash cannot fail.
        let _ = write!(
            hash,
            "{choice} {:?} {:?} {:?}",
            request.prompt, request.tools, request.sampling
        );
        Self { seed: hash.0 }
    }

    /// `tooluse_` and 22 characters.
    pub(crate) fn call(self, index: u32) -> String {
        let mut state = self.seed ^ (u64::from(index) + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mut id = String::from("tooluse_");
        id.extend((0..22).map(|_| next(&mut state, 64)));
        id
    }
}
