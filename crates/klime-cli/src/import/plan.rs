//! From the command line to an import that can run: the source is opened and looked at, and the checkpoint is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::args::{Args, From, MappingArgs};
use super::checkpoint::{Checkpoint, CheckpointFile, Identity, WRITE_KEY};
use super::convert::{Converter, bytes_of};
use super::header;
use super::id::fingerprint;
use super::mapping::{Columns, Meaning, PostHog, Rest, Segment, Target, Times};
use super::read::{Container, Dialect, Header, Reader, Source, check, look};
use super::refused::RefusedFile;
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
    let path = checkpoint_path(args, total_bytes.is_none());
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
    let refused = RefusedFile::open(refused_path(args, total_bytes.is_none()), checkpoint.refused.clone())?;
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

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Brings the reader to where the checkpoint is, if the source is the one that it was, and says what it is to go on with. When nothing
/// was sent yet, whatever has changed is a better try.
fn go_on(
    reader: &mut Reader,
    mut found: Checkpoint,
    identity: Identity,
    options: BTreeMap<String, String>,
    args: &Args,
) -> Result<Checkpoint, String> {
    if let (true, Some(key)) = (args.progress.key_changed, options.get(WRITE_KEY)) {
        found.options.insert(WRITE_KEY.to_owned(), key.clone());
    }
    match found.check_options(&options).and_then(|()| check_source(&found, &identity, &args.file)) {
        Err(_) if found.is_unsent => return Ok(Checkpoint::new(options, identity)),
        checked => checked?,
    }
    if let Some(last) = &found.source.last {
        go_behind(reader, last, &found)?;
        // A last line that had no line end may have one now.
        found.position = reader.position();
    }
    Ok(found)
}

/// Checks that the source begins as it did.
fn check_source(found: &Checkpoint, identity: &Identity, path: &Path) -> Result<(), String> {
    let was_file = found.source.head_bytes > 0;
    if was_file && identity.head.is_empty() {
        return Err("is of a file, and this is a stream".to_owned());
    }
    if was_file && head(path, found.source.head_bytes).as_ref() != Some(&found.source.head) {
        return Err("is of a file that began otherwise".to_owned());
    }
    Ok(())
}

/// Reads the last record that was settled again, to see that it is the same.
fn go_behind(reader: &mut Reader, last: &str, found: &Checkpoint) -> Result<(), String> {
    let line = found.position.lines;
    let changed = || format!("is of a source that was otherwise at line {line}");
    reader.go_to(found.source.last_start).map_err(|_| changed())?;
    let record = reader.read().ok().flatten().ok_or_else(changed)?;
    if fingerprint(&bytes_of(&record.content)) == last {
        return Ok(());
    }
    match record.end.bytes > found.position.bytes {
        true => Err(format!(
            "goes to line {line}, which is longer now than it was when it was sent, so half of it was sent"
        )),
        false => Err(changed()),
    }
}

/// A hash of a file's first bytes; `None` when there are not so many.
fn head(path: &Path, bytes: u64) -> Option<String> {
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(bytes).read_to_end(&mut head)).ok()?;
    (head.len() as u64 == bytes).then(|| fingerprint(&head))
}
