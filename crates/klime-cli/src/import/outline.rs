//! The outline of a mapping: which part of an event comes from where. A dry run shows it, for what was meant and what is done to be compared.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::convert::Converter;
use super::mapping::{Columns, Meaning, Target};

/// Where a part of an event comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Part {
    /// It is the same in all events.
    Value(String),
    Column(String),
    /// It is an object of these columns.
    Columns(Vec<String>),
    /// It is made of this column, or else of the record and its place.
    MadeOf(Option<String>),
}

/// The parts by name; without anything where a table has no column for it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Outline(BTreeMap<&'static str, Option<Part>>);

impl Outline {
    /// The outline of what becomes of these columns, which are known of a table; `None` if they are not mapped, but have a meaning of their own.
    pub(super) fn of(columns: Option<&[String]>, converter: &Converter) -> Option<Self> {
        match &converter.meaning {
            Meaning::Columns(mapping) if !mapping.is_event => {
                let made = Part::MadeOf(converter.id_from.clone());
                Some(Outlining { mapping, columns }.outline(made))
            }
            _ => None,
        }
    }

    /// A line for each part.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(name, part)| match part {
            Some(part) => format!("  {name:<11} {part}"),
            None => format!("  {name:<11} no column; --map {name}=COLUMN names one"),
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(text) => write!(f, "always {text:?}"),
            Self::Column(name) => write!(f, "column {name:?}"),
            Self::Columns(names) if names.is_empty() => f.write_str("of no column"),
            Self::Columns(names) => write!(f, "of {}", names.join(", ")),
            Self::MadeOf(Some(name)) => write!(f, "made of column {name:?}"),
            Self::MadeOf(None) => f.write_str("made of the record and its place"),
        }
    }
}

struct Outlining<'m> {
    mapping: &'m Columns,
    columns: Option<&'m [String]>,
}

impl Outlining<'_> {
    fn outline(&self, made: Part) -> Outline {
        let mut parts = BTreeMap::new();
        for (target, name) in Target::ALL {
            let part = self.part(target);
            // Of lines it is not known which fields they have.
            let is_missed =
                self.columns.is_some() && matches!(target, Target::UserId | Target::GroupId | Target::Timestamp);
            if part.is_some() || is_missed {
                parts.insert(name, part);
            }
        }
        parts.entry("messageId").or_insert(Some(made));
        // An object in a column of its own begins the properties.
        let mut others = self.others();
        if let Some(Some(Part::Column(whole))) = parts.remove("properties") {
            others.insert(0, format!("{whole}.*"));
        }
        parts.insert(self.own_name(), Some(Part::Columns(others)));
        Outline(parts)
    }

    /// The column of a part: the one that is mapped to it, or the one of its name, where there is one.
    fn column(&self, target: Target) -> Option<&str> {
        let mapped = self.mapping.column(target);
        let name = if target == Target::Properties { self.own_name() } else { target.name() };
        mapped.or_else(|| self.columns?.iter().find(|column| *column == name).map(String::as_str))
    }

    fn own_name(&self) -> &'static str {
        match self.mapping.kind.as_deref() {
            Some("identify" | "group") => "traits",
            _ => "properties",
        }
    }

    fn part(&self, target: Target) -> Option<Part> {
        let value = match target {
            Target::Type => self.mapping.kind.clone(),
            Target::Event => self.mapping.event.clone(),
            _ => None,
        };
        let has_name = || self.mapping.event.is_some() || self.column(Target::Event).is_some();
        let column = || self.column(target).map(|name| Part::Column(name.to_owned()));
        let is_of_tracks = target == Target::Event && self.own_name() == "traits";
        match target {
            _ if is_of_tracks => None,
            Target::Type => {
                value.map(Part::Value).or_else(column).or_else(|| has_name().then(|| Part::Value("track".to_owned())))
            }
            _ => value.map(Part::Value).or_else(column),
        }
    }

    /// The columns that become properties or traits.
    fn others(&self) -> Vec<String> {
        let rest = &self.mapping.rest;
        let named = |name: &String| rest.named.iter().find(|(named, _)| named == name);
        let whole = self.mapping.column(Target::Properties).unwrap_or(self.own_name());
        let is_taken = |name: &str| {
            Target::ALL.iter().any(|(target, own)| self.mapping.column(*target).unwrap_or(own) == name) || name == whole
        };
        let shown = |(name, meant): &(String, Option<super::mapping::Type>)| match meant {
            Some(meant) => format!("{name}:{}", meant.word()),
            None => name.clone(),
        };
        let Some(columns) = self.columns else {
            let all = rest.all.then(|| "*".to_owned());
            return all.into_iter().chain(rest.named.iter().map(shown)).collect();
        };
        let is_one = |name: &&String| named(name).is_some() || (rest.all && !is_taken(name));
        columns.iter().filter(is_one).map(|name| named(name).map_or_else(|| name.clone(), shown)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::mapping::{Rest, Times};

    fn lines(columns: Option<&[&str]>, id_from: Option<&str>, mapping: Columns) -> Vec<String> {
        let (source, id_from, null) = ("f".to_owned(), id_from.map(str::to_owned), None);
        let converter =
            Converter { source, meaning: Meaning::Columns(mapping), times: Times::default(), id_from, null };
        let columns = columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        Outline::of(columns.as_deref(), &converter).unwrap().lines().collect()
    }

    fn rest(text: &str) -> Rest {
        Rest::parse(text).unwrap()
    }

    #[test]
    fn each_part_is_told_with_its_column() {
        let map = vec![(Target::UserId, "customer".to_owned()), (Target::Timestamp, "at".to_owned())];
        let event = Some("Order Placed".to_owned());
        let mapping = Columns { event, map, rest: rest("*,total:number"), ..Columns::default() };
        assert_eq!(
            lines(Some(&["id", "customer", "at", "total", "ip"]), Some("id"), mapping),
            [
                "  event       always \"Order Placed\"",
                "  groupId     no column; --map groupId=COLUMN names one",
                "  ip          column \"ip\"",
                "  messageId   made of column \"id\"",
                "  properties  of id, total:number",
                "  timestamp   column \"at\"",
                "  type        always \"track\"",
                "  userId      column \"customer\"",
            ]
        );
    }

    #[test]
    fn traits_and_objects_in_a_column_of_their_own_are_told() {
        let mapping = Columns { kind: Some("identify".to_owned()), rest: rest("*"), ..Columns::default() };
        assert_eq!(
            lines(Some(&["userId", "timestamp", "messageId", "traits", "name", "event"]), None, mapping),
            [
                "  groupId     no column; --map groupId=COLUMN names one",
                "  messageId   column \"messageId\"",
                "  timestamp   column \"timestamp\"",
                "  traits      of traits.*, name",
                "  type        always \"identify\"",
                "  userId      column \"userId\"",
            ]
        );
    }

    #[test]
    fn of_lines_only_what_is_mapped_is_known() {
        let map = vec![(Target::UserId, "user.id".to_owned()), (Target::Event, "name".to_owned())];
        let mapping = Columns { map, rest: rest("plan,seats:number"), ..Columns::default() };
        assert_eq!(
            lines(None, None, mapping),
            [
                "  event       column \"name\"",
                "  messageId   made of the record and its place",
                "  properties  of plan, seats:number",
                "  type        always \"track\"",
                "  userId      column \"user.id\"",
            ]
        );
    }
}
