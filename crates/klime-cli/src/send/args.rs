//! The command lines of `klime track`, `klime identify` and `klime group`.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::fields::Pair;
use super::outcome::Form;
use crate::duration;
use crate::settings::Connection;

const TRACK_EXAMPLES: &str = r#"Examples:
  klime track 'Button Clicked' --user user_123
  klime track 'Report Generated' --user user_123 --properties '{"report_type":"revenue"}'
  klime track 'Backup Finished' --group org_456 --property seconds=42 --property host='db 1'
  klime track 'Order Placed' --user user_123 --properties @order.json
  date +'{"day":"%F"}' | klime track 'Report Sent' --group org_456 --properties -
  klime track 'Invoice Paid' --group org_456 --timestamp 2026-11-23T15:20:00Z

In a crontab, with the key in a file that only its user may read:
  KLIME_WRITE_KEY_FILE=/home/ops/.klime-key
  0 4 * * *  backup.sh && klime track 'Backup Finished' --group org_456 --quiet"#;

const IDENTIFY_EXAMPLES: &str = r#"Examples:
  klime identify user_123 --traits '{"email":"user@example.com","name":"Stefan"}'
  klime identify user_123 --trait email=user@example.com --trait name=Stefan
  klime identify --user user_123 --traits @user.json"#;

const GROUP_EXAMPLES: &str = r#"Examples:
  klime group org_456 --user user_123 --traits '{"name":"Acme Inc","plan":"enterprise"}'
  klime group org_456 --trait plan=enterprise --trait seats=25
  klime group org_456 --user user_123                 only links the user to the group"#;

const VALUES: &str = r#"Values: what is JSON is taken as such, so 42 is a number, true a boolean, '"42"' a string. Anything
else is a string.

Exit status: 0 Klime took the event, 1 it refused it, 2 the command line or the configuration is at
fault, 3 Klime was not reached, or could not take it for now (network, time-out, 429, 5xx)."#;

/// Send one track event: a user or a group did something.
///
/// It is sent at once, by the Klime SDK, and tried again within --timeout while Klime is not reached or busy.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{TRACK_EXAMPLES}\n\n{VALUES}"), arg_required_else_help = true)]
#[command(group = clap::ArgGroup::new("who").args(["user", "group"]).multiple(true).required(true))]
pub(crate) struct TrackArgs {
    /// What happened: "Object Action" in the past tense, such as 'Report Generated'
    pub(super) event: String,

    /// The user who did it
    #[arg(long, value_name = "ID")]
    pub(super) user: Option<String>,

    /// The group in which it happened; without --user it is an event of the group as a whole
    #[arg(long, value_name = "ID")]
    pub(super) group: Option<String>,

    /// Properties as a JSON object; @FILE reads it from a file, - from standard input
    #[arg(long, value_name = "JSON")]
    pub(super) properties: Option<String>,

    /// One property; may be given several times, and wins over --properties
    #[arg(long, value_name = "KEY=VALUE", value_parser = Pair::parse)]
    pub(super) property: Vec<Pair>,

    #[command(flatten)]
    pub(super) common: Common,
}

/// Send one identify event: who a user is.
///
/// It is sent at once, by the Klime SDK, and tried again within --timeout while Klime is not reached or busy.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{IDENTIFY_EXAMPLES}\n\n{VALUES}"), arg_required_else_help = true)]
#[command(group = clap::ArgGroup::new("who").args(["id", "user"]).required(true))]
pub(crate) struct IdentifyArgs {
    /// The user
    #[arg(value_name = "USER")]
    pub(super) id: Option<String>,

    /// The user, as klime track has it
    #[arg(long, value_name = "ID")]
    pub(super) user: Option<String>,

    #[command(flatten)]
    pub(super) traits: Traits,

    #[command(flatten)]
    pub(super) common: Common,
}

/// Send one group event: what a group is, that a user belongs to it, or both.
///
/// It is sent at once, by the Klime SDK, and tried again within --timeout while Klime is not reached or busy.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{GROUP_EXAMPLES}\n\n{VALUES}"), arg_required_else_help = true)]
#[command(group = clap::ArgGroup::new("what").args(["id", "group"]).required(true))]
pub(crate) struct GroupArgs {
    /// The group
    #[arg(value_name = "GROUP")]
    pub(super) id: Option<String>,

    /// The group, as klime track has it
    #[arg(long, value_name = "ID")]
    pub(super) group: Option<String>,

    /// A user who belongs to it
    #[arg(long, value_name = "ID")]
    pub(super) user: Option<String>,

    #[command(flatten)]
    pub(super) traits: Traits,

    #[command(flatten)]
    pub(super) common: Common,
}

/// What `identify` and `group` say of whom they are about.
#[derive(Debug, clap::Args)]
pub(super) struct Traits {
    /// Traits as a JSON object; @FILE reads it from a file, - from standard input
    #[arg(long, value_name = "JSON")]
    pub(super) traits: Option<String>,

    /// One trait; may be given several times, and wins over --traits
    #[arg(long = "trait", value_name = "KEY=VALUE", value_parser = Pair::parse)]
    pub(super) pairs: Vec<Pair>,
}

/// What all three take.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    /// When it happened, such as 2026-11-23T15:20:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(super) timestamp: Option<SystemTime>,

    /// The event's id; Klime counts events with the same id once [default: a new one]
    #[arg(long, value_name = "ID")]
    pub(super) message_id: Option<String>,

    /// The user's IP address
    #[arg(long, value_name = "ADDRESS")]
    pub(super) ip: Option<IpAddr>,

    /// How long it may take, retries included: 500ms, 10s, 1m30s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    pub(super) timeout: Duration,

    /// Print the outcome as a JSON object
    #[arg(long, conflicts_with = "quiet")]
    pub(super) json: bool,

    /// Print nothing when the event was taken, for cron
    #[arg(long, short)]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) connection: Connection,
}

impl Common {
    /// How the outcome is told.
    pub(super) fn form(&self) -> Form {
        match (self.json, self.quiet) {
            (true, _) => Form::Json,
            (false, true) => Form::OnlyFailures,
            (false, false) => Form::People,
        }
    }
}

/// Reads a time with its offset. Whether Klime can have it (1970 to 9999) is the SDK's to say.
fn parse_time(text: &str) -> Result<SystemTime, String> {
    let time = text.parse::<Timestamp>().and_then(SystemTime::try_from);
    time.map_err(|_| "it must be a time such as 2026-11-23T15:20:00Z or 2026-11-23T16:20:00+01:00".to_owned())
}
