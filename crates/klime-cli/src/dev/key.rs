//! Write keys: which ones are taken, and how they are shown.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::print::masked;

/// What stands for a key where any is taken; no secret.
const ANY: &str = "klime-dev";

/// The write keys that are taken: one, or any.
pub(crate) struct Keys(Option<String>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.as_deref().map_or_else(|| "any".to_owned(), masked))
    }
}

impl Keys {
    /// Takes this key alone, or any that is not empty.
    pub(crate) fn new(only: Option<String>) -> Self {
        Self(only)
    }

    /// The one that is taken, masked, or what stands for any.
    pub(crate) fn shown(&self) -> String {
        self.0
            .as_deref()
            .map_or_else(|| "any write key is taken".to_owned(), |key| format!("the write key {}", masked(key)))
    }

    /// The key to hand to a command that is to send events here.
    pub(crate) fn for_command(&self) -> &str {
        self.0.as_deref().unwrap_or(ANY)
    }

    /// Whether the request's key is taken.
    ///
    /// # Errors
    ///
    /// The sentence for the answer.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), String> {
        if !headers.contains_key(AUTHORIZATION) {
            return Err("the header Authorization is missing; it must be \"Bearer <write key>\"".to_owned());
        }
        let Some(key) = bearer(headers) else {
            return Err("the header Authorization holds no write key; it must be \"Bearer <write key>\"".to_owned());
        };
        match &self.0 {
            Some(only) if !is_same(only.as_bytes(), key.as_bytes()) => {
                Err(format!("the write key {} is not the one that klime dev was given", masked(key)))
            }
            _ => Ok(()),
        }
    }
}

/// The key of a request, masked, if it has one.
pub(crate) fn of_request(headers: &HeaderMap) -> Option<String> {
    bearer(headers).map(|key| if key == ANY { key.to_owned() } else { masked(key) })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    Some(key.trim()).filter(|key| scheme.eq_ignore_ascii_case("bearer") && !key.is_empty())
}

/// Compares in a time that does not tell how much of it was right.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Keys, of_request};

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([("authorization".parse().unwrap(), HeaderValue::from_str(authorization).unwrap())])
    }

    #[test]
    fn any_key_is_taken_unless_one_is_given() {
        let any = Keys::new(None);
        assert_eq!(any.check(&headers("Bearer k")), Ok(()));
        assert_eq!(any.check(&headers("bearer  some-key ")), Ok(()));
        let only = Keys::new(Some("the-only-write-key".to_owned()));
        assert_eq!(only.check(&headers("Bearer the-only-write-key")), Ok(()));
        let refusal = only.check(&headers("Bearer the-only-write-kez")).unwrap_err();
        assert_eq!(refusal, "the write key the-… is not the one that klime dev was given");
    }

    #[test]
    fn a_request_without_a_key_is_told_how_to_send_one() {
        let any = Keys::new(None);
        assert!(any.check(&HeaderMap::new()).unwrap_err().contains("Authorization is missing"));
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "the-key", "Bearer\tkey"] {
            assert!(any.check(&headers(bad)).unwrap_err().contains("holds no write key"), "{bad:?}");
        }
    }

    #[test]
    fn keys_are_shown_masked() {
        assert_eq!(of_request(&headers("Bearer wk_live_1234567890")).as_deref(), Some("wk_l…"));
        assert_eq!(of_request(&headers("Bearer short-key")).as_deref(), Some("(too short to show)"));
        assert_eq!(of_request(&HeaderMap::new()), None);
        assert_eq!(format!("{:?}", Keys::new(Some("wk_live_1234567890".to_owned()))), "wk_l…");
    }
}
