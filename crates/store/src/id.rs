//! Unique ids.

use uuid::Uuid;

/// Letters of an id.
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Letters in an id: 62 bits.
const LENGTH: usize = 12;

/// A random id of twelve lower-case letters and digits, as Bedrock's resources have.
#[must_use]
pub fn short_id() -> String {
    // Its lowest 62 bits are random, and nearly all above them: the remainders are even.
    let mut bits = Uuid::new_v4().as_u128();
    let mut id = String::with_capacity(LENGTH);
    for _ in 0..LENGTH {
        let letter = usize::try_from(bits % 36).unwrap_or_default();
        id.push(char::from(LETTERS[letter]));
        bits /= 36;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_twelve_letters_and_no_two_are_the_same() {
        let ids: HashSet<String> = (0..2000).map(|_| short_id()).collect();
        assert_eq!(ids.len(), 2000);
        for id in &ids {
            assert_eq!(id.len(), 12);
            assert!(id.bytes().all(|byte| LETTERS.contains(&byte)), "{id}");
        }
    }

    #[test]
    fn every_place_takes_every_letter() {
        let ids: Vec<String> = (0..2000).map(|_| short_id()).collect();
        for place in 0..LENGTH {
            let seen: HashSet<u8> = ids.iter().map(|id| id.as_bytes()[place]).collect();
            assert_eq!(seen.len(), LETTERS.len(), "place {place}");
        }
    }
}
