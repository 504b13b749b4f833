//! Holds answers back until the test lets them go.

use std::sync::Arc;

use super::watched::Watched;

#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Watched<State>>);

#[derive(Debug, Default)]
struct State {
    open: bool,
    reached: usize,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Lets everything through that waits or comes later.
    pub(crate) fn open(&self) {
        self.0.change(|state| state.open = true);
    }

    /// Waits until `count` requests in all have come to this gate.
    #[track_caller]
    pub(crate) fn wait_until_reached(&self, count: usize) {
        self.0.wait_until(&format!("{count} requests at the gate"), |state| state.reached, |reached| *reached >= count);
    }

    /// Waits until the gate is open: for servers, and for callbacks that are to block.
    pub(crate) fn pass(&self) {
        self.0.change(|state| state.reached += 1);
        self.0.wait_unlimited(|state| state.open);
    }
}
