//! Whether a value looks like a secret.

use super::Keys;
use crate::dev::checks::report::{Check, Rule, counted, grouped};

const SECRETS: Rule = Rule {
    id: "secrets",
    title: "No secrets are sent",
    why: "Events are shown to everybody who works with Klime, and kept; passwords, tokens and card numbers must not \
          be in them.",
    fix: "Remove the value from the event; what says enough is a boolean or the last four digits. Replace a secret \
          that was sent.",
};

impl Keys {
    pub(super) fn secrets(&self) -> Check {
        match self.secrets.count() {
            0 if self.noted == 0 => SECRETS.waiting("No property or trait came yet."),
            0 => SECRETS.ok(format!(
                "{}, and none looks like a secret{}.",
                counted(self.noted, "value"),
                self.keys.limit()
            )),
            1 => SECRETS.error("1 key holds what looks like a secret.", self.secrets.clone()),
            count => {
                SECRETS.error(format!("{} keys hold what looks like a secret.", grouped(count)), self.secrets.clone())
            }
        }
    }
}
