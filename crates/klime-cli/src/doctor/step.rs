//! What the doctor finds: a step's verdict, and the report of all of them.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::exit::Exit;

/// The steps, in the order that a request goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Name {
    Configuration,
    Proxy,
    Dns,
    Tcp,
    Tls,
    Answer,
    Clock,
    Key,
}

impl Name {
    /// As people read it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Proxy => "proxy",
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Answer => "answer",
            Self::Clock => "clock",
            Self::Key => "write key",
        }
    }
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Ok,
    /// It works, but not as it should.
    Warning,
    Failed,
    /// It could not be tried, or there is nothing to try.
    Skipped,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    pub(crate) step: Name,
    pub(crate) verdict: Verdict,
    /// What was found, a sentence or a few words.
    pub(crate) found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
    #[serde(rename = "tookMs", skip_serializing_if = "Option::is_none", serialize_with = "as_millis")]
    pub(crate) took: Option<Duration>,
    /// How the command ends when this is the first step that failed.
    #[serde(skip)]
    exit: Exit,
}

impl Step {
    fn new(step: Name, verdict: Verdict, found: impl Into<String>) -> Self {
        Self { step, verdict, found: found.into(), fix: None, took: None, exit: Exit::Taken }
    }

    /// It is as it should be.
    pub(super) fn ok(step: Name, found: impl Into<String>) -> Self {
        Self::new(step, Verdict::Ok, found)
    }

    /// It works, but `fix` says what to see to.
    pub(super) fn warning(step: Name, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..Self::new(step, Verdict::Warning, found) }
    }

    /// It could not be tried, and `why`.
    pub(super) fn skipped(step: Name, why: impl Into<String>) -> Self {
        Self::new(step, Verdict::Skipped, why)
    }

    /// It does not work.
    pub(super) fn failed(step: Name, exit: Exit, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), exit, ..Self::new(step, Verdict::Failed, found) }
    }

    pub(super) fn in_time(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }
}

/// All steps, whatever became of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Whether events would arrive.
    pub(super) ok: bool,
    endpoint: String,
    pub(super) steps: Vec<Step>,
}

impl Report {
    pub(super) fn new(endpoint: String, steps: Vec<Step>) -> Self {
        Self { ok: !steps.iter().any(Step::is_failed), endpoint, steps }
    }

    /// The first step that failed says how the command ends.
    pub(super) fn exit(&self) -> Exit {
        self.steps.iter().find(|step| step.is_failed()).map_or(Exit::Taken, |step| step.exit)
    }
}

fn as_millis<S: Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    let millis = took.map(|took| (took.as_secs_f64() * 1e4).round() / 10.0);
    millis.serialize(serializer)
}
