//! Reads a test case out of bytes. When they are used up, everything is zero or empty.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

/// Texts that collide: as keys they repeat, as values they look like something else.
const TEXTS: [&str; 8] = ["a", "b", "plan", "\u{0}\u{1f}\"\\", "ünïcode ✓", "type", "null", "{\"a\":1}"];

/// The deepest value that is made. What reads it back takes 128 levels, envelope included.
const DEEPEST: usize = 8;

/// Bytes that are taken from the front.
#[derive(Debug)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.bytes(8).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// At most this many bytes.
    pub(crate) fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes up to the next zero byte, which is skipped.
    pub(crate) fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let line = self.bytes(end);
        self.bytes(1);
        line
    }

    pub(crate) fn text(&mut self) -> String {
        match self.byte() {
            kind @ 0..128 => TEXTS[usize::from(kind) % TEXTS.len()].to_owned(),
            128..248 => String::from_utf8_lossy(self.line()).into_owned(),
            // Up to 240 kB, which is over the limit of an event; some bytes more or less, to hit the limit itself.
            248..254 => {
                let unit = if self.byte().is_multiple_of(4) { "\n" } else { "x" };
                unit.repeat(usize::from(self.byte()) * 1024 * 15 / 16 + usize::from(self.byte()))
            }
            _ => String::new(),
        }
    }

    pub(crate) fn value(&mut self) -> Value {
        self.value_in(0)
    }

    fn value_in(&mut self, depth: usize) -> Value {
        match self.below(if depth < DEEPEST { 9 } else { 7 }) {
            0 => Value::Null,
            1 => Value::from(self.byte().is_multiple_of(2)),
            2 => Value::from(self.number()),
            3 => Value::from(self.number().cast_signed()),
            4 => Value::from(f64::from_bits(self.number())),
            5 => Value::from(f64::from(self.byte()) / 10.0),
            6 => Value::from(self.text()),
            7 => (0..self.below(4)).map(|_| self.value_in(depth + 1)).collect(),
            _ => Value::Object(self.object_in(depth + 1)),
        }
    }

    pub(crate) fn object(&mut self) -> Map<String, Value> {
        self.object_in(0)
    }

    fn object_in(&mut self, depth: usize) -> Map<String, Value> {
        (0..self.below(6)).map(|_| (self.text(), self.value_in(depth + 1))).collect()
    }

    /// A time around what is allowed, which is from 1970 to 9999.
    pub(crate) fn time(&mut self) -> SystemTime {
        let millis = Duration::from_millis(self.number() >> 8);
        let time = match self.below(4) {
            0 => UNIX_EPOCH.checked_sub(millis),
            1 => UNIX_EPOCH.checked_add(millis),
            2 => UNIX_EPOCH
                .checked_add(Duration::from_secs(253_402_300_798) + Duration::from_millis(self.number() % 3000)),
            _ => UNIX_EPOCH.checked_add(millis / 1000),
        };
        time.unwrap_or(UNIX_EPOCH)
    }
}
