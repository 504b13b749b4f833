//! What became of records, and what was wrong with those that were refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mapping::Fault;
use super::repeats::Repeat;

/// Of each fault, the first lines are named.
const LINES_NAMED: usize = 5;

/// Codes are counted by themselves up to this many; a server could make up any number.
const MOST_CODES: usize = 50;

/// The counts of an import, or of the part of it that is settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Records that were read.
    pub records: u64,
    /// Those that Klime accepted; in a dry run, those that would be sent.
    pub accepted: u64,
    /// Those that were refused, here or by Klime.
    pub refused: u64,
    /// Those that are of a kind that is not imported.
    pub skipped: u64,
    /// The accepted ones that have the id of an earlier record.
    pub repeated: Repeated,
    /// The accepted ones by type.
    pub types: BTreeMap<String, u64>,
    /// The refused ones by fault.
    pub faults: BTreeMap<String, FaultCount>,
    /// The skipped ones by reason.
    pub reasons: BTreeMap<String, u64>,
}

/// Records that have the id of an earlier one, with which they count once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Repeated {
    /// Those that say what the earlier one says.
    pub same: u64,
    /// Those that say something else, which is lost.
    pub other: FaultCount,
    /// Those of which it is not known whether they repeat one, because so many ids had been met before.
    pub unknown: u64,
}

/// How often a fault was found, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FaultCount {
    /// How often.
    pub count: u64,
    /// The first lines, at most five.
    pub lines: Vec<u64>,
    /// What is wrong with the first.
    pub first: String,
}

impl FaultCount {
    fn add(&mut self, line: u64, message: &str) {
        if self.count == 0 {
            self.first = message.to_owned();
        }
        self.count += 1;
        if self.lines.len() < LINES_NAMED {
            self.lines.push(line);
        }
    }
}

impl Counts {
    /// Whether all that was read counts: nothing was refused, and nothing is lost behind an id that another record has.
    pub fn is_whole(&self) -> bool {
        self.refused == 0 && self.repeated.other.count == 0
    }

    /// Counts an event that was accepted.
    pub fn accept(&mut self, line: u64, kind: &str, repeat: Repeat) {
        self.records += 1;
        self.accepted += 1;
        match self.types.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.types.insert(kind.to_owned(), 1)),
        }
        match repeat {
            Repeat::First => {}
            Repeat::Unknown => self.repeated.unknown += 1,
            Repeat::Same => self.repeated.same += 1,
            Repeat::Other(problem) => self.repeated.other.add(line, &problem),
        }
    }

    /// Counts a record that was refused.
    pub fn refuse(&mut self, line: u64, code: &str, message: &str) {
        self.records += 1;
        self.refused += 1;
        let is_one_too_many = self.faults.len() >= MOST_CODES && !self.faults.contains_key(code);
        let code = if is_one_too_many { "other" } else { code };
        self.faults.entry(code.to_owned()).or_default().add(line, message);
    }

    /// Counts a record that was refused for a fault found here.
    pub fn refuse_for(&mut self, line: u64, fault: &Fault) {
        self.refuse(line, fault.code, &fault.message);
    }

    /// Counts a record that is not imported.
    pub fn skip(&mut self, reason: &str) {
        self.records += 1;
        self.skipped += 1;
        *self.reasons.entry(reason.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_of_each_fault_are_named() {
        let mut counts = Counts::default();
        for line in 1..=7 {
            counts.refuse(line, "missing_field", &format!("problem of {line}"));
        }
        counts.refuse(9, "invalid_json", "other");
        counts.accept(10, "track", Repeat::First);
        counts.accept(11, "track", Repeat::Other("a problem".to_owned()));
        counts.accept(12, "track", Repeat::Same);
        counts.skip("alias");
        let fault = &counts.faults["missing_field"];
        assert_eq!((fault.count, &fault.lines[..], &*fault.first), (7, &[1, 2, 3, 4, 5][..], "problem of 1"));
        assert_eq!((counts.records, counts.accepted, counts.refused, counts.skipped), (12, 3, 8, 1));
        assert_eq!((counts.types["track"], counts.reasons["alias"]), (3, 1));
        let Repeated { same, other, unknown } = &counts.repeated;
        assert_eq!((*same, other.count, &other.lines[..], &*other.first, *unknown), (1, 1, &[11][..], "a problem", 0));
    }
}
