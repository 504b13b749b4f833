//! Erlang terms as JSON, for apps that have no JSON library.
//!
//! Plain terms only: what is odd (structs, atoms beyond Latin-1, keys that are no text) is left to Elixir, which makes it plain and
//! asks again. Both depth and length are bounded, for this runs on a scheduler's stack and on its time.

use std::io::{self, Write};

use rustler::types::map::MapIterator;
use rustler::{Term, TermType};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// A value of an event may be nested 100 levels deep, which the core checks; this is enough for that.
const MAX_DEPTH: usize = 110;

/// Why a term was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Odd,
    TooDeep,
    TooLarge,
}

/// JSON up to a bound.
pub(crate) struct Json {
    bytes: Vec<u8>,
    max_bytes: usize,
}

impl Json {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { bytes: Vec::new(), max_bytes }
    }

    /// What there is, which after a refusal is not the whole.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends the JSON of a term.
    pub(crate) fn encode(&mut self, term: Term<'_>) -> Result<(), Refusal> {
        let plain = Plain { term, levels_left: MAX_DEPTH, max_bytes: self.max_bytes };
        serde_json::to_writer(self, &plain).map_err(|error| match error.to_string().as_str() {
            TOO_DEEP => Refusal::TooDeep,
            TOO_LARGE => Refusal::TooLarge,
            _ if error.is_io() => Refusal::TooLarge,
            _ => Refusal::Odd,
        })
    }
}

impl Write for Json {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A term that serializes.
struct Plain<'a> {
    term: Term<'a>,
    levels_left: usize,
    max_bytes: usize,
}

impl<'a> Plain<'a> {
    fn inner<E: serde::ser::Error>(&self, term: Term<'a>) -> Result<Self, E> {
        let levels_left = self.levels_left.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { term, levels_left, max_bytes: self.max_bytes })
    }
}

const TOO_DEEP: &str = "too deep";
const TOO_LARGE: &str = "too large";

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let term = self.term;
        match term.get_type() {
            TermType::Binary => serializer.serialize_str(text(term, self.max_bytes)?),
            TermType::Atom => atom(term, serializer),
            TermType::Integer => integer(term, serializer),
            TermType::Float => serializer.serialize_f64(term.decode().map_err(|_| odd())?),
            TermType::List => {
                let mut list = serializer.serialize_seq(None)?;
                let mut rest = term;
                while !rest.is_empty_list() {
                    let (head, tail) = rest.list_get_cell().map_err(|_| odd())?;
                    list.serialize_element(&self.inner(head)?)?;
                    rest = tail;
                }
                list.end()
            }
            TermType::Map => {
                let mut map = serializer.serialize_map(term.map_size().ok())?;
                for (key, value) in MapIterator::new(term).ok_or_else(odd)? {
                    map.serialize_entry(&Key(key, self.max_bytes), &self.inner(value)?)?;
                }
                map.end()
            }
            _ => Err(odd()),
        }
    }
}

/// A key, of at most so many bytes.
struct Key<'a>(Term<'a>, usize);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(term, max_bytes) = *self;
        if !term.is_atom() {
            return serializer.serialize_str(text(term, max_bytes)?);
        }
        match term.atom_to_string() {
            Ok(name) if name != "__struct__" => serializer.serialize_str(&name),
            _ => Err(odd()),
        }
    }
}

fn text<E: serde::ser::Error>(term: Term<'_>, max_bytes: usize) -> Result<&str, E> {
    let binary = term.decode_as_binary().map_err(|_| odd())?;
    // To read through it would take its time as well.
    if binary.len() > max_bytes {
        return Err(E::custom(TOO_LARGE));
    }
    std::str::from_utf8(binary.as_slice()).map_err(|_| odd())
}

fn atom<S: Serializer>(term: Term<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    match term.atom_to_string().map_err(|_| odd())?.as_str() {
        "nil" => serializer.serialize_unit(),
        "true" => serializer.serialize_bool(true),
        "false" => serializer.serialize_bool(false),
        name => serializer.serialize_str(name),
    }
}

fn integer<S: Serializer>(term: Term<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    match (term.decode::<i64>(), term.decode::<u64>()) {
        (Ok(number), _) => serializer.serialize_i64(number),
        (_, Ok(number)) => serializer.serialize_u64(number),
        _ => Err(odd()),
    }
}

fn odd<E: serde::ser::Error>() -> E {
    E::custom("odd")
}
