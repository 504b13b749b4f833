//! An expectation as it is written on the command line: `KIND[:TARGET][=N|>=N]`.

use std::fmt;
use std::str::FromStr;

use super::{Count, Expectation};
use crate::dev::event::Kind;

const EXAMPLES: &str =
    "'track:Report Generated', 'track:Signup Completed=2', 'track:Page Viewed>=10', 'identify', 'group:org_456'";

const OPERATORS: [char; 3] = ['<', '>', '='];

/// Why a text is no expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidExpectation(String);

impl fmt::Display for InvalidExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidExpectation {}

impl FromStr for Expectation {
    type Err = InvalidExpectation;

    fn from_str(text: &str) -> Result<Self, InvalidExpectation> {
        let (what, count) = split_count(text)?;
        let (kind, target) = match what.split_once(':') {
            Some((kind, target)) => (kind, Some(target)),
            None => (what, None),
        };
        let Some(kind) = Kind::of_word(kind) else {
            let sentence = format!("it begins with track, identify or group, not {kind:?}; for example {EXAMPLES}");
            return Err(InvalidExpectation(sentence));
        };
        if target.is_some_and(str::is_empty) {
            return Err(InvalidExpectation(format!("there is nothing behind the colon; for example {EXAMPLES}")));
        }
        Ok(Self { kind, target: target.map(str::to_owned), count })
    }
}

/// What the text ends with: a count, when there are only digits behind the last `=`. Without one it is at least one.
fn split_count(text: &str) -> Result<(&str, Count), InvalidExpectation> {
    let counted =
        text.rsplit_once('=').filter(|(_, digits)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let Some((what, digits)) = counted else {
        return match text.contains(OPERATORS) {
            true => Err(no_count(text)),
            false => Ok((text, Count::AtLeast(1))),
        };
    };
    let count = digits.parse().map_err(|_| InvalidExpectation(format!("the count {digits} is too large")))?;
    match what.strip_suffix('>') {
        Some(_) if count == 0 => Err(InvalidExpectation("at least 0 is always met; =0 expects none at all".to_owned())),
        Some(what) if !what.ends_with(OPERATORS) => Ok((what, Count::AtLeast(count))),
        None if !what.ends_with(OPERATORS) => Ok((what, Count::Exactly(count))),
        _ => Err(no_count(text)),
    }
}

/// `A>2` is more likely a count that is written wrong than a name; who means the name adds a count.
fn no_count(text: &str) -> InvalidExpectation {
    InvalidExpectation(format!(
        "{text:?} ends with no count, which is =N or >=N; a name with <, > or = in it needs one, such as >=1"
    ))
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target.as_deref().map(|target| format!(" {target:?}")).unwrap_or_default();
        let kind = self.kind.word();
        match self.count {
            Count::AtLeast(count) => write!(f, "at least {count} {kind}{target}"),
            Count::Exactly(count) => write!(f, "exactly {count} {kind}{target}"),
        }
    }
}
