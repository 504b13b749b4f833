//! What the SDK calls itself on the wire.

use std::borrow::Cow;

/// The `library` of an event's `context`, as JSON already.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    json: Cow<'static, str>,
}

impl Library {
    /// This crate, used by itself.
    pub(crate) const RUST: Self = Self {
        json: Cow::Borrowed(concat!("{\"name\":\"rust-sdk\",\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}")),
    };

    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self { json: Cow::Owned(serde_json::json!({ "name": name, "version": version }).to_string()) }
    }

    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_written_as_json() {
        let rust = format!(r#"{{"name":"rust-sdk","version":"{}"}}"#, env!("CARGO_PKG_VERSION"));
        assert_eq!(Library::RUST.json(), rust);
        assert_eq!(Library::RUST.value()["name"], "rust-sdk");
        assert_eq!(Library::new("a \"b\"", "1").json(), r#"{"name":"a \"b\"","version":"1"}"#);
    }
}
