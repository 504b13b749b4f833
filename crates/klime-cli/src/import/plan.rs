//! From the command line to an import that can run: the source is opened and looked at, and the checkpoint is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::args::{Args, From, MappingArgs};
use super::checkpoint::{Checkpoint, CheckpointFile, Identity, WRITE_KEY};
use super::convert::Converter;
use super::header;
use super::id::fingerprint;
use super::mapping::{Columns, Meaning, PostHog, Rest, Segment, Target, Times};
use super::place::place;
use super::read::{Container, Dialect, Header, Reader, Source, check, look};
use super::refused::RefusedFile;
use super::resume::go_on;
use super::run::{Plan, Waiting};
use crate::settings::Settings;

/// By so many of its first bytes a file is known again.
const HEAD_BYTES: u64 = 64 * 1024;

/// How `mysql --batch` prints that there is no value.
pub(super) const MYSQL_NULL: &str = "NULL";

/// A source that is open, and how its records become events.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) reader: Reader,
    pub(super) converter: Converter,
    pub(super) total_bytes: Option<u64>,
    /// As it is called in messages.
    pub(super) name: String,
    /// What may be wrong with its records.
    pub(super) hint: Option<String>,
    identity: Identity,
    options: BTreeMap<String, String>,
}

/// Opens the source.
///
/// # Errors
///
/// A sentence that names the file or the option that is at fault.
pub(super) fn open(args: &Args) -> Result<Opened, String> {
    let is_stream = args.is_stdin();
    let shown = if is_stream { "standard input".to_owned() } else { args.file.display().to_string() };
    let (mut source, total_bytes, identity) = match is_stream {
        true => (Source::stream(io::stdin()), None, Identity::default()),
        false => open_file(&args.file).map_err(|problem| format!("{shown} {problem}"))?,
    };
    let start = source.peek().map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let container = match args.format {
        Some(container) => check(start, container).map(|()| container),
        None => look(start, (!is_stream).then_some(&args.file)),
    };
    let container = container.map_err(|problem| format!("{shown} {problem}"))?;
    let converter = converter(args, container)?;
    let mapping = &args.mapping;
    check_container(mapping, container)?;
    let hint = if container == Container::Ndjson { header::hint(start, &converter.meaning) } else { None };
    let reader = match container {
        Container::Ndjson => Reader::lines(source),
        Container::Csv | Container::Mysql => {
            let dialect = if container == Container::Csv { Dialect::Csv(delimiter(args)) } else { Dialect::Mysql };
            let header =
                if mapping.columns.is_empty() { Header::FirstRow } else { Header::Given(mapping.columns.clone()) };
            let reader = Reader::table(source, dialect, header);
            reader.map_err(|problem| format!("{shown}: {problem}"))?
        }
    };
    if let Some(columns) = reader.columns() {
        header::check(columns, !mapping.columns.is_empty(), &converter, &shown)?;
    }
    let options = options(args, container, &converter);
    Ok(Opened { reader, converter, total_bytes, name: shown, hint, identity, options })
}

fn open_file(path: &Path) -> Result<(Source, Option<u64>, Identity), String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let mut file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if metadata.is_dir() {
        return Err("is a directory; name the file in it".to_owned());
    }
    if !metadata.is_file() {
        // A named pipe or the like: what was read of it is gone.
        return Ok((Source::stream(file), None, Identity::default()));
    }
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(cannot)?;
    file.seek(SeekFrom::Start(0)).map_err(cannot)?;
    let identity = Identity { head_bytes: head.len() as u64, head: fingerprint(&head), ..Identity::default() };
    Ok((Source::file(file), Some(metadata.len()), identity))
}

fn delimiter(args: &Args) -> u8 {
    let is_tsv = args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
    args.mapping.delimiter.unwrap_or(if is_tsv { b'\t' } else { b',' })
}

/// Options of CSV are no use elsewhere, unless they are those of a mapping file, which is for all.
fn check_container(mapping: &MappingArgs, container: Container) -> Result<(), String> {
    let (is, has_columns) = match container {
        Container::Csv => return Ok(()),
        Container::Ndjson => ("NDJSON", false),
        Container::Mysql => ("what mysql --batch prints", true),
    };
    let option = match mapping {
        MappingArgs { mapping: Some(_), .. } => return Ok(()),
        MappingArgs { delimiter: Some(_), .. } => "--delimiter",
        MappingArgs { columns, .. } if !columns.is_empty() && !has_columns => "--columns",
        _ => return Ok(()),
    };
    Err(format!("{option} is for CSV, and these records are {is}; --format csv says otherwise"))
}

fn converter(args: &Args, container: Container) -> Result<Converter, String> {
    let MappingArgs { map, kind, event, properties, infer, timezone, id_from, null, .. } = &args.mapping;
    let has_mapping = args.mapping.has_any();
    let exports = &args.exports;
    let meaning = match args.from {
        Some(_) if has_mapping => {
            return Err("--from says what the fields are, so they cannot be mapped as well".to_owned());
        }
        Some(From::Segment) => {
            Meaning::Segment(Segment { pages: exports.pages, skip_anonymous: exports.skip_anonymous })
        }
        Some(From::Posthog) => Meaning::PostHog(PostHog {
            pages: exports.pages,
            skip_anonymous: exports.skip_anonymous,
            keep_dollar: exports.keep_dollar,
            group_type: exports.group_type.clone(),
        }),
        None => Meaning::Columns(Columns {
            is_event: !has_mapping && container == Container::Ndjson,
            kind: kind.clone(),
            event: event.clone(),
            map: map.clone(),
            rest: properties.clone().unwrap_or(Rest { all: true, named: Vec::new() }),
            infer: *infer,
        }),
    };
    let source = args.source();
    let of_mysql = || (container == Container::Mysql).then(|| MYSQL_NULL.to_owned());
    let null = null.clone().or_else(of_mysql);
    Ok(Converter { source, meaning, times: Times { zone: timezone.clone() }, id_from: id_from.clone(), null })
}

