//! What became of records, and what was wrong with those that were refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mapping::Fault;
use super::repeats::Repeat;

/// Of each fault, the first lines are named.
const LINES_NAMED: usize = 5;

/// Codes are counted by themselves up to this many; a server could make up any number.
const MOST_CODES: usize = 50;

/// So many kinds of sentences are counted by themselves, of all codes together …
const MOST_KINDS: usize = 100;
/// … each by so many characters of it.
const KIND_CHARS: usize = 200;

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
    /// The same for each kind of sentence, where there are several: one code is that of faults of many fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, FaultCount>,
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
        let kinds: usize = self.faults.values().map(|fault| fault.kinds.len()).sum();
        let fault = self.faults.entry(code.to_owned()).or_default();
        fault.add(line, message);
        let kind = kind_of(message);
        let kind = if kinds >= MOST_KINDS && !fault.kinds.contains_key(&kind) { "other".to_owned() } else { kind };
        fault.kinds.entry(kind).or_default().add(line, message);
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

/// What is the same in all sentences about one fault of one field: the sentence without numbers and values. The first name in quotes is the
/// field's.
fn kind_of(message: &str) -> String {
    // A value that is not as it must be stands at the end.
    let sentence = message.split(", not ").next().unwrap_or(message);
    let (mut kind, mut quotes, mut is_escaped) = (String::with_capacity(sentence.len()), 0_usize, false);
    for char in sentence.chars() {
        let is_quoted = quotes % 2 == 1;
        let is_value = is_quoted && quotes > 1;
        match char {
            '"' if !is_escaped => {
                quotes += 1;
                kind.push('"');
            }
            _ if is_value => {}
            '0'..='9' if !is_quoted => {
                if !kind.ends_with('#') {
                    kind.push('#');
                }
            }
            _ => kind.push(char),
        }
        is_escaped = is_quoted && char == '\\' && !is_escaped;
    }
    crate::print::first_chars(&kind, KIND_CHARS).to_owned()
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

    #[test]
    fn sentences_about_one_fault_of_one_field_are_of_one_kind() {
        for (one, other, is_same) in [
            (r#""timestamp" must be a time, not "a""#, r#""timestamp" must be a time, not {"b": 7}"#, true),
            (r#""timestamp" must be a time, not "a""#, r#""properties" must be an object, not "a""#, false),
            (r#"column "total" must be a number, not "a""#, r#"column "count" must be a number, not "a""#, false),
            (r#"column "a1": it is no text"#, r#"column "a2": it is no text"#, false),
            ("it is not JSON: expected `:` at column 7", "it is not JSON: expected `:` at column 18", true),
            ("it is not JSON: expected `:` at column 7", "it is not JSON: expected value at column 7", false),
            (r#""userId" is "\"\\", before 1970"#, r#""userId" is "x", before 1970"#, true),
            (r#""messageId" is "a" twice"#, r#""messageId" is "a" thrice"#, false),
            ("", "it has no fields", false),
        ] {
            assert_eq!(kind_of(one) == kind_of(other), is_same, "{} | {}", kind_of(one), kind_of(other));
        }
        assert_eq!(kind_of(&"ä".repeat(500)).chars().count(), KIND_CHARS);
    }

    #[test]
    fn each_kind_of_a_fault_has_its_own_lines() {
        let mut counts = Counts::default();
        for (line, message) in [
            (7, r#""timestamp" must be a time, not "yesterday""#),
            (11, r#""properties" must be an object, not "x""#),
            (12, r#""timestamp" must be a time, not "today""#),
        ] {
            counts.refuse(line, "invalid_field", message);
        }
        let fault = &counts.faults["invalid_field"];
        assert_eq!((fault.count, &fault.lines[..]), (3, &[7, 11, 12][..]));
        let kinds: Vec<_> = fault.kinds.values().map(|kind| (&kind.lines[..], &*kind.first)).collect();
        assert_eq!(
            kinds,
            [
                (&[11][..], r#""properties" must be an object, not "x""#),
                (&[7, 12], r#""timestamp" must be a time, not "yesterday""#),
            ]
        );
    }

    #[test]
    fn a_server_that_makes_up_sentences_fills_no_memory() {
        let mut counts = Counts::default();
        let word = |number: u64| format!("{}no", "x".repeat(usize::try_from(number).unwrap_or_default() % 1000));
        (0..10_000).for_each(|number| counts.refuse(number, &word(number % 80), &word(number)));
        assert!(counts.faults.len() <= MOST_CODES + 1, "{}", counts.faults.len());
        let kinds: usize = counts.faults.values().map(|fault| fault.kinds.len()).sum();
        assert!(kinds <= MOST_KINDS + MOST_CODES + 1, "{kinds}");
        let counted: u64 = counts.faults.values().flat_map(|fault| fault.kinds.values()).map(|kind| kind.count).sum();
        assert_eq!(counted, 10_000);
    }
}
