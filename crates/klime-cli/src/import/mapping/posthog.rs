//! Events of PostHog, as its batch exports give them (JSON lines, or CSV with `properties` as JSON).
//!
//! What PostHog derives itself begins with a `$`: of its events only those are taken that say who a user or a group is, of its
//! properties none, unless they are asked for.

use serde_json::Value;

use super::columns::object;
use super::values::shown;
use super::{Fault, Fields, NoEvent, context, put, text};

/// How PostHog's events are taken.
#[derive(Clone, Debug, Default)]
pub struct PostHog {
    /// Take `$pageview` and `$screen`, as tracks.
    pub pages: bool,
    /// Skip events of anonymous users instead of refusing them.
    pub skip_anonymous: bool,
    /// Keep properties that begin with a `$`.
    pub keep_dollar: bool,
    /// The type of group that is Klime's group; needed when there are several.
    pub group_type: Option<String>,
}

impl PostHog {
    pub(super) fn event(&self, mut fields: Fields) -> Result<Fields, NoEvent> {
        let mut properties = object("properties", fields.get("properties"))?;
        let name = text(&fields, "event").unwrap_or_default().to_owned();
        let mut event = Fields::new();
        put(&mut event, "messageId", fields.remove("uuid"));
        put(&mut event, "timestamp", fields.remove("timestamp").map(in_utc));
        let ip = properties.get("$ip").or_else(|| fields.get("ip"));
        put(&mut event, "context", context(ip));
        match name.as_str() {
            "$groupidentify" => return self.group(event, properties),
            "$identify" | "$set" => self.user(&mut event, &mut fields, &mut properties)?,
            "$pageview" if self.pages => self.track(&mut event, "Page Viewed", fields, properties)?,
            "$screen" if self.pages => self.track(&mut event, "Screen Viewed", fields, properties)?,
            "$pageview" | "$screen" => return Err(NoEvent::Skipped("page or screen")),
            name if name.starts_with('$') => return Err(NoEvent::Skipped("PostHog's own event")),
            name => self.track(&mut event, name, fields, properties)?,
        }
        Ok(event)
    }

    fn group(&self, mut event: Fields, mut properties: Fields) -> Result<Fields, NoEvent> {
        let kind = text(&properties, "$group_type").unwrap_or_default();
        if self.group_type.as_ref().is_some_and(|wanted| wanted != kind) {
            return Err(NoEvent::Skipped("group of another type"));
        }
        put(&mut event, "type", Some(Value::from("group")));
        put(&mut event, "groupId", properties.remove("$group_key"));
        put(&mut event, "traits", properties.remove("$group_set"));
        Ok(event)
    }

    /// Who a user is: what was set once, and over it what was set.
    fn user(&self, event: &mut Fields, fields: &mut Fields, properties: &mut Fields) -> Result<(), NoEvent> {
        let mut traits = Fields::new();
        for (inner, outer) in [("$set_once", "set_once"), ("$set", "set")] {
            let set = properties.remove(inner).or_else(|| fields.remove(outer));
            traits.extend(object(inner, set.as_ref())?);
        }
        if !self.keep_dollar {
            traits.retain(|name, _| !name.starts_with('$'));
        }
        let user = self.user_id(fields, properties)?;
        put(event, "type", Some(Value::from("identify")));
        put(event, "userId", user);
        put(event, "traits", Some(Value::Object(traits)));
        Ok(())
    }

    fn track(&self, event: &mut Fields, name: &str, fields: Fields, mut properties: Fields) -> Result<(), NoEvent> {
        let group = self.group_of(properties.remove("$groups"))?;
        let user = match self.user_id(&fields, &properties) {
            Err(_) if group.is_some() => None,
            user => user?,
        };
        ["$set", "$set_once"].iter().for_each(|name| drop(properties.remove(*name)));
        if !self.keep_dollar {
            properties.retain(|name, _| !name.starts_with('$'));
        }
        put(event, "type", Some(Value::from("track")));
        put(event, "event", Some(Value::from(name)));
        put(event, "userId", user);
        put(event, "groupId", group);
        put(event, "properties", Some(Value::Object(properties)));
        Ok(())
    }

    /// The user, unless it is a device of which the user is not known.
    fn user_id(&self, fields: &Fields, properties: &Fields) -> Result<Option<Value>, NoEvent> {
        let user = fields.get("distinct_id");
        let is_device = user.is_some() && user == properties.get("$device_id");
        let is_unknown = properties.get("$is_identified") == Some(&Value::Bool(false));
        match is_device || is_unknown {
            true if self.skip_anonymous => Err(NoEvent::Skipped("anonymous")),
            true => Ok(None),
            false => Ok(user.cloned()),
        }
    }

    /// The group of an event, of the type that is wanted.
    fn group_of(&self, groups: Option<Value>) -> Result<Option<Value>, Fault> {
        let mut groups = object("$groups", groups.as_ref())?;
        if let Some(wanted) = &self.group_type {
            return Ok(groups.remove(wanted));
        }
        match groups.len() {
            0 | 1 => Ok(groups.into_iter().next().map(|(_, id)| id)),
            _ => {
                let shown = shown(&Value::Object(groups));
                Err(Fault::field(format!("\"$groups\" is {shown}; say by --group-type which of them is the group")))
            }
        }
    }
}

/// PostHog's times are in UTC, also where they do not say so.
fn in_utc(time: Value) -> Value {
    match &time {
        Value::String(text)
            if text.parse::<jiff::Timestamp>().is_err() && text.parse::<jiff::civil::DateTime>().is_ok() =>
        {
            Value::String(format!("{text}Z"))
        }
        _ => time,
    }
}
