//! Whether a body can be read by whoever gets it within an answer.
//!
//! The protocol does not look into fields that it does not know, so an event may be accepted that hardly any reader of JSON takes: too
//! deep, with half of a surrogate pair, or with a number that is too large. Raw within an answer it would spoil the whole answer.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Common readers give up beyond 128 levels, of which an answer has a few for itself.
const MAX_DEPTH: u8 = 120;

/// Whether the text is JSON that common readers take, anywhere in an answer. Nothing is built of it.
pub(super) fn is_readable(json: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(json);
    Levels(MAX_DEPTH).deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

/// A value that may have so many levels.
#[derive(Clone, Copy)]
struct Levels(u8);

impl Levels {
    fn inner<E: Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Levels {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Levels {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while values.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        // A key is a text, which has no levels; it has to be readable all the same.
        while fields.next_key_seed(inner)?.is_some() {
            fields.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, is_readable};

    fn nested(levels: usize) -> String {
        format!("{}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn json_is_readable() {
        for json in [r#"{"a":[1,-2,0.5,true,null,"\ud83d\ude00\n"],"é":{}}"#, "3", "\"\"", " [\n] "] {
            assert!(is_readable(json), "{json}");
        }
        assert!(is_readable(&nested(MAX_DEPTH.into())));
    }

    #[test]
    fn what_readers_stumble_over_is_not() {
        for json in [r#"{"zzz":"\ud800"}"#, r#"{"\udfff":1}"#, r#"{"zzz":1e999}"#, "{} {}", "", "{\"a\":}"] {
            assert!(!is_readable(json), "{json}");
        }
        assert!(!is_readable(&nested(usize::from(MAX_DEPTH) + 1)));
        assert!(!is_readable(&nested(100_000)));
    }
}
