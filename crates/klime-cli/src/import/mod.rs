//! `klime import`: history from a file into Klime, such that it can be trusted.
//!
//! A source is read record by record (`read`), each record becomes an event or is refused (`convert`, `mapping`), and events go
//! through the SDK (`run`). What is settled is known by barriers, in the order of the source; a `checkpoint` says how far that is,
//! and what was refused is in a file of its own (`refused`). Message ids are those of the records, or made of them (`id`), so that
//! whatever is sent again is known again.

mod args;
pub mod checkpoint;
pub mod convert;
pub mod counts;
mod header;
mod id;
mod lock;
pub mod mapping;
mod mapping_file;
mod next;
mod outline;
mod place;
mod plan;
pub mod read;
mod refused;
mod repeats;
mod report;
mod resume;
mod run;

use std::time::Instant;

pub(crate) use args::Args;

use crate::clock;
use crate::exit::Exit;
use crate::print;
use crate::settings::Settings;
use convert::Converter;
use counts::Counts;
use mapping::NoEvent;
use next::Next;
use outline::Outline;
use plan::Opened;
use read::Reader;
use repeats::Ids;

/// Runs `klime import`.
pub(crate) fn import(mut args: Args) -> Exit {
    let json = args.json;
    let began = clock::now();
    prepare(&mut args, began).unwrap_or_else(|problem| report::usage(&problem, Exit::Usage, json))
}

fn prepare(args: &mut Args, began: Instant) -> Result<Exit, String> {
    mapping_file::complete(&mut args.mapping)?;
    if args.dry_run {
        return dry_run(args, began);
    }
    let settings = Settings::read(&args.connection).map_err(|error| error.to_string())?;
    if settings.is_disabled {
        return Ok(report::usage("nothing was sent: KLIME_DISABLED is set", Exit::Taken, args.json));
    }
    let builder = settings.client().map_err(|error| error.to_string())?;
    // A setting that is no good is told before the file is looked at.
    drop(builder.clone().build().map_err(|error| settings.explain(&error).to_string())?);
    let builder = run::client_settings(builder, args.progress.retry_delay);
    let plan = plan::plan(args, open(args)?, &settings)?;
    let (name, has_checkpoint) = (plan.source_name.clone(), plan.checkpoint_file.is_some());
    let next = Next::new(std::env::args_os(), args, plan.reader.columns().is_some());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    Ok(match runtime.block_on(run::run(plan, builder)) {
        Ok(ended) => {
            let took = clock::now().saturating_duration_since(began);
            match args.json {
                true => report::ended_as_json(&name, &ended, took),
                false => report::ended(&name, &ended, took, &next, has_checkpoint),
            }
        }
        Err(stop) => report::usage(&stop.message, stop.exit, args.json),
    })
}

/// Opens the source, and says what may be wrong with it.
fn open(args: &Args) -> Result<Opened, String> {
    let opened = plan::open(args)?;
    if let Some(hint) = &opened.hint {
        print::warning(print::printable(&format!("{}: {hint}", opened.name)));
    }
    Ok(opened)
}

fn dry_run(args: &Args, began: Instant) -> Result<Exit, String> {
    let Opened { mut reader, converter, name, .. } = open(args)?;
    let checked = check(&mut reader, &converter).map_err(|error| format!("{name} cannot be read further: {error}"))?;
    let took = clock::now().saturating_duration_since(began);
    let outline = Outline::of(reader.columns(), &converter);
    Ok(report::dry_run(&name, &checked, outline.as_ref(), took, args.json))
}

/// What a dry run has found.
#[derive(Debug, Default)]
struct Checked {
    counts: Counts,
    /// The first event that would be sent, and the line of its record.
    first: Option<(u64, String)>,
}

/// What would become of each record, as far as that can be said without Klime.
fn check(reader: &mut Reader, converter: &Converter) -> std::io::Result<Checked> {
    let (mut checked, mut ids) = (Checked::default(), Ids::default());
    let counts = &mut checked.counts;
    while let Some(record) = reader.read()? {
        match converter.convert(&record) {
            Ok(event) => {
                counts.accept(record.line, event.kind, ids.add(&event, converter.id_from.as_deref()));
                checked.first.get_or_insert((record.line, event.json));
            }
            Err(NoEvent::Refused(fault)) => counts.refuse_for(record.line, &fault),
            Err(NoEvent::Skipped(reason)) => counts.skip(reason),
        }
    }
    Ok(checked)
}
