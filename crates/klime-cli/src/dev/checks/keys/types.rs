//! Whether a key keeps the type of its values.

use serde_json::Value;

use super::Keys;
use crate::dev::checks::report::{Check, Rule, Tally, counted, grouped};

const TYPES: Rule = Rule {
    id: "value_types",
    title: "Each key keeps its type",
    why: "A value that is a string here and a number there cannot be summed, compared or filtered.",
    fix: "Convert the value where it is tracked, so that the key always has the same type.",
};

/// The types that the values of a key had, each a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

const TYPE_NAMES: [&str; 5] = ["boolean", "number", "string", "array", "object"];

impl Keys {
    pub(super) fn value_types(&self) -> Check {
        if self.noted == 0 {
            return TYPES.waiting("No property or trait came yet.");
        }
        let mut tally = Tally::default();
        for key in self.keys.values() {
            if let Some(seq) = key.flipped {
                tally.add(seq, || format!("{}: {}", key.place(), key.types.names()));
            }
        }
        let all = counted(self.keys.len(), "key");
        let limit = self.keys.limit();
        match tally.count() {
            0 => TYPES.ok(format!("{all}, each with values of one type{limit}.")),
            1 => TYPES.warning(format!("1 of {all} has values of several types{limit}."), tally),
            count => TYPES.warning(format!("{} of {all} have values of several types{limit}.", grouped(count)), tally),
        }
    }
}

impl Types {
    /// With the type of another value; `null` has none.
    pub(super) fn with(self, value: &Value) -> Self {
        let place = match value {
            Value::Null => return self,
            Value::Bool(_) => 0,
            Value::Number(_) => 1,
            Value::String(_) => 2,
            Value::Array(_) => 3,
            Value::Object(_) => 4,
        };
        Self(self.0 | 1 << place)
    }

    fn names(self) -> String {
        let names = TYPE_NAMES.iter().enumerate().filter(|(place, _)| self.0 & (1 << place) != 0);
        names.map(|(_, name)| *name).collect::<Vec<_>>().join(" and ")
    }
}
