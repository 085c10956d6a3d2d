//! Tokens of lists that are read page by page: opaque, and good only for the list that gave them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Bytes of a token's mark.
const MARK: usize = 8;

/// A token is not one that this list gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not one that this list gave")]
pub struct BadToken;

/// What tokens of one list have in common: whose list it is and how it is filtered.
///
/// The mark in a token tells mistakes from tokens, no more: who makes one up reads the same list from another place.
#[derive(Clone, Debug)]
pub struct PageToken {
    scope: Sha256,
}

impl PageToken {
    /// Tokens of the list that these words name, for example operation, account, Region and filter.
    #[must_use]
    pub fn of(words: &[&str]) -> Self {
        let mut scope = Sha256::new();
        for word in words {
            scope.update((word.len() as u64).to_be_bytes());
            scope.update(word);
        }
        Self { scope }
    }

    /// The token of a place in the list.
    #[must_use]
    pub fn write(&self, place: &str) -> String {
        let mut token = self.mark(place.as_bytes()).to_vec();
        token.extend_from_slice(place.as_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The place that a token means.
    ///
    /// # Errors
    /// [`BadToken`] for one of another list, and for what is no token.
    pub fn read(&self, token: &str) -> Result<String, BadToken> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadToken)?;
        let (mark, place) = bytes.split_at_checked(MARK).ok_or(BadToken)?;
        if mark != self.mark(place) {
            return Err(BadToken);
        }
        String::from_utf8(place.to_vec()).map_err(|_| BadToken)
    }

    fn mark(&self, place: &[u8]) -> [u8; MARK] {
        let digest: [u8; 32] = self.scope.clone().chain_update(place).finalize().into();
        let mut mark = [0; MARK];
        mark.copy_from_slice(&digest[..MARK]);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_good_for_its_list_only() {
        let list = PageToken::of(&["profiles", "111111111111", "us-east-1"]);
        let token = list.write("place");
        assert_eq!(list.read(&token).as_deref(), Ok("place"));
        for other in [
            &["profiles", "222222222222", "us-east-1"][..],
            &["profiles", "111111111111us-east-1"],
            &["profiles", "111111111111", "us-east-1", ""],
        ] {
            assert_eq!(PageToken::of(other).read(&token), Err(BadToken), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn every_place_comes_back_and_a_changed_token_does_not(place in ".{0,80}", at in 0usize..100, other in "[A-Za-z0-9_-]") {
            let list = PageToken::of(&["list"]);
            let token = list.write(&place);
            prop_assert_eq!(list.read(&token), Ok(place));
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
            let mut changed = token.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = other.as_bytes()[0];
            let changed = String::from_utf8(changed).unwrap();
            if changed != token {
                prop_assert_eq!(list.read(&changed), Err(BadToken));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            prop_assert_eq!(PageToken::of(&["list"]).read(&text), Err(BadToken));
        }
    }
}
