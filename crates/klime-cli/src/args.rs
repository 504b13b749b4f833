//! The command line: which commands there are. Each command's own arguments live beside the command.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::{completions, dev, doctor, import, print, send};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  klime dev                                     a local Klime, with a page that shows what arrives
  klime dev --demo                              the same, filled with a company's month
  klime track 'Button Clicked' --user user_123  one event, from a shell or cron
  klime import events.ndjson                    months of history, safely
  klime doctor                                  why no events arrive

Exit status:
  0  taken, or all is well
  1  refused by Klime: trying the same again is no use
  2  the command line or the configuration is at fault, nothing was sent
  3  Klime was not reached or could not take it for now: try again later

Environment:
  KLIME_WRITE_KEY       the write key; or KLIME_WRITE_KEY_FILE, a file that holds it
  KLIME_ENDPOINT        where Klime is, by default https://i.klime.com
  KLIME_DISABLED=1      send nothing";

/// Customer analytics with Klime, from a shell: a local Klime to develop against, single events, history from files, and a
/// doctor.
///
/// An independent implementation of Klime's ingest protocol; not made or endorsed by the company Klime.
#[derive(Debug, Parser)]
#[command(name = "klime", version, styles = STYLES, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Args),
    Track(send::TrackArgs),
    Identify(send::IdentifyArgs),
    Group(send::GroupArgs),
    Import(Box<import::Args>),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

/// Runs the command that `arguments` name, the program's name first.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &arguments),
    };
    match cli.command {
        Command::Dev(args) => dev::run(args),
        Command::Track(args) => send::track(args).into(),
        Command::Identify(args) => send::identify(args).into(),
        Command::Group(args) => send::group(args).into(),
        Command::Import(args) => import::import(*args).into(),
        Command::Doctor(args) => doctor::run(&args).into(),
        Command::Completions(args) => completions::run(&args).into(),
    }
}

/// `--help` and `--version` come as errors too; they are answers.
fn refuse(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let is_sending =
        arguments.get(1).is_some_and(|command| ["track", "identify", "group"].iter().any(|of| command == of));
    if is_sending && error.use_stderr() && arguments.iter().any(|argument| argument == "--json") {
        return send::misspelt(&error.render().to_string()).into();
    }
    // A reader that has gone away, such as `head`, has what it wanted.
    let _ = error.print();
    if is_second_file(error, arguments) {
        let all = "for file in FILE…; do klime import \"$file\"; done";
        print::note(format_args!("\nklime import takes one file at a time; for several: {all}"));
    }
    match error.use_stderr() {
        true => Exit::Usage.into(),
        false => Exit::Taken.into(),
    }
}

/// Whether what is too much is another file to import.
fn is_second_file(error: &clap::Error, arguments: &[OsString]) -> bool {
    let is_import = arguments.get(1).is_some_and(|command| command == "import");
    let what = error.get(ContextKind::InvalidArg).filter(|_| is_import && error.kind() == ErrorKind::UnknownArgument);
    matches!(what, Some(ContextValue::String(text)) if !text.starts_with('-'))
}

/// The parser, for shell completions.
pub(crate) fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
