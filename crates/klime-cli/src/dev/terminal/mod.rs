//! The terminal: one line for each event that arrives.
//!
//! A terminal can be slow, or stopped. So lines are made and written by a thread of its own, which is handed whole batches
//! through a queue that is bounded in number and in bytes; what does not fit is not shown, and that is said. Lines go to standard
//! output, what the program itself has to say to standard error.

mod json;
mod line;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::event::Judged;
use super::store::{Appended, BatchRecord};
use crate::print;

/// Batches that wait to be shown.
const MAX_WAITING: usize = 1024;
/// Bytes of events that wait to be shown.
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;
/// Lines are handed on when there are so many, or when nothing is waiting.
const ENOUGH_BYTES: usize = 64 * 1024;
/// Warnings that wait to be written.
const MAX_WARNINGS: usize = 64;
/// How long the end waits for a reader that takes nothing.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// How arrivals are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people.
    #[default]
    Lines,
    /// One JSON object a line.
    Json,
    /// Lines for people, of what is wrong alone.
    Quiet,
}

/// A request and its events, on their way to be shown.
#[derive(Debug)]
struct Arrived {
    record: BatchRecord,
    events: Arc<[Judged]>,
    appended: Appended,
}

#[derive(Debug)]
enum Message {
    Text(String),
    Batch(Box<Arrived>),
}

impl Message {
    fn events(&self) -> u64 {
        match self {
            Self::Text(_) => 0,
            Self::Batch(arrived) => arrived.events.len() as u64,
        }
    }
}

/// The handle of the thread that writes.
#[derive(Debug)]
pub(crate) struct Terminal {
    format: Format,
    queue: Mutex<Option<SyncSender<Message>>>,
    waiting_bytes: Arc<AtomicUsize>,
    skipped: Arc<AtomicU64>,
    unshown: Arc<AtomicU64>,
    ended: Mutex<Receiver<io::Result<()>>>,
    warnings: Mutex<Option<SyncSender<String>>>,
    warned: Mutex<Receiver<()>>,
}

impl Terminal {
    /// Starts the thread.
    pub(crate) fn start(format: Format) -> io::Result<Self> {
        let (queue, messages) = sync_channel(MAX_WAITING);
        let (end, ended) = sync_channel(1);
        let mut writer = Writer { format, ..Writer::default() };
        let Writer { waiting_bytes, skipped, unshown, .. } = writer.clone();
        std::thread::Builder::new().name("klime-terminal".to_owned()).spawn(move || {
            let mut output = Output::standard(format);
            let written = writer.run(&messages, |lines| output.write(lines));
            drop(messages);
            let _ = end.send(written);
        })?;
        let (warnings, warned) = start_warnings()?;
        Ok(Self {
            format,
            queue: Mutex::new(Some(queue)),
            waiting_bytes,
            skipped,
            unshown,
            ended: Mutex::new(ended),
            warnings: Mutex::new(Some(warnings)),
            warned: Mutex::new(warned),
        })
    }

    /// Shows a request and its events, now or soon, or not if there is too much.
    pub(crate) fn show(&self, record: BatchRecord, events: Arc<[Judged]>, appended: Appended) {
        if self.format == Format::Quiet && !line::is_wrong(&record, &events) {
            return;
        }
        let (count, bytes) = (events.len(), bytes(&events));
        self.unshown.fetch_add(count as u64, Ordering::Relaxed);
        if self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MAX_WAITING_BYTES.max(bytes) {
            self.skip(count, bytes);
            return;
        }
        let message = Message::Batch(Box::new(Arrived { record, events, appended }));
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().map(|queue| queue.try_send(message));
        if let Some(Err(TrySendError::Full(_))) = sent {
            self.skip(count, bytes);
        }
    }

