//! What all handlers share.

use std::sync::Arc;

use super::collector::Collector;
use super::expect::Expectations;
use super::guard::Guard;
use super::key::Keys;
use super::server::Stopping;
use super::terminal::Terminal;

/// The parts of a running `klime dev`, as handlers see them: `State(app): State<Shared>`.
#[derive(Debug)]
pub(crate) struct App {
    /// Events, customers, checks and faults.
    pub(crate) collector: Collector,
    /// Who may talk to it.
    pub(crate) guard: Guard,
    /// Which write keys are taken.
    pub(crate) keys: Keys,
    /// Where arrivals are shown.
    pub(crate) terminal: Terminal,
    /// What is expected to arrive.
    pub(crate) expectations: Expectations,
    /// Whether the server is to stop.
    pub(crate) stopping: Stopping,
}

/// The handle that handlers get.
pub(crate) type Shared = Arc<App>;
