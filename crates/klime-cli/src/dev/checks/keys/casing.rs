//! Whether keys of several words are cased in one way.

use std::collections::BTreeMap;

use super::Keys;
use crate::dev::checks::report::{Check, Rule, Tally, counted, grouped};
use crate::dev::checks::words::Style;

const CASING: Rule = Rule {
    id: "key_casing",
    title: "Keys are cased in one way",
    why: "`report_type` and `reportType` are two different keys: filters and charts then see only a part.",
    fix: "Choose one casing for all properties and traits, such as snake_case, and use it in each service.",
};

impl Keys {
    pub(super) fn casing(&self) -> Check {
        let mut keys: BTreeMap<&str, (Style, u64)> = BTreeMap::new();
        for key in self.keys.values() {
            if let Some(style) = key.style {
                let seq = &mut keys.entry(&key.text).or_insert((style, key.seq)).1;
                *seq = key.seq.min(*seq);
            }
        }
        let mut counts: BTreeMap<Style, u64> = BTreeMap::new();
        for (style, _) in keys.values() {
            *counts.entry(*style).or_default() += 1;
        }
        let mut counts: Vec<(Style, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let [(usual, _), _, ..] = counts.as_slice() else {
            return match (self.noted, counts.first()) {
                (0, _) => CASING.waiting("No property or trait came yet."),
                (_, None) => CASING.ok("All keys are single words."),
                (_, Some((style, count))) => {
                    CASING.ok(format!("{} of several words, in {} throughout.", counted(*count, "key"), style.name()))
                }
            };
        };
        let mut others = Tally::default();
        for (key, (_, seq)) in keys.iter().filter(|(_, (style, _))| style != usual) {
            others.add(*seq, || format!("{key}, better {}", usual.apply(key)));
        }
        let told: Vec<String> =
            counts.iter().map(|(style, count)| format!("{} in {}", grouped(*count), style.name())).collect();
        CASING.warning(format!("Keys are cased in {} ways: {}.", told.len(), told.join(", ")), others)
    }
}
