//! Values of columns: text that is meant as something else.

use serde_json::Value;

use super::Times;
use crate::dev::validate::shortened;

/// How much of a bad value a message repeats.
const SHOWN_CHARS: usize = 80;

/// What a column's text is meant as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// The text itself.
    String,
    /// A number.
    Number,
    /// A truth value, as JSON, PostgreSQL or a spreadsheet write it.
    Boolean,
    /// A time.
    Time,
    /// Any JSON.
    Json,
}

impl Type {
    const ALL: [Self; 5] = [Self::String, Self::Number, Self::Boolean, Self::Time, Self::Json];

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meant| meant.word() == word)
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::Json => "json",
        }
    }

    /// The value that is meant; what is no text already has its type.
    ///
    /// # Errors
    ///
    /// The rest of a sentence that begins with the column's name.
    pub(super) fn read(self, value: Value, times: &Times) -> Result<Value, String> {
        let Value::String(text) = &value else {
            return Ok(value);
        };
        let read = match self {
            Self::String => return Ok(value),
            Self::Time => return times.normalise(&value).map(Value::String),
            Self::Number => number(text),
            Self::Boolean => boolean(text),
            Self::Json => serde_json::from_str(text).ok(),
        };
        let word = match self {
            Self::Number => "a number",
            Self::Boolean => "true or false",
            _ => "JSON",
        };
        read.ok_or_else(|| format!("must be {word}, not {}", shown(&value)))
    }
}

fn number(text: &str) -> Option<Value> {
    serde_json::from_str(text.trim()).ok().filter(Value::is_number)
}

fn boolean(text: &str) -> Option<Value> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "1" => Some(Value::Bool(true)),
        "false" | "f" | "no" | "0" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// What a text looks like: a number that a float holds to the last digit, a truth value, or a text.
pub(super) fn inferred(value: Value) -> Value {
    /// So many digits every float has.
    const DIGITS: usize = 15;
    let Value::String(text) = &value else {
        return value;
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let meant = match text.as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ if is_plain && (1..=DIGITS).contains(&digits) => number(text),
        _ => None,
    };
    meant.unwrap_or(value)
}

/// A value in a message, shortened.
pub(crate) fn shown(value: &Value) -> String {
    shortened(&value.to_string(), SHOWN_CHARS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_read_as_what_it_is_meant_as() {
        let times = Times::default();
        for (meant, text, value) in [
            (Type::Number, " 12.50", json!(12.5)),
            (Type::Number, "-3", json!(-3)),
            (Type::Boolean, "t", json!(true)),
            (Type::Boolean, "No", json!(false)),
            (Type::Json, r#"{"a":[1]}"#, json!({ "a": [1] })),
            (Type::Time, "1795447200", json!("2026-11-23T15:20:00.000Z")),
            (Type::String, "007", json!("007")),
        ] {
            assert_eq!(meant.read(json!(text), &times), Ok(value), "{text}");
        }
        assert_eq!(Type::Number.read(json!(true), &times), Ok(json!(true)));
        assert_eq!(Type::Number.read(json!("many"), &times), Err("must be a number, not \"many\"".to_owned()));
        assert_eq!(Type::Boolean.read(json!("2"), &times), Err("must be true or false, not \"2\"".to_owned()));
        assert_eq!(Type::Json.read(json!("{"), &times), Err("must be JSON, not \"{\"".to_owned()));
    }

    #[test]
    fn what_is_inferred_loses_nothing() {
        for (text, value) in [
            ("42", json!(42)),
            ("-0.5", json!(-0.5)),
            ("true", json!(true)),
            ("007", json!("007")),
            ("1e5", json!("1e5")),
            ("1234567890123456789", json!("1234567890123456789")),
            ("True", json!("True")),
            ("-", json!("-")),
            ("2026-01-02", json!("2026-01-02")),
            ("", json!("")),
        ] {
            assert_eq!(inferred(json!(text)), value, "{text}");
        }
    }

    #[test]
    fn long_values_are_shortened_in_messages() {
        assert_eq!(shown(&json!("x".repeat(100))), format!("\"{}…", "x".repeat(79)));
    }
}
