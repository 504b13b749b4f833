//! The command line of `klime import`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use jiff::tz::TimeZone;

use super::mapping::{Rest, Target, zone};
use super::read::Container;
use crate::duration;
use crate::settings::Connection;

const EXAMPLES: &str = r#"Examples:
  klime import events.ndjson --dry-run          what would be sent, and what is wrong with the rest
  klime import events.ndjson                    run it again to go on where it stopped
  klime import orders.csv --event 'Order Placed' --map userId=customer_id \
    --map timestamp=placed_at --timezone UTC
  psql -c "COPY (SELECT …) TO STDOUT CSV HEADER" |
    klime import - --event 'Order Placed' --id-from id
  klime import users.csv --type identify \
    --map userId=id --map timestamp=created_at --timezone UTC
  klime import segment.ndjson --from segment
  klime import posthog.jsonl --from posthog --group-type company

Lines: each line of NDJSON is an event as the SDKs send it:
  {"type":"track","event":"…","userId":"…","timestamp":"…","properties":{…}}
With --map, --type, --event or --properties its fields are mapped, as the columns of a CSV file are. A record without a messageId gets one that is the same in each run, so nothing counts twice.

Exit status:
  0  Klime has everything
  1  something was refused, or is lost behind the id of another record
  2  the command line, the file or the configuration is at fault, nothing was sent
  3  it was stopped, or Klime was not reached: it prints the command to go on with"#;

/// Import history from a file: NDJSON, CSV, or an export of Segment or PostHog.
///
/// Goes through the Klime SDK. How far it is stands in a checkpoint, so that it can be killed and run again: every record
/// arrives, and what arrives twice is counted once. What is refused goes into a file, to be mended and imported again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file to import; - is standard input
    pub(super) file: PathBuf,

    /// How records stand in the file; mysql is what mysql --batch prints [default: by its name and its first byte]
    #[arg(long, value_parser = PossibleValuesParser::new(["ndjson", "csv", "mysql"]).map(container))]
    pub(super) format: Option<Container>,

    /// Whose records they are [default: columns, or events as the SDKs send them]
    #[arg(long, value_enum)]
    pub(super) from: Option<From>,

    /// Only check, and say what would be sent, with the mapping and the first event; needs no write key and writes
    /// nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) mapping: MappingArgs,

    #[command(flatten)]
    pub(super) exports: ExportArgs,

    #[command(flatten)]
    pub(super) progress: ProgressArgs,

    /// Print progress and outcome as JSON objects, the outcome last
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) connection: Connection,
}

/// Whose records a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum From {
    /// Messages as Segment stores them.
    Segment,
    /// PostHog's batch export of events.
    Posthog,
}

/// What the columns of a file are.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Mapping")]
pub(super) struct MappingArgs {
    /// Which column (or field, a.b within an object) is what; FIELD is userId, groupId, timestamp, messageId, event,
    /// type, ip or properties; may be given several times [default: the columns of these names]
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = parse_map)]
    pub(super) map: Vec<(Target, String)>,

    /// The type of all events: track, identify or group [default: track, if there is an event name]
    #[arg(long = "type", value_name = "TYPE", value_parser = ["track", "identify", "group"])]
    pub(super) kind: Option<String>,

    /// The name of all events
    #[arg(long, value_name = "NAME")]
    pub(super) event: Option<String>,

    /// Which other columns become properties or traits: a,b or all with *; COLUMN:TYPE makes a text a number, boolean,
    /// time or json [default: *]
    #[arg(long, visible_alias = "traits", value_name = "COLUMNS", value_parser = Rest::parse)]
    pub(super) properties: Option<Rest>,

    /// Take texts for numbers and truth values where they look like it
    #[arg(long)]
    pub(super) infer: bool,

    /// Options of this section from a JSON file; those of the command line win
    #[arg(long, value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,

    /// The zone of times that say none: UTC, +01:00, Europe/Berlin
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    pub(super) timezone: Option<TimeZone>,

    /// Make message ids of this column, which must be another for each record [default: of the record and its place]
    #[arg(long, value_name = "COLUMN")]
    pub(super) id_from: Option<String>,

    /// The name of the source, which is part of those message ids [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,

    /// The text that stands for no value, besides an empty one in CSV [default: NULL with --format mysql]
    #[arg(long, value_name = "TEXT")]
    pub(super) null: Option<String>,

    /// What separates columns: one character, or tab [default: a comma, in a .tsv file a tab]
    #[arg(long, value_name = "CHARACTER", value_parser = parse_delimiter)]
    pub(super) delimiter: Option<u8>,

    /// The columns' names, for CSV without a header: id,name,…
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) columns: Vec<String>,
}

