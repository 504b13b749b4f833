//! The command lines that an import ends by naming: to go on with it, and to import what was refused.
//!
//! They are made of the options that were given, so that they mean the same when they are pasted into a shell. The write key is never
//! among them, for there is no option that holds it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use super::args::Args;
use super::plan::MYSQL_NULL;
use super::read::Container;

/// Options that are of one run: what they ask for has been done.
const OF_ONE_RUN: &[&str] = &["file", "restart", "key_changed"];
/// Options that are of one file, of which refused records are no longer.
const OF_ONE_FILE: &[&str] = &["format", "delimiter", "columns", "source", "checkpoint", "refused"];

/// The options of a command line, as they were given.
#[derive(Debug, Default)]
pub(super) struct Next {
    file: OsString,
    options: Vec<(String, String)>,
    /// What refused records need said, because their file does not say it.
    for_refused: Vec<String>,
}

impl Next {
    /// After the command line `arguments`, which has been understood as `args`. Its source has columns if `is_table`.
    pub(super) fn new(arguments: impl IntoIterator<Item = OsString>, args: &Args, is_table: bool) -> Self {
        let mut next = Self { file: args.file.clone().into(), ..Self::default() };
        let command = crate::args::command();
        let matches = command.clone().try_get_matches_from(arguments);
        let given = matches.as_ref().ok().and_then(|matches| matches.subcommand_matches("import"));
        if let (Some(given), Some(import)) = (given, command.find_subcommand("import")) {
            next.options = import.get_arguments().flat_map(|arg| options(given, arg)).collect();
        }
        let mapping = &args.mapping;
        if is_table && args.from.is_none() && !mapping.has_any() {
            next.for_refused.push("--properties '*'".to_owned());
        }
        if args.format == Some(Container::Mysql) && mapping.null.is_none() {
            next.for_refused.push(option("null", OsStr::new(MYSQL_NULL)));
        }
        if mapping.id_from.is_some() || mapping.source.is_some() {
            // It is part of the ids.
            next.for_refused.push(option("source", OsStr::new(&args.source())));
        }
        next
    }

    /// The command that goes on with it.
    pub(super) fn resume(&self) -> String {
        self.command(&self.file, &[], &[])
    }

    /// The command that imports a file of records that were refused.
    pub(super) fn mended(&self, refused: &Path) -> String {
        self.command(refused.as_os_str(), OF_ONE_FILE, &self.for_refused)
    }

    fn command(&self, file: &OsStr, without: &[&str], further: &[String]) -> String {
        let is_kept = |id: &str| !OF_ONE_RUN.contains(&id) && !without.contains(&id);
        let kept = self.options.iter().filter(|(id, _)| is_kept(id)).map(|(_, text)| text);
        let mut text = format!("klime import {}", operand(file));
        for option in kept.chain(further) {
            text.push(' ');
            text.push_str(option);
        }
        text
    }
}

/// An option as often as it was given, with its id.
fn options(given: &ArgMatches, arg: &Arg) -> Vec<(String, String)> {
    let id = arg.get_id().as_str();
    let (Some(ValueSource::CommandLine), Some(name)) = (given.value_source(id), arg.get_long()) else {
        return Vec::new();
    };
    if !arg.get_action().takes_values() {
        return vec![(id.to_owned(), format!("--{name}"))];
    }
    let delimiter = arg.get_value_delimiter().unwrap_or(',').to_string();
    let occurrences = given.get_raw_occurrences(id).into_iter().flatten();
    let joined = occurrences.map(|values| values.collect::<Vec<_>>().join(OsStr::new(&delimiter)));
    joined.map(|value| (id.to_owned(), option(name, &value))).collect()
}

/// An option with its value, for a shell.
pub(super) fn option(name: &str, value: &OsStr) -> String {
    let is_like_an_option = value.as_encoded_bytes().starts_with(b"-");
    format!("--{name}{}{}", if is_like_an_option { "=" } else { " " }, quoted(value))
}

fn operand(file: &OsStr) -> String {
    match file.as_encoded_bytes() {
        b"-" => "-".to_owned(),
        [b'-', ..] => quoted(&[OsStr::new("./"), file].join(OsStr::new(""))),
        _ => quoted(file),
    }
}

/// A word for a shell: what it would take for something else stands in quotes, what a terminal would obey as an escape.
fn quoted(word: &OsStr) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_./:=,@%+-".contains(char);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if crate::print::printable(text) == text => format!("'{}'", text.replace('\'', "'\\''")),
        _ => {
            let mut text = "$'".to_owned();
            for byte in word.as_encoded_bytes() {
                match byte {
                    b'\'' | b'\\' => text.extend(['\\', char::from(*byte)]),
                    b' '..=b'~' => text.push(char::from(*byte)),
                    _ => text.push_str(&format!("\\{byte:03o}")),
                }
            }
            text + "'"
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn next(arguments: &[&str], is_table: bool) -> Next {
        let args = Line::parse_from([&["import"], arguments].concat()).args;
        let all = [&["klime", "import"], arguments].concat();
        Next::new(all.into_iter().map(OsString::from), &args, is_table)
    }

    #[test]
    fn what_was_given_is_given_again() {
        let arguments = [
            "--event",
            "Order Placed",
            "orders.csv",
            "--map=userId=customer id",
            "--map",
            "ip=a",
            "--restart",
            "--infer",
            "--columns",
            "a,b",
            "--delimiter",
            ";",
            "--timezone",
            "+01:00",
            "--key-changed",
            "--checkpoint",
            "it's",
            "--write-key-file",
            "key file",
        ];
        let again = next(&arguments, true);
        let rest = "--map 'userId=customer id' --map ip=a --event 'Order Placed' --infer --timezone +01:00";
        assert_eq!(
            again.resume(),
            format!(
                "klime import orders.csv {rest} --delimiter ';' --columns a,b --checkpoint 'it'\\''s' --write-key-file 'key file'"
            )
        );
        assert_eq!(
            again.mended(Path::new("r.ndjson")),
            format!("klime import r.ndjson {rest} --write-key-file 'key file'")
        );
        let again = next(&["orders.csv", "--id-from", "id", "--retry-delay", "2s"], true);
        assert_eq!(
            again.mended(Path::new("r")),
            "klime import r --id-from id --retry-delay 2s --properties '*' --source orders.csv",
        );
        assert_eq!(
            next(&["e.ndjson", "--from", "segment"], false).mended(Path::new("-r")),
            "klime import ./-r --from segment"
        );
        assert_eq!(
            next(&["-", "--format", "mysql", "--event", "A"], true).mended(Path::new("r")),
            "klime import r --event A --null NULL"
        );
        assert_eq!(next(&["-"], false).resume(), "klime import -");
    }

    #[test]
    fn words_are_quoted_as_shells_read_them() {
        for (word, expected) in [
            ("a/b-1.csv", "a/b-1.csv"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(x)`", "'$(x)`'"),
            ("~", "'~'"),
            ("Grüße", "'Grüße'"),
            ("a\n\u{1b}'\\", "$'a\\012\\033\\'\\\\'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), expected, "{word:?}");
        }
        assert_eq!(option("delimiter", OsStr::new("-")), "--delimiter=-");
    }
}
