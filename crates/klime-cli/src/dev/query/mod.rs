//! What a request asks for, read from its query string: strictly, so that a misspelt parameter is told and not ignored.
//!
//! Each parameter is taken by its name and with its bounds; what nobody has taken is unknown. Knows no HTTP: whoever has a URL brings
//! its pairs.

mod filter;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use jiff::Timestamp;

pub use filter::{filter, mode, page};

use super::validate::shortened;

/// So many characters of a name or a value are shown in an error.
const MAX_SHOWN: usize = 80;

/// Why a parameter cannot be taken: its name, its value, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadParameter(String);

impl std::fmt::Display for BadParameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadParameter {}

/// The parameters of a request that have not been taken yet.
#[derive(Debug)]
pub struct Parameters {
    given: Vec<(String, String)>,
    /// The names that were asked for, to name them when there is an unknown one.
    known: Vec<&'static str>,
}

impl Parameters {
    /// The decoded pairs of a query string.
    ///
    /// # Errors
    ///
    /// If a name is there twice.
    pub fn new(given: Vec<(String, String)>) -> Result<Self, BadParameter> {
        let twice =
            |(at, (name, _)): (usize, &(String, String))| given.iter().skip(at + 1).any(|(other, _)| other == name);
        if let Some((_, (name, _))) = given.iter().enumerate().find(|pair| twice(*pair)) {
            return Err(BadParameter(format!("the parameter {name} is given twice; it may be given once")));
        }
        Ok(Self { given, known: Vec::new() })
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(at).1)
    }

    /// A text of at least one character.
    ///
    /// # Errors
    ///
    /// If it is empty, which is more likely a variable that is not set than a wish.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, BadParameter> {
        match self.take(name) {
            Some(value) if value.is_empty() => {
                Err(BadParameter(format!("{name} is empty; give a value or leave it out")))
            }
            value => Ok(value),
        }
    }

    /// A text to look for; an empty one is none.
    pub fn search(&mut self, name: &'static str) -> Option<String> {
        self.take(name).filter(|value| !value.is_empty())
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn number(&mut self, name: &'static str, bounds: RangeInclusive<u64>) -> Result<Option<u64>, BadParameter> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.parse() {
            Ok(number) if bounds.contains(&number) => Ok(Some(number)),
            _ if *bounds.end() == u64::MAX => {
                Err(bad(name, &value, &format!("must be a whole number from {}", bounds.start())))
            }
            _ => Err(bad(name, &value, &format!("must be a whole number from {} to {}", bounds.start(), bounds.end()))),
        }
    }

    /// One of several words.
    ///
    /// # Errors
    ///
    /// If it is another one.
    pub fn choice<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, BadParameter> {
        let Some(value) = self.take(name) else { return Ok(None) };
        if let Some((_, choice)) = words.iter().find(|(word, _)| *word == value) {
            return Ok(Some(*choice));
        }
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        Err(bad(name, &value, &format!("must be one of {}", words.join(", "))))
    }

    /// A moment.
    ///
    /// # Errors
    ///
    /// If it is not RFC 3339, or beyond what a time can be here.
    pub fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, BadParameter> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.parse() {
            Ok(time) => Ok(Some(time)),
            Err(_) => {
                let must = "must be a time as RFC 3339, for example 2026-11-24T15:20:00Z (write + as %2B), before \
                    9999-12-30T22:00:01Z and with at most 9 digits after the second";
                Err(bad(name, &value, must))
            }
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// If there is a parameter that nobody has asked for.
    pub fn finish(self) -> Result<(), BadParameter> {
        match self.given.first() {
            None => Ok(()),
            Some((name, value)) => {
                let known = if self.known.is_empty() { "none here".to_owned() } else { self.known.join(", ") };
                let (name, value) = (shortened(name, MAX_SHOWN), shortened(value, MAX_SHOWN));
                Err(BadParameter(format!("unknown parameter {name}={value}; there are {known}")))
            }
        }
    }
}

/// An error for a value that is not allowed.
pub(crate) fn bad(name: &str, value: &str, must: &str) -> BadParameter {
    BadParameter(format!("{name}={}: {must}", shortened(value, MAX_SHOWN)))
}
