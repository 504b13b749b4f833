//! What the exit status says. It is the same for all commands.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Klime took it, or all is well.
    Taken,
    /// Klime refused it, or what was expected did not happen: trying the same again is no use.
    Refused,
    /// The command line, the environment or the event is at fault; nothing was sent.
    Usage,
    /// Klime was not reached, or could not take it for now: trying again later may help.
    Unreachable,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Taken => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
