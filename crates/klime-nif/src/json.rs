//! Erlang terms as JSON, for apps that have no JSON library.
//!
//! Plain terms only: what is odd (structs, atoms beyond Latin-1, keys that are no text) is left to Elixir, which makes it plain and
//! asks again.

use rustler::types::map::MapIterator;
use rustler::{Term, TermType};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// A term that serializes.
pub(crate) struct Plain<'a>(pub(crate) Term<'a>);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(term) = *self;
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
                    list.serialize_element(&Plain(head))?;
                    rest = tail;
                }
                list.end()
            }
            TermType::Map => {
                let mut map = serializer.serialize_map(term.map_size().ok())?;
                for (key, value) in MapIterator::new(term).ok_or_else(odd)? {
                    map.serialize_entry(&Key(key), &Plain(value))?;
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
