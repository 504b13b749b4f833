//! What came instead of what was expected.

use std::collections::BTreeMap;

use super::Expectation;
use crate::dev::event::{FAULT_INJECTED, Kind, Refusal};
use crate::dev::store::BatchRecord;

/// Different targets that are remembered, and refusals.
const MAX_TARGETS: usize = 1000;
const MAX_REFUSALS: usize = 100;
/// How many of them are told for one expectation.
const MAX_TOLD: usize = 3;
/// From this likeness on (of 1), a name is near.
const NEAR: f64 = 0.94;

/// What has come, within bounds.
#[derive(Debug, Default)]
pub(super) struct Seen {
    accepted: BTreeMap<(&'static str, String), u64>,
    refusals: Vec<Refusal>,
    requests: Vec<String>,
    refused_events: u64,
    refused_requests: u64,
}

impl Seen {
    pub(super) fn note_accepted(&mut self, kind: Kind, target: &str) {
        let key = (kind.word(), target.to_owned());
        if self.accepted.len() < MAX_TARGETS || self.accepted.contains_key(&key) {
            *self.accepted.entry(key).or_default() += 1;
        }
    }

    /// An event that was refused; one that a fault hit was meant to be, and is told but not counted.
    pub(super) fn note_refused(&mut self, refusal: &Refusal) {
        self.refused_events += u64::from(refusal.code != FAULT_INJECTED);
        if self.refusals.len() < MAX_REFUSALS {
            self.refusals.push(refusal.clone());
        }
    }

    /// A request that was refused as a whole, or came in part; one that a fault hit was meant to be.
    pub(super) fn note_request(&mut self, record: &BatchRecord) {
        let Some(error) = record.error.as_deref().filter(|_| record.fault.is_none()) else { return };
        let told = match record.status {
            0 => format!("a request was broken off: {error}"),
            status => format!("a request was refused with {status}: {error}"),
        };
        // Whoever left was not refused.
        self.refused_requests += u64::from(record.status != 0);
        if self.requests.len() < MAX_TOLD {
            self.requests.push(told);
        }
    }

    pub(super) fn refused(&self) -> (u64, u64) {
        (self.refused_events, self.refused_requests)
    }

    /// What came that may have been meant.
    pub(super) fn near(&self, expectation: &Expectation) -> Vec<String> {
        let target = expectation.target.as_deref();
        let accepted = self.accepted.iter().filter(|((kind, came), _)| is_near(expectation.kind, target, kind, came));
        let mut accepted: Vec<(f64, String)> = accepted
            .map(|((kind, came), count)| {
                (likeness(target.unwrap_or_default(), came), format!("{kind} {came:?} came {count}×"))
            })
            .collect();
        accepted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let refused = self.refusals.iter().filter(|refusal| may_be(expectation, refusal)).map(|refusal| {
            let name = refusal.name.as_deref().map(|name| format!(" {name:?}")).unwrap_or_default();
            let kind = refusal.kind.as_deref().unwrap_or("an event");
            format!("{kind}{name} was refused: {} ({})", refusal.message, refusal.code)
        });
        let told = accepted.into_iter().map(|(_, told)| told).take(MAX_TOLD);
        told.chain(refused.take(MAX_TOLD)).chain(self.requests.iter().cloned()).collect()
    }
}

/// The same target by another call, or nearly the same target by the same call. Ids that are alike are not near: `user_1` is not meant
/// when `user_2` is written.
fn is_near(kind: Kind, target: Option<&str>, came_kind: &str, came: &str) -> bool {
    let Some(target) = target else { return false };
    if kind.word() != came_kind {
        return came == target;
    }
    came != target && (folded(came) == folded(target) || (kind == Kind::Track && likeness(target, came) >= NEAR))
}

fn may_be(expectation: &Expectation, refusal: &Refusal) -> bool {
    let is_kind = refusal.kind.as_deref().is_none_or(|kind| kind == expectation.kind.word());
    let came = match expectation.kind {
        Kind::Track => refusal.name.as_deref(),
        Kind::Identify => refusal.user_id.as_deref(),
        Kind::Group => refusal.group_id.as_deref(),
    };
    let is_target = match (expectation.target.as_deref(), came) {
        (Some(target), Some(came)) => came == target || folded(came) == folded(target),
        _ => true,
    };
    is_kind && is_target
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(&folded(a), &folded(b))
}

/// Spelling aside: `report_generated`, `Report Generated` and `reportGenerated` are one.
fn folded(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).take(200).collect()
}
