//! Faults on demand: what a server in trouble would answer, by rate and by count.
//!
//! A rate is kept evenly, without chance: 0.5 hits each second request. So a test that asks for faults sees the same ones each time.
//! This module only decides; `ingest/mod.rs` carries out what it says. It knows neither HTTP nor time.

mod grammar;
mod json;

use std::time::Duration;

use serde::Serialize;

pub(crate) use json::FaultJson;

/// The most faults that wait at the same time.
const MAX_FAULTS: usize = 32;
/// The longest `Retry-After` and the longest delay: a fault is not meant to outlive a working day.
const MAX_RETRY_AFTER_SECONDS: u64 = 86_400;
const MAX_DELAY: Duration = Duration::from_secs(600);

/// What happens to a request that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// Nothing is taken; the answer has this status.
    Status {
        /// From 400 to 599.
        status: u16,
        /// The seconds in the answer's `Retry-After`, if it has one.
        retry_after: Option<u64>,
    },
    /// Some events of each batch are refused with the code `fault_injected`.
    Partial {
        /// Which part of them, above 0 and at most 1; at least one event of a batch is hit.
        share: f64,
    },
    /// The answer comes later.
    Slow {
        /// By how much.
        delay: Duration,
    },
    /// There is no answer, and nothing is taken.
    Hang,
    /// The connection is reset, and nothing is taken.
    Reset,
    /// The batch is taken, then the connection is reset: the sender cannot know, and sends it again.
    LostAnswer,
}

/// A fault, and which requests it hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Which part of the requests it hits, above 0 and at most 1.
    pub rate: f64,
    /// How many requests it hits before it is over; `None` for no end.
    pub count: Option<u64>,
}

impl FaultKind {
    /// Its word in JSON and in what is kept of a batch.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Partial { .. } => "partial",
            Self::Slow { .. } => "slow",
            Self::Hang => "hang",
            Self::Reset => "reset",
            Self::LostAnswer => "lost_answer",
        }
    }

    /// Whether the event at this place of a batch is refused.
    #[must_use]
    pub fn refuses(&self, index: usize) -> bool {
        let Self::Partial { share } = *self else { return false };
        // Places are at most 99, so they are exact as floating point.
        let before = |place: usize| (u32::try_from(place).map_or(0.0, f64::from) * share - 1e-9).ceil();
        before(index + 1) > before(index)
    }
}

/// A fault that has not been asked for properly. Its text says what is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFault(String);

impl std::fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFault {}

impl Fault {
    /// Checks the bounds of everything that has one.
    fn checked(self) -> Result<Self, InvalidFault> {
        let part = |name: &str, value: f64| match value > 0.0 && value <= 1.0 {
            true => Ok(()),
            false => Err(InvalidFault(format!("{name} must be above 0 and at most 1, not {value}"))),
        };
        part("rate", self.rate)?;
        if self.count == Some(0) {
            return Err(InvalidFault("count must be at least 1, not 0".to_owned()));
        }
        match self.kind {
            FaultKind::Status { status, .. } if !(400..600).contains(&status) => {
                Err(InvalidFault(format!("status must be from 400 to 599, not {status}")))
            }
            FaultKind::Status { retry_after: Some(seconds), .. } if seconds > MAX_RETRY_AFTER_SECONDS => {
                let sentence = format!("retry-after is at most {MAX_RETRY_AFTER_SECONDS} seconds, not {seconds}");
                Err(InvalidFault(sentence))
            }
            FaultKind::Partial { share } => part("share", share).map(|()| self),
            FaultKind::Slow { delay } if delay > MAX_DELAY => {
                let (most, asked) = (MAX_DELAY.as_millis(), delay.as_millis());
                Err(InvalidFault(format!("a delay is at most {most} ms, not {asked}")))
            }
            _ => Ok(self),
        }
    }
}

/// The faults that are waiting for requests.
#[derive(Debug, Default)]
pub struct Faults(Vec<Active>);

#[derive(Debug)]
struct Active {
    fault: Fault,
    /// What of the rate has gathered since the last hit.
    credit: f64,
    hits: u64,
}

impl Faults {
    /// Adds one behind the others.
    ///
    /// # Errors
    ///
    /// There are too many already.
    pub fn add(&mut self, fault: Fault) -> Result<(), InvalidFault> {
        if self.0.len() >= MAX_FAULTS {
            let sentence = format!("{MAX_FAULTS} faults are active, more are not taken; DELETE /dev/fault clears them");
            return Err(InvalidFault(sentence));
        }
        self.0.push(Active { fault, credit: 0.0, hits: 0 });
        Ok(())
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to the next request: the first fault that hits it. One that has hit often enough is gone.
    pub fn next_hit(&mut self) -> Option<FaultKind> {
        let (place, active) = self.0.iter_mut().enumerate().find_map(|(place, active)| {
            active.credit += active.fault.rate;
            (active.credit > 1.0 - 1e-9).then_some((place, active))
        })?;
        active.credit -= 1.0;
        active.hits += 1;
        let kind = active.fault.kind;
        if active.fault.count.is_some_and(|count| active.hits >= count) {
            self.0.remove(place);
        }
        Some(kind)
    }

    /// The faults as `/dev/fault` shows them, `count` being what is left of it.
    #[must_use]
    pub fn list(&self) -> Vec<impl Serialize + use<>> {
        self.0.iter().map(|active| FaultJson::shown(&active.fault, active.hits)).collect()
    }
}

#[cfg(test)]
mod tests;