    fn skip(&self, events: usize, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.skipped.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// A JSON object of its own for those who read `--json`, before everything that is shown later.
    pub(crate) fn object(&self, object: &serde_json::Value) {
        if self.format != Format::Json {
            return;
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // If the thread is gone nobody reads.
        let _ = queue.map(|queue| queue.send(Message::Text(object.to_string())));
    }

    /// Something for the readers of the lines, after all that was shown before.
    pub(crate) fn tell(&self, text: &str) {
        if self.format != Format::Lines {
            return;
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // If the thread is gone nobody reads.
        let _ = queue.map(|queue| queue.send(Message::Text(text.to_owned())));
    }

    /// Something that the program has to say.
    pub(crate) fn say(&self, text: &str) {
        if self.format != Format::Quiet {
            print::note(text);
        }
    }

    /// Something that is wrong, and that nobody else is told. It is left out when too many others wait to be written.
    pub(crate) fn warn(&self, text: &str) {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        drop(warnings.as_ref().map(|warnings| warnings.try_send(text.to_owned())));
    }

    /// Writes what is waiting, as long as the reader goes on taking it. Returns how many events were not shown; a reader that has gone
    /// away wants no more of them.
    pub(crate) fn finish(&self) -> u64 {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let written = wait_while_it_moves(&ended, FINISH_TIMEOUT, || self.waiting_bytes.load(Ordering::Relaxed));
        drop(self.warnings.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Whoever does not read standard error is not waited for.
        let _ = self.warned.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(FINISH_TIMEOUT);
        if matches!(written, Some(Err(_))) { 0 } else { self.unshown.load(Ordering::Relaxed) }
    }
}

/// Starts the thread that writes warnings: standard error can be as stuck as standard output, and handlers must not wait for either.
/// A warning that is the same as the one before is not repeated.
fn start_warnings() -> io::Result<(SyncSender<String>, Receiver<()>)> {
    let (warnings, texts) = sync_channel::<String>(MAX_WARNINGS);
    let (end, ended) = sync_channel(1);
    std::thread::Builder::new().name("klime-warnings".to_owned()).spawn(move || {
        let mut before = String::new();
        for text in texts {
            if text != before {
                print::warning(print::printable(&text));
            }
            before = text;
        }
        let _ = end.send(());
    })?;
    Ok((warnings, ended))
}

/// Waits for the end of what takes longer, unless `waiting` has stayed the same for all of `patience`. `None` if it has not ended.
fn wait_while_it_moves<T>(ended: &Receiver<T>, patience: Duration, waiting: impl Fn() -> usize) -> Option<T> {
    let mut before = waiting();
    loop {
        match ended.recv_timeout(patience) {
            Ok(end) => return Some(end),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = waiting();
        if now == before {
            return None;
        }
        before = now;
    }
}

fn bytes(events: &[Judged]) -> usize {
    events.iter().map(|judged| judged.body.len()).sum()
}

/// Standard output, with or without styles.
struct Output {
    stdout: anstream::AutoStream<io::Stdout>,
    is_plain: bool,
}

impl Output {
    fn standard(format: Format) -> Self {
        let choice = anstream::AutoStream::choice(&io::stdout());
        let is_plain = format != Format::Json && choice == anstream::ColorChoice::Never;
        // What is stripped here would be written by it in pieces.
        let stream_choice = if is_plain { anstream::ColorChoice::AlwaysAnsi } else { choice };
        Self { stdout: anstream::AutoStream::new(io::stdout(), stream_choice), is_plain }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_plain {
            self.stdout.write_all(&anstream::adapter::strip_bytes(lines).into_vec())?;
        } else {
            self.stdout.write_all(lines)?;
        }
        self.stdout.flush()
    }
}

/// The thread's own state.
#[derive(Clone, Default)]
struct Writer {
    format: Format,
    waiting_bytes: Arc<AtomicUsize>,
    /// Events that were left out and are to be told.
    skipped: Arc<AtomicU64>,
    /// Events that were to be shown and are not, for whatever reason.
    unshown: Arc<AtomicU64>,
}

impl Writer {
    /// Writes messages until there are no more senders, at once when nothing is waiting. What is handed on are whole lines, because
    /// the command of `--exec` may write to the same place.
    fn run(&mut self, messages: &Receiver<Message>, mut output: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let (mut lines, mut events) = (Vec::new(), 0);
        while let Ok(first) = messages.recv() {
            let mut next = Some(first);
            while let Some(message) = next {
                self.write(&message, &mut lines)?;
                events += message.events();
                next = messages.try_recv().ok();
                if next.is_none() || lines.len() >= ENOUGH_BYTES {
                    output(&lines)?;
                    lines.clear();
                    self.unshown.fetch_sub(std::mem::take(&mut events), Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, message: &Message, out: &mut impl Write) -> io::Result<()> {
        let arrived = match message {
            Message::Text(text) => return writeln!(out, "{text}"),
            Message::Batch(arrived) => arrived,
        };
        self.waiting_bytes.fetch_sub(bytes(&arrived.events), Ordering::Relaxed);
        match self.format {
            Format::Json => json::write(arrived, out)?,
            Format::Lines => line::write(arrived, out, |_| true)?,
            Format::Quiet => line::write(arrived, out, line::is_refused)?,
        }
        match self.skipped.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            skipped if self.format == Format::Json => json::write_skipped(skipped, out),
            skipped => line::write_skipped(skipped, out),
        }
    }
}

#[cfg(test)]
mod tests;
