//! Klime's answer to a batch.

use std::fmt;

use serde_json::Value;

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
    /// Which ones, and why; empty when none was refused.
    pub errors: Vec<ValidationError>,
}

/// Why Klime refused one event of a batch.
///
/// # Examples
///
/// ```
/// let body = br#"{ "accepted": 0, "failed": 1, "errors": [{ "index": 0, "message": "userId is empty", "code": "missing_field" }] }"#;
/// let answer = klime::BatchResponse::from_json(body).unwrap();
/// assert_eq!(answer.errors[0].to_string(), "event 0: userId is empty (missing_field)");
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

    /// The same answer with its texts as `scrub` returns them.
    pub(crate) fn scrubbed(mut self, scrub: impl Fn(&str) -> String) -> Self {
        self.status = scrub(&self.status);
        for error in &mut self.errors {
            error.message = scrub(&error.message);
            error.code = scrub(&error.code);
        }
        self
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
}
