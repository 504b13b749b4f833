//! A fault as JSON: what `/dev/fault` takes and shows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, FaultKind, InvalidFault};
use crate::print::first_chars;

const KINDS: &str = "status, partial, slow, hang, reset, lost_answer";

/// `{"kind":"status","status":429,"retryAfter":2,"rate":0.5,"count":3}`; each kind has the fields that it needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct FaultJson {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// Only shown: how many requests it has hit.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    hits: Option<u64>,
}

impl FaultJson {
    /// The fault that this asks for.
    pub(crate) fn fault(&self) -> Result<Fault, InvalidFault> {
        self.fields_fit()?;
        let kind = match self.kind.as_str() {
            "status" => {
                FaultKind::Status { status: self.needed("status", self.status)?, retry_after: self.retry_after }
            }
            "partial" => FaultKind::Partial { share: self.share.unwrap_or(0.5) },
            "slow" => FaultKind::Slow { delay: Duration::from_millis(self.needed("delayMs", self.delay_ms)?) },
            "hang" => FaultKind::Hang,
            "reset" => FaultKind::Reset,
            "lost_answer" => FaultKind::LostAnswer,
            "" => return Err(InvalidFault(format!("kind is missing; it is one of {KINDS}"))),
            other => {
                let other = first_chars(other, 40);
                return Err(InvalidFault(format!("there is no kind {other:?}; it is one of {KINDS}")));
            }
        };
        Fault { kind, rate: self.rate.unwrap_or(1.0), count: self.count }.checked()
    }

    /// A fault as it is shown.
    pub(super) fn shown(fault: &Fault, hits: u64) -> Self {
        let mut json = Self {
            kind: fault.kind.word().to_owned(),
            rate: Some(fault.rate),
            count: fault.count.map(|count| count - hits.min(count)),
            hits: Some(hits),
            ..Self::default()
        };
        match fault.kind {
            FaultKind::Status { status, retry_after } => {
                json.status = Some(status);
                json.retry_after = retry_after;
            }
            FaultKind::Partial { share } => json.share = Some(share),
            FaultKind::Slow { delay } => json.delay_ms = u64::try_from(delay.as_millis()).ok(),
            FaultKind::Hang | FaultKind::Reset | FaultKind::LostAnswer => {}
        }
        json
    }

    fn needed<T>(&self, field: &str, value: Option<T>) -> Result<T, InvalidFault> {
        value.ok_or_else(|| InvalidFault(format!("a fault of kind {} needs {field}", self.kind)))
    }

    /// A field that another kind has is a slip of the pen, and would do nothing.
    fn fields_fit(&self) -> Result<(), InvalidFault> {
        let fields = [
            ("status", self.status.is_some(), "status"),
            ("retryAfter", self.retry_after.is_some(), "status"),
            ("share", self.share.is_some(), "partial"),
            ("delayMs", self.delay_ms.is_some(), "slow"),
        ];
        match fields.into_iter().find(|(_, given, kind)| *given && self.kind != *kind) {
            Some((field, _, kind)) => Err(InvalidFault(format!("{field} belongs to the kind {kind}"))),
            None => Ok(()),
        }
    }
}
