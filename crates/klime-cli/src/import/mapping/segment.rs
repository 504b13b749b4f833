//! Messages of Segment, one a line, as its storage destinations and its debugger give them.

use serde_json::Value;

use super::{Fields, NoEvent, context, put, text};

/// How Segment's messages are taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Segment {
    /// Take `page` and `screen` calls, as tracks.
    pub pages: bool,
    /// Skip messages without a user id instead of refusing them.
    pub skip_anonymous: bool,
}

impl Segment {
    pub(super) fn event(self, mut fields: Fields) -> Result<Fields, NoEvent> {
        let kind = text(&fields, "type").unwrap_or_default().to_owned();
        let page = match kind.as_str() {
            "page" => Some("Page Viewed"),
            "screen" => Some("Screen Viewed"),
            _ => None,
        };
        match (kind.as_str(), page) {
            ("page" | "screen", _) if !self.pages => return Err(NoEvent::Skipped("page or screen")),
            ("alias", _) => return Err(NoEvent::Skipped("alias")),
            _ => {}
        }
        let context_group = fields.get("context").and_then(|context| context.get("groupId")).cloned();
        let group = fields.remove("groupId").or(context_group);
        let has = |value: Option<&Value>| value.is_some_and(|id| !id.is_null() && id.as_str() != Some(""));
        let is_anonymous = !has(fields.get("userId")) && (kind == "identify" || !has(group.as_ref()));
        if is_anonymous && self.skip_anonymous && kind != "group" {
            return Err(NoEvent::Skipped("anonymous"));
        }
        let mut event = Fields::new();
        put(&mut event, "context", context(fields.get("context").and_then(|context| context.get("ip"))));
        put(&mut event, "userId", fields.remove("userId"));
        if kind != "identify" {
            put(&mut event, "groupId", group);
        }
        put(&mut event, "messageId", fields.remove("messageId"));
        let times = ["timestamp", "originalTimestamp", "sentAt", "receivedAt"];
        put(&mut event, "timestamp", times.iter().find_map(|name| fields.remove(*name).filter(|time| !time.is_null())));
        match page {
            Some(name) => {
                put(&mut event, "type", Some(Value::from("track")));
                put(&mut event, "event", Some(Value::from(name)));
                put(&mut event, "properties", Some(page_properties(&mut fields)));
            }
            None => {
                put(&mut event, "type", Some(Value::from(kind.as_str())));
                let own: &[&str] = if kind == "track" { &["event", "properties"] } else { &["traits"] };
                own.iter().for_each(|name| put(&mut event, name, fields.remove(*name)));
            }
        }
        Ok(event)
    }
}

/// The page's properties; its name and category stand beside them in a message.
fn page_properties(fields: &mut Fields) -> Value {
    let mut properties = match fields.remove("properties") {
        Some(Value::Object(properties)) => properties,
        None | Some(Value::Null) => Fields::new(),
        // To be refused with its value.
        Some(other) => return other,
    };
    for name in ["name", "category"] {
        if let Some(value) = fields.remove(name).filter(|value| !value.is_null()) {
            properties.entry(name).or_insert(value);
        }
    }
    Value::Object(properties)
}