/// How exports of other tools are taken.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Segment and PostHog")]
pub(super) struct ExportArgs {
    /// Take page and screen views, as tracks named 'Page Viewed' and 'Screen Viewed'
    #[arg(long, requires = "from")]
    pub(super) pages: bool,

    /// Skip events of unknown users, instead of refusing them
    #[arg(long, requires = "from")]
    pub(super) skip_anonymous: bool,

    /// Keep PostHog's own properties, which begin with $
    #[arg(long, requires = "from")]
    pub(super) keep_dollar: bool,

    /// The type of PostHog's groups that are Klime's groups
    #[arg(long, value_name = "TYPE", requires = "from")]
    pub(super) group_type: Option<String>,
}

/// How it goes on.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Progress")]
pub(super) struct ProgressArgs {
    /// Send at most so many events a second
    #[arg(long, value_name = "EVENTS", value_parser = parse_rate)]
    pub(super) rate: Option<u32>,

    /// Where it is kept how far the import is [default: FILE.klime-checkpoint; for standard input and
    /// named pipes there is none]
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,

    /// Begin anew, whatever the checkpoint says
    #[arg(long)]
    pub(super) restart: bool,

    /// Go on with another write key than it was begun with, one of the same account
    #[arg(long)]
    pub(super) key_changed: bool,

    /// Where refused records go; what an earlier import left there gets another name [default: FILE.refused.ndjson; for
    /// standard input and named pipes CHECKPOINT.refused.ndjson, and stdin.refused.ndjson if there is no checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(super) refused: Option<PathBuf>,

    /// How long it goes on trying while Klime takes nothing; then it stops, to be gone on with later
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration::parse)]
    pub(super) patience: Duration,

    /// How long it waits before the first retry; twice as long before each further one, up to 16s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    pub(super) retry_delay: Duration,
}

impl MappingArgs {
    /// Whether it says what the columns are, so that the records are no events as the SDKs send them.
    pub(super) fn has_any(&self) -> bool {
        let Self { map, kind, event, properties, infer, .. } = self;
        !map.is_empty() || kind.is_some() || event.is_some() || properties.is_some() || *infer
    }
}

impl Args {
    /// The name of the source.
    pub(super) fn source(&self) -> String {
        let own_name = || match self.is_stdin() {
            true => "stdin".to_owned(),
            false => self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        };
        self.mapping.source.clone().unwrap_or_else(own_name)
    }

    pub(super) fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }
}

fn container(word: String) -> Container {
    match word.as_str() {
        "csv" => Container::Csv,
        "mysql" => Container::Mysql,
        _ => Container::Ndjson,
    }
}

pub(super) fn parse_map(text: &str) -> Result<(Target, String), String> {
    let words = || Target::ALL.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    match text.split_once('=') {
        Some((word, column)) if !column.is_empty() => match Target::parse(word) {
            Some(target) => Ok((target, column.to_owned())),
            None => Err(format!("{word:?} is no field; it must be one of {}", words())),
        },
        _ => Err("it must be FIELD=COLUMN, such as userId=customer_id".to_owned()),
    }
}

fn parse_rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok().filter(|rate| (1..=1_000_000).contains(rate));
    rate.ok_or_else(|| "it must be a whole number of events a second, from 1 to 1000000".to_owned())
}

pub(super) fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_graphic() && *byte != b'"' => Ok(*byte),
        _ if matches!(text, "tab" | "\\t" | "\t") => Ok(b'\t'),
        _ => Err("it must be one character, such as ; or |, or the word tab".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_mapped_to_a_field_by_name() {
        assert_eq!(parse_map("userId=user id"), Ok((Target::UserId, "user id".to_owned())));
        assert_eq!(parse_map("ip=a=b"), Ok((Target::Ip, "a=b".to_owned())));
        let problem = parse_map("user=id").unwrap_err();
        assert!(problem.starts_with("\"user\" is no field; it must be one of type, event, userId"), "{problem}");
        for text in ["userId", "userId=", ""] {
            assert_eq!(
                parse_map(text),
                Err("it must be FIELD=COLUMN, such as userId=customer_id".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn columns_are_separated_by_a_character() {
        for (text, byte) in [(";", b';'), ("tab", b'\t'), ("\\t", b'\t'), ("|", b'|')] {
            assert_eq!(parse_delimiter(text), Ok(byte), "{text}");
        }
        for text in ["", "ab", "\"", "é", " "] {
            assert!(parse_delimiter(text).is_err(), "{text}");
        }
    }
}
