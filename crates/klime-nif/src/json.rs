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

/// The core takes 200 KB. What is within this it refuses with the exact length.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Why a term was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Odd,
    TooDeep,
    TooLarge,
}

/// The JSON of a term.
pub(crate) fn encode(term: Term<'_>) -> Result<Vec<u8>, Refusal> {
    let mut out = Limited(Vec::new());
    match serde_json::to_writer(&mut out, &Plain { term, levels_left: MAX_DEPTH }) {
        Ok(()) => Ok(out.0),
        Err(error) if error.is_io() => Err(Refusal::TooLarge),
        Err(error) if error.to_string() == TOO_DEEP => Err(Refusal::TooDeep),
        Err(_) => Err(Refusal::Odd),
    }
}

/// Bytes up to the bound.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
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
}

impl<'a> Plain<'a> {
    fn inner<E: serde::ser::Error>(&self, term: Term<'a>) -> Result<Self, E> {
        let levels_left = self.levels_left.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { term, levels_left })
    }
}

const TOO_DEEP: &str = "too deep";

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let term = self.term;
        match term.get_type() {
            TermType::Binary => serializer.serialize_str(text(term)?),
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
                    map.serialize_entry(&Key(key), &self.inner(value)?)?;
                }
                map.end()
            }
            _ => Err(odd()),
        }
    }
}

struct Key<'a>(Term<'a>);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(term) = *self;
        if !term.is_atom() {
            return serializer.serialize_str(text(term)?);
        }
        match term.atom_to_string() {
            Ok(name) if name != "__struct__" => serializer.serialize_str(&name),
            _ => Err(odd()),
        }
    }
}

fn text<E: serde::ser::Error>(term: Term<'_>) -> Result<&str, E> {
    let binary = term.decode_as_binary().map_err(|_| odd())?;
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
