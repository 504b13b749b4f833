//! Properties and traits as they are given on a command line.

use std::fs::File;
use std::io::{self, Read};

use serde_json::{Map, Value};

/// An event is no larger, so neither are its properties.
const MAX_BYTES: u64 = 200 * 1024;

/// `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    key: String,
    value: Value,
}

impl Pair {
    /// Reads `KEY=VALUE`; the value is JSON, or else a string.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None => Err("it must be KEY=VALUE, such as plan=pro".to_owned()),
            Some(("", _)) => Err("the key before the = is empty".to_owned()),
            Some((key, value)) => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                Ok(Self { key: key.to_owned(), value })
            }
        }
    }
}

/// Reads the object of `option` (JSON, `@FILE`, or `-` for standard input) and adds the pairs, of which the later ones win.
///
/// # Errors
///
/// A sentence that names the option and what is wrong with it.
pub(super) fn read(option: &str, object: Option<&str>, pairs: &[Pair]) -> Result<Map<String, Value>, String> {
    let mut fields = match object {
        None => Map::new(),
        Some(text) => parse(option, &load(text).map_err(|problem| format!("{option}: {problem}"))?)?,
    };
    fields.extend(pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())));
    Ok(fields)
}

fn load(text: &str) -> Result<String, String> {
    let (name, source): (_, Box<dyn Read>) = match text.strip_prefix('@') {
        None if text == "-" => ("standard input", Box::new(io::stdin())),
        None => return Ok(text.to_owned()),
        Some(path) => {
            let file = File::open(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
            (path, Box::new(file))
        }
    };
    let mut bytes = Vec::new();
    let read = source.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("{name} cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("{name} is larger than {MAX_BYTES} bytes, the most that an event may have"));
    }
    String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
}

fn parse(option: &str, text: &str) -> Result<Map<String, Value>, String> {
    let example = "it must be an object such as '{\"plan\":\"pro\"}'";
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(format!("{option} is {}, {example}", type_of(&other))),
        Err(error) => Err(format!("{option} is not JSON ({error}), {example}")),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_is_json_is_taken_as_such() {
        for (text, value) in [
            ("k=42", json!(42)),
            ("k=0.5", json!(0.5)),
            ("k=true", json!(true)),
            ("k=null", json!(null)),
            ("k=\"42\"", json!("42")),
            ("k=[1,2]", json!([1, 2])),
            ("k={\"a\":1}", json!({ "a": 1 })),
            ("k=pro", json!("pro")),
            ("k=two words", json!("two words")),
            ("k=01234", json!("01234")),
            ("k=NaN", json!("NaN")),
            ("k=", json!("")),
            ("k=a=b", json!("a=b")),
        ] {
            assert_eq!(Pair::parse(text), Ok(Pair { key: "k".to_owned(), value }), "{text}");
        }
    }

    #[test]
    fn a_pair_needs_a_key_and_an_equals_sign() {
        assert_eq!(Pair::parse("plan"), Err("it must be KEY=VALUE, such as plan=pro".to_owned()));
        assert_eq!(Pair::parse("=pro"), Err("the key before the = is empty".to_owned()));
    }

    #[test]
    fn pairs_win_over_the_object_and_later_ones_over_earlier_ones() {
        let pairs = ["b=2", "b=3", "c=4"].map(|text| Pair::parse(text).unwrap());
        let fields = read("--properties", Some(r#"{"a":1,"b":1}"#), &pairs).unwrap();
        assert_eq!(Value::Object(fields), json!({ "a": 1, "b": 3, "c": 4 }));
    }

    #[test]
    fn what_is_no_object_is_refused_by_name() {
        let refused = |text| read("--traits", Some(text), &[]).unwrap_err();
        assert_eq!(refused("[1]"), r#"--traits is an array, it must be an object such as '{"plan":"pro"}'"#);
        assert_eq!(
            refused("{plan:pro}"),
            r#"--traits is not JSON (key must be a string at line 1 column 2), it must be an object such as '{"plan":"pro"}'"#
        );
        assert!(refused("@/no/such/file").starts_with("--traits: /no/such/file cannot be read: "));
    }

    #[test]
    fn a_file_is_read_up_to_the_size_of_an_event() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let at = format!("@{}", file.path().display());
        std::fs::write(file.path(), r#"{"plan":"pro"}"#).unwrap();
        assert_eq!(Value::Object(read("--traits", Some(&at), &[]).unwrap()), json!({ "plan": "pro" }));

        std::fs::write(file.path(), vec![b' '; 200 * 1024 + 1]).unwrap();
        let problem = read("--traits", Some(&at), &[]).unwrap_err();
        assert!(problem.ends_with("is larger than 204800 bytes, the most that an event may have"), "{problem}");

        std::fs::write(file.path(), b"\xff").unwrap();
        let problem = read("--traits", Some(&at), &[]).unwrap_err();
        assert!(problem.ends_with("is not UTF-8"), "{problem}");
    }
}
