//! What a check says, and how it is put together.

use serde::Serialize;

/// The longest text of an example, in bytes.
const LONGEST_TEXT: usize = 160;

/// The most examples that a check shows.
const MOST_EXAMPLES: usize = 5;

/// How serious it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// There is nothing yet to judge by.
    Waiting,
    /// Klime works, but shows less or something else than it could.
    Warning,
    /// Events are lost or counted wrongly, or something is sent that must not be.
    Error,
}

/// One rule, and what it says of what has arrived.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// By what programs know the rule; it does not change.
    pub id: &'static str,
    /// How serious it is.
    pub level: Level,
    /// The rule in a few words.
    pub title: &'static str,
    /// What was found, in one sentence.
    pub found: String,
    /// What it means for the company that uses Klime.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// How many names, users, keys or events it is about; 0 when nothing is wrong.
    pub count: u64,
    /// At most 5, the earliest first.
    pub examples: Vec<Example>,
}

/// Something that a check is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// What to show of it.
    pub text: String,
    /// The event in which it was seen first.
    pub seq: u64,
}

/// The words of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) why: &'static str,
    pub(super) fix: &'static str,
}

impl Rule {
    pub(super) fn ok(self, found: impl Into<String>) -> Check {
        self.says(Level::Ok, found, Tally::default())
    }

    pub(super) fn waiting(self, found: impl Into<String>) -> Check {
        self.says(Level::Waiting, found, Tally::default())
    }

    pub(super) fn warning(self, found: impl Into<String>, tally: Tally) -> Check {
        self.says(Level::Warning, found, tally)
    }

    pub(super) fn error(self, found: impl Into<String>, tally: Tally) -> Check {
        self.says(Level::Error, found, tally)
    }

    pub(super) fn says(self, level: Level, found: impl Into<String>, tally: Tally) -> Check {
        let Self { id, title, why, fix } = self;
        Check { id, level, title, found: found.into(), why, fix, count: tally.count, examples: tally.examples }
    }
}

/// How often something was found, and the earliest examples.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    count: u64,
    examples: Vec<Example>,
}

impl Tally {
    /// So many, without an example.
    pub(super) fn of(count: u64) -> Self {
        Self { count, examples: Vec::new() }
    }

    /// Counts one more; the text is made only if it is shown.
    pub(super) fn add(&mut self, seq: u64, text: impl FnOnce() -> String) {
        self.count += 1;
        let place = self.examples.partition_point(|example| example.seq <= seq);
        if place < MOST_EXAMPLES {
            self.examples.insert(place, Example { text: shortened(&text()).into(), seq });
            self.examples.truncate(MOST_EXAMPLES);
        }
    }

    /// Adds all of another, its examples behind the own ones.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.count += other.count;
        self.examples.extend(other.examples);
        self.examples.truncate(MOST_EXAMPLES);
        self
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The text, or its beginning when it is long.
pub(super) fn shortened(text: &str) -> Box<str> {
    if text.len() <= LONGEST_TEXT {
        return text.into();
    }
    let end = (0..=LONGEST_TEXT).rev().find(|end| text.is_char_boundary(*end));
    format!("{}…", end.and_then(|end| text.get(..end)).unwrap_or_default()).into()
}

/// `1 user`, `2 users`, `1,234 users`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {}", grouped(number), plural(noun)) }
}

/// `is` or `are`.
pub(super) fn is(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// `was` or `were`.
pub(super) fn was(number: u64) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// `has` or `have`.
pub(super) fn has(number: u64) -> &'static str {
    if number == 1 { "has" } else { "have" }
}

/// With a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "key"), "1 key");
        assert_eq!(counted(2, "key"), "2 keys");
        assert_eq!(counted(2, "property"), "2 properties");
    }

    #[test]
    fn tally_keeps_the_five_earliest_whatever_the_order() {
        let mut tally = Tally::default();
        for seq in [9, 3, 7, 1, 8, 2, 5] {
            tally.add(seq, || seq.to_string());
        }
        let seqs: Vec<u64> = tally.examples.iter().map(|example| example.seq).collect();
        assert_eq!((tally.count, seqs), (7, vec![1, 2, 3, 5, 7]));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "ü".repeat(LONGEST_TEXT);
        assert_eq!(&*shortened(&text), format!("{}…", "ü".repeat(LONGEST_TEXT / 2)));
        assert_eq!(&*shortened("short"), "short");
    }
}
