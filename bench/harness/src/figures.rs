//! The figures of one run, as one line of text between two processes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::Failure;

/// Named numbers; printed and parsed as `name=value` separated by blanks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Adds a figure.
    pub fn set(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    /// The figure of that name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, value) in &self.0 {
            write!(f, "{separator}{name}={value}")?;
            separator = " ";
        }
        Ok(())
    }
}

impl FromStr for Figures {
    type Err = Failure;

    fn from_str(line: &str) -> Result<Self, Failure> {
        let mut figures = Self::default();
        for pair in line.split_whitespace() {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("not a figure: {pair}"))?;
            figures.set(name, value.parse()?);
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn figures_survive_their_line() {
        let mut figures = Figures::default();
        figures.set("p50_ns", 281.0);
        figures.set("wall_s", 0.190_4);
        assert_eq!(figures.to_string().parse::<Figures>().unwrap(), figures);
    }
}
