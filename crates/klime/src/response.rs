//! Klime's answer to a batch.

use std::fmt;

use serde_json::Value;

use crate::serialize::serialize_fields;

/// Of a text in an answer, no more is kept.
const MOST_CHARS: usize = 1000;

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARS).collect()
}

/// What Klime answered to a batch that it took.
///
/// # Examples
///
/// ```
/// let answer = klime::BatchResponse::from_json(br#"{
///     "status": "ok", "accepted": 1, "failed": 1,
///     "errors": [{ "index": 1, "message": "userId is empty", "code": "missing_field" }]
/// }"#).unwrap();
/// assert!(answer.is_partial());
/// assert_eq!(answer.errors[0].index, 1);
/// assert_eq!(klime::json!(answer)["errors"][0]["code"], "missing_field");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BatchResponse {
    /// The word of the server, usually `ok`.
    pub status: String,
    /// How many events it took.
    pub accepted: usize,
    /// How many events it refused.
    pub failed: usize,
    /// Which ones, and why; empty when none was refused. In what a client hands out there is one for each event at most, places
    /// that are not in the batch are left out, and texts are cut after 1,000 characters.
    pub errors: Vec<ValidationError>,
}

serialize_fields!(BatchResponse { status, accepted, failed, errors });

/// Why Klime refused one event of a batch.
///
/// # Examples
///
/// ```
/// let body = br#"{ "accepted": 0, "failed": 1, "errors": [{ "index": 0, "message": "userId is empty", "code": "missing_field" }] }"#;
/// let answer = klime::BatchResponse::from_json(body).unwrap();
/// assert_eq!(answer.errors[0].to_string(), "event 0: userId is empty (missing_field)");
/// assert_eq!(klime::json!(answer.errors[0])["message"], "userId is empty");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ValidationError {
    /// The event's place in the batch, from 0.
    pub index: usize,
    /// What is wrong, for people.
    pub message: String,
    /// What is wrong, for programs.
    pub code: String,
}

serialize_fields!(ValidationError { index, message, code });

impl BatchResponse {
    /// Reads an answer's body; `None` when it is no JSON of this shape.
    #[must_use]
    pub fn from_json(body: &[u8]) -> Option<Self> {
        let Value::Object(answer) = serde_json::from_slice(body).ok()? else {
            return None;
        };
        let count = |key: &str| match answer.get(key) {
            None | Some(Value::Null) => Some(None),
            Some(value) => value.as_u64().map(|count| Some(usize::try_from(count).unwrap_or(usize::MAX))),
        };
        let errors = match answer.get("errors") {
            None | Some(Value::Null) => Vec::new(),
            Some(errors) => errors.as_array()?.iter().filter_map(ValidationError::from_value).collect(),
        };
        Some(Self {
            status: answer.get("status").and_then(Value::as_str).unwrap_or_default().to_owned(),
            accepted: count("accepted")?.or(count("failed")?.map(|_| 0))?,
            failed: count("failed")?.unwrap_or(0),
            errors,
        })
    }

    /// The answer of a server that took everything and said nothing that can be read.
    pub(crate) fn all_accepted(events: usize) -> Self {
        Self { status: "ok".to_owned(), accepted: events, failed: 0, errors: Vec::new() }
    }

    /// The same answer as it is kept for a batch of this many events: with one error for each event at most, as a server could
    /// name ten thousands of them, and with its texts as `scrub` returns them, and then cut.
    pub(crate) fn of_batch(mut self, events: usize, scrub: impl Fn(&str) -> String) -> Self {
        let mut is_named = vec![false; events];
        let mut errors = Vec::new();
        for error in self.errors {
            if let Some(is_named) = is_named.get_mut(error.index).filter(|is_named| !**is_named) {
                *is_named = true;
                errors.push(ValidationError {
                    index: error.index,
                    message: cut(&scrub(&error.message)),
                    code: cut(&scrub(&error.code)),
                });
            }
        }
        self.errors = errors;
        self.status = cut(&scrub(&self.status));
        self
    }

    /// How many bytes it occupies, about.
    pub(crate) fn bytes(&self) -> usize {
        let of_error = |error: &ValidationError| size_of_val(error) + error.message.len() + error.code.len();
        self.status.len() + self.errors.iter().map(of_error).sum::<usize>()
    }

    /// Whether every event was taken.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failed == 0 && self.errors.is_empty()
    }

    /// Whether some events were taken and some refused.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.is_success() && self.accepted > 0
    }
}

impl ValidationError {
    fn from_value(error: &Value) -> Option<Self> {
        let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let index = usize::try_from(error.get("index")?.as_u64()?).ok()?;
        Some(Self { index, message: text("message"), code: text("code") })
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: {} ({})", self.index, self.message, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_another_shape_are_not_read() {
        for body in ["", "ok", "[]", "null", "{}", r#"{"status":"ok"}"#, r#"{"accepted":-1}"#, r#"{"accepted":"1"}"#] {
            assert_eq!(BatchResponse::from_json(body.as_bytes()), None, "{body}");
        }
        assert_eq!(BatchResponse::from_json(br#"{"accepted":1,"errors":7}"#), None);
    }

    #[test]
    fn errors_without_a_place_are_left_out() {
        let body = br#"{"accepted":1,"failed":2,"errors":[{"index":-1},{"code":"x"},3,{"index":0,"code":"c"}]}"#;
        let answer = BatchResponse::from_json(body).unwrap();
        assert_eq!(answer.errors, [ValidationError { index: 0, message: String::new(), code: "c".to_owned() }]);
        assert_eq!((answer.accepted, answer.failed), (1, 2));
        assert!(answer.is_partial() && !answer.is_success());
    }

    #[test]
    fn one_error_is_kept_for_each_event_of_the_batch() {
        let mut errors = vec![r#"{"index":7,"code":"outside"}"#.to_owned(); 80_000];
        errors.extend([2, 0, 2].map(|index| format!(r#"{{"index":{index},"code":"c"}}"#)));
        let body = format!(r#"{{"accepted":1,"failed":2,"errors":[{}]}}"#, errors.join(","));
        let answer = BatchResponse::from_json(body.as_bytes()).unwrap();
        assert_eq!(answer.errors.len(), 80_003);
        let kept = answer.of_batch(3, str::to_owned);
        assert_eq!(kept.errors.iter().map(|error| error.index).collect::<Vec<_>>(), [2, 0]);
        assert_eq!((kept.accepted, kept.failed), (1, 2));
        assert_eq!(kept.bytes(), 2 * (size_of::<ValidationError>() + 1));
    }

    #[test]
    fn long_texts_are_cut_after_they_were_scrubbed() {
        let long = format!("{}key{}", "ü".repeat(998), "x".repeat(1_000_000));
        let error = ValidationError { index: 0, message: long.clone(), code: long.clone() };
        let answer = BatchResponse { status: long, accepted: 0, failed: 1, errors: vec![error] };
        let kept = answer.of_batch(1, |text| text.replace("key", "…"));
        let cut = "ü".repeat(998) + "…x";
        let ValidationError { message, code, .. } = kept.errors[0].clone();
        assert_eq!([kept.status, message, code], [&*cut; 3]);
    }

    #[test]
    fn answers_serialize_as_they_are_read() {
        let body = r#"{"status":"ok","accepted":1,"failed":1,"errors":[{"index":1,"message":"m","code":"c"}]}"#;
        let answer = BatchResponse::from_json(body.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&answer).unwrap(), body);
    }
}