/// What shapes the events, for the checkpoint.
fn options(args: &Args, container: Container, converter: &Converter) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    add("format", Some(format!("{container:?}").to_lowercase()));
    add("source", Some(converter.source.clone()));
    add("id-from", converter.id_from.clone());
    add("null", converter.null.clone());
    add("timezone", converter.times.zone.as_ref().map(zone_name));
    add("columns", (!args.mapping.columns.is_empty()).then(|| args.mapping.columns.join(",")));
    add("delimiter", (container == Container::Csv).then(|| char::from(delimiter(args)).to_string()));
    match &converter.meaning {
        Meaning::Columns(columns) => {
            add("type", columns.kind.clone());
            add("event", columns.event.clone());
            for (target, column) in &columns.map {
                add(&format!("map {}", Target::name(*target)), Some(column.clone()));
            }
            add("properties", Some(columns.rest.to_string()).filter(|_| !columns.is_event));
            add("infer", given(columns.infer));
        }
        Meaning::Segment(Segment { pages, skip_anonymous }) => {
            add("from", Some("segment".to_owned()));
            add("pages", given(*pages));
            add("skip-anonymous", given(*skip_anonymous));
        }
        Meaning::PostHog(PostHog { pages, skip_anonymous, keep_dollar, group_type }) => {
            add("from", Some("posthog".to_owned()));
            add("pages", given(*pages));
            add("skip-anonymous", given(*skip_anonymous));
            add("keep-dollar", given(*keep_dollar));
            add("group-type", group_type.clone());
        }
    }
    options
}

/// An option without a value, if it is given.
fn given(is_given: bool) -> Option<String> {
    is_given.then(|| "true".to_owned())
}

fn zone_name(zone: &jiff::tz::TimeZone) -> String {
    let offset = || zone.to_fixed_offset().map(|offset| offset.to_string()).unwrap_or_default();
    zone.iana_name().map_or_else(offset, str::to_owned)
}

/// An import that can run, from where the last one was.
///
/// # Errors
///
/// A sentence that names the file or the option that is at fault.
pub(super) fn plan(args: &Args, opened: Opened, settings: &Settings) -> Result<Plan, String> {
    let Opened { mut reader, converter, total_bytes, name, identity, mut options, .. } = opened;
    options.insert("endpoint".to_owned(), settings.endpoint.clone());
    if let Some((key, _)) = &settings.write_key {
        options.insert(WRITE_KEY.to_owned(), key.mark());
    }
    let is_stream = total_bytes.is_none();
    let (path, refused_path) = (checkpoint_path(args, is_stream), refused_path(args, is_stream));
    check_apart(args, path.as_deref(), &refused_path)?;
    let (file, found) = match path {
        Some(path) if args.progress.restart => (Some(CheckpointFile::anew(path)?), None),
        Some(path) => CheckpointFile::open(path).map(|(file, found)| (Some(file), found))?,
        None => (None, None),
    };
    let checkpoint = match (found, &file) {
        (Some(found), Some(file)) => {
            let name = file.path().display();
            go_on(&mut reader, found, identity, options, args).map_err(|problem| {
                format!("the checkpoint {name} {problem}; to begin anew, use --restart, or another --checkpoint")
            })?
        }
        _ => Checkpoint::new(options, identity),
    };
    let refused = RefusedFile::open(refused_path, checkpoint.refused.clone())?;
    Ok(Plan {
        start: reader.position(),
        reader,
        converter,
        source_name: name,
        total_bytes,
        checkpoint,
        checkpoint_file: file,
        refused,
        rate: args.progress.rate,
        waiting: Waiting {
            endpoint: settings.endpoint.clone(),
            retry_delay: args.progress.retry_delay,
            patience: args.progress.patience,
        },
        json: args.json,
    })
}

/// A stream, such as standard input or a named pipe, is another one in each run, unless it is said by a name that it is not.
fn checkpoint_path(args: &Args, is_stream: bool) -> Option<PathBuf> {
    let beside = || (!is_stream).then(|| with_suffix(&args.file, ".klime-checkpoint"));
    args.progress.checkpoint.clone().or_else(beside)
}

fn refused_path(args: &Args, is_stream: bool) -> PathBuf {
    let name = match (is_stream, &args.progress.checkpoint) {
        (true, Some(checkpoint)) => checkpoint,
        (true, None) => Path::new("stdin"),
        (false, _) => &args.file,
    };
    args.progress.refused.clone().unwrap_or_else(|| with_suffix(name, ".refused.ndjson"))
}

/// Checks that nothing is written into what is read, or into what else is written.
fn check_apart(args: &Args, checkpoint: Option<&Path>, refused: &Path) -> Result<(), String> {
    let is_same = |one: &Path, other: &Path| matches!((place(one), place(other)), (Ok(one), Ok(other)) if one == other);
    let is_source = |path: &Path| !args.is_stdin() && is_same(path, &args.file);
    let (path, problem) = match checkpoint {
        _ if is_source(refused) => (refused, "is what is imported; name another file by --refused"),
        Some(path) if is_source(path) => (path, "is what is imported; name another file by --checkpoint"),
        Some(path) if is_same(path, refused) => (refused, "is the checkpoint; name another file by --refused"),
        _ => return Ok(()),
    };
    Err(format!("{} {problem}", path.display()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
