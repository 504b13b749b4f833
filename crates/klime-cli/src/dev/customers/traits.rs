//! Traits that are merged key by key: the value with the later time wins, whatever the order of arrival.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::bounds::{Bounds, LeftOut};

/// The traits of one user or group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Traits(BTreeMap<String, Trait>);

#[derive(Clone, Debug, PartialEq)]
struct Trait {
    value: Value,
    bytes: usize,
    /// Of two events of one time the greater message id wins, so that there is one winner in any order.
    at: i64,
    message_id: Arc<str>,
}

impl Traits {
    /// Merges the traits of an event. `held` is what all traits of all customers take.
    pub(super) fn merge(
        &mut self,
        fields: &Map<String, Value>,
        at: i64,
        message_id: &str,
        held: &mut usize,
        bounds: &Bounds,
        left_out: &mut LeftOut,
    ) {
        let id: Arc<str> = message_id.into();
        for (key, value) in fields {
            let (count, bytes) = (self.0.len(), key.len() + id.len() + size(value));
            let fits = |freed: usize| *held - freed + bytes <= bounds.trait_bytes;
            let new = || Trait { value: value.clone(), bytes, at, message_id: Arc::clone(&id) };
            match self.0.entry(key.clone()) {
                Entry::Occupied(mut old) => {
                    if (old.get().at, &*old.get().message_id) >= (at, message_id) {
                        continue;
                    }
                    if !fits(old.get().bytes) {
                        left_out.traits += 1;
                        continue;
                    }
                    *held = *held - old.get().bytes + bytes;
                    old.insert(new());
                }
                Entry::Vacant(_) if count >= bounds.traits_each || !fits(0) => left_out.traits += 1,
                Entry::Vacant(free) => {
                    *held += bytes;
                    free.insert(new());
                }
            }
        }
    }

    /// A trait that is a text, for example the name.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|own| own.value.as_str()).filter(|text| !text.is_empty())
    }

    pub(super) fn to_map(&self) -> Map<String, Value> {
        self.0.iter().map(|(key, own)| (key.clone(), own.value.clone())).collect()
    }
}

/// Roughly what a value takes in memory.
fn size(value: &Value) -> usize {
    const EACH: usize = 64;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
