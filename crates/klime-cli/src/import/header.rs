//! The names of columns, held against what an event needs: what every row would be refused for is told before anything is sent, with
//! the columns that may be meant.

use std::ffi::OsStr;

use super::convert::Converter;
use super::mapping::{Columns, Fields, Meaning, Target, find};
use super::next::option;

/// What columns are called elsewhere, without case, blanks and underscores; the likeliest first.
const OTHER_NAMES: [(Target, &[&str]); 4] = [
    (Target::Event, &["event", "eventname", "eventtype", "action"]),
    (Target::UserId, &["userid", "user", "uid", "customerid", "distinctid"]),
    (Target::GroupId, &["groupid", "companyid", "organizationid", "organisationid", "orgid", "accountid"]),
    (Target::Timestamp, &["timestamp", "time", "datetime", "createdat", "occurredat", "eventtime", "date", "ts"]),
];

/// So many columns are named in a message.
const NAMED: usize = 20;

/// Characters that separate columns.
const DELIMITERS: [(char, &str); 4] = [(';', "';'"), ('\t', "tab"), ('|', "'|'"), (',', ",")];

/// Checks the columns of a table. `is_given` says that they do not stand in it.
///
/// # Errors
///
/// A sentence that names the columns, and what to do.
pub(super) fn check(columns: &[String], is_given: bool, converter: &Converter, shown: &str) -> Result<(), String> {
    if let ([only], false) = (columns, is_given) {
        check_delimiter(only, shown)?;
    }
    check_named(columns, converter, shown)?;
    let Meaning::Columns(mapped) = &converter.meaning else { return Ok(()) };
    let is_there = |name: &str| columns.iter().any(|column| column == name);
    let missing = missing(mapped, mapped.kind.as_deref(), is_there);
    if missing.is_empty() {
        return Ok(());
    }
    let parts = missing.iter().map(|missing| missing.remedy()).collect::<Vec<_>>().join(", ");
    let perhaps = match suggestions(&missing, mapped, columns.iter().map(String::as_str)) {
        options if options.is_empty() => String::new(),
        options => format!("; perhaps {options}"),
    };
    let header = if is_given { "" } else { "; if its first row is no header, name the columns by --columns" };
    Err(format!("{shown} has the columns {}, and none for {parts}{perhaps}{header}", listed(columns)))
}

/// What may be wrong with events as they stand in a file, as far as its first one says.
pub(super) fn hint(start: &[u8], meaning: &Meaning) -> Option<String> {
    let Meaning::Columns(mapped) = meaning else { return None };
    let line = start.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    let fields: Fields = serde_json::from_slice(line).ok()?;
    let kind = mapped.kind.as_deref().or_else(|| fields.get("type")?.as_str());
    let missing = missing(mapped, kind, |name| find(&fields, name).is_some_and(|value| !value.is_null()));
    let options = suggestions(&missing, mapped, fields.keys().map(String::as_str));
    let parts = missing.iter().map(Missing::names).collect::<Vec<_>>().join(", no ");
    (!options.is_empty()).then(|| format!("its first record has no {parts}; perhaps {options}"))
}

fn check_delimiter(only: &str, shown: &str) -> Result<(), String> {
    match DELIMITERS.iter().find(|(char, _)| only.contains(*char)) {
        Some((_, name)) => Err(format!("{shown} has one column, {only:?}; try --delimiter {name}")),
        None => Ok(()),
    }
}

/// Checks that the columns that options name are there.
fn check_named(columns: &[String], converter: &Converter, shown: &str) -> Result<(), String> {
    let mut wanted = Vec::new();
    if let Meaning::Columns(mapped) = &converter.meaning {
        wanted.extend(mapped.map.iter().map(|(target, column)| (format!("--map {}", target.name()), column)));
        wanted.extend(mapped.rest.named.iter().map(|(column, _)| ("--properties".to_owned(), column)));
    }
    wanted.extend(converter.id_from.iter().map(|column| ("--id-from".to_owned(), column)));
    match wanted.iter().find(|(_, column)| !columns.contains(column)) {
        None => Ok(()),
        Some((option, column)) => {
            Err(format!("{option}: {shown} has no column {column:?}; it has {}", listed(columns)))
        }
    }
}

/// A part that each event needs, and no column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Type,
    Event,
    UserId,
    GroupId,
    UserOrGroup,
    Timestamp,
}

impl Missing {
    /// What it is looked for as.
    fn targets(self) -> &'static [Target] {
        match self {
            Self::Type | Self::Event => &[Target::Event],
            Self::UserId => &[Target::UserId],
            Self::GroupId => &[Target::GroupId],
            Self::UserOrGroup => &[Target::UserId, Target::GroupId],
            Self::Timestamp => &[Target::Timestamp],
        }
    }

    fn names(&self) -> &'static str {
        match self {
            Self::Type => "\"type\" and no \"event\"",
            Self::Event => "\"event\"",
            Self::UserId => "\"userId\"",
            Self::GroupId => "\"groupId\"",
            Self::UserOrGroup => "\"userId\" or \"groupId\"",
            Self::Timestamp => "\"timestamp\"",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Type => {
                "\"event\" (--event NAME or --map event=COLUMN; users: --type identify, groups: --type group)"
            }
            Self::Event => "\"event\" (--event NAME or --map event=COLUMN)",
            Self::UserId => "\"userId\" (--map userId=COLUMN)",
            Self::GroupId => "\"groupId\" (--map groupId=COLUMN)",
            Self::UserOrGroup => "\"userId\" or \"groupId\" (--map userId=COLUMN)",
            Self::Timestamp => "\"timestamp\" (--map timestamp=COLUMN)",
        }
    }
}

fn missing(mapped: &Columns, kind: Option<&str>, is_there: impl Fn(&str) -> bool) -> Vec<Missing> {
    let has = |target: Target| is_there(mapped.column(target).unwrap_or(target.name()));
    let has_event = mapped.event.is_some() || has(Target::Event);
    let kind = kind.or((has_event && !has(Target::Type)).then_some("track"));
    let mut missing = Vec::new();
    let mut need = |is_there: bool, part: Missing| {
        if !is_there {
            missing.push(part);
        }
    };
    match kind {
        Some("identify") => need(has(Target::UserId), Missing::UserId),
        Some("group") => need(has(Target::GroupId), Missing::GroupId),
        kind => {
            match kind {
                Some(_) => need(has_event, Missing::Event),
                None => need(has(Target::Type), Missing::Type),
            }
            need(has(Target::UserId) || has(Target::GroupId), Missing::UserOrGroup);
        }
    }
    need(has(Target::Timestamp), Missing::Timestamp);
    missing
}

/// The options by which columns with names of that kind are mapped.
fn suggestions<'c>(missing: &[Missing], mapped: &Columns, columns: impl Iterator<Item = &'c str>) -> String {
    let is_free = |column: &&str| mapped.map.iter().all(|(_, taken)| taken != column);
    let columns: Vec<_> = columns.filter(is_free).map(|column| (column, plain(column))).collect();
    let meant = |target: Target| {
        let (_, names) = OTHER_NAMES.iter().find(|(of, _)| *of == target)?;
        let named = |name: &&str| columns.iter().find(|(_, plain)| plain == name);
        let dated = || columns.iter().find(|(column, _)| target == Target::Timestamp && column.ends_with("_at"));
        let (column, _) = names.iter().find_map(named).or_else(dated)?;
        Some(option("map", OsStr::new(&format!("{}={column}", target.name()))))
    };
    let options = missing.iter().filter_map(|missing| missing.targets().iter().copied().find_map(meant));
    options.collect::<Vec<_>>().join(" ")
}

fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn listed(columns: &[String]) -> String {
    let more = if columns.len() > NAMED { ", …" } else { "" };
    let first: Vec<_> = columns.iter().take(NAMED).map(String::as_str).collect();
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::mapping::{Rest, Times};

    fn converter(columns: Columns) -> Converter {
        let meaning = Meaning::Columns(columns);
        Converter { source: "f".to_owned(), meaning, times: Times::default(), id_from: None, null: None }
    }

    #[track_caller]
    fn problem(header: &str, columns: Columns) -> String {
        let names: Vec<_> = header.split(',').map(str::to_owned).collect();
        check(&names, false, &converter(columns), "f.csv").unwrap_err()
    }

    fn tracks() -> Columns {
        Columns { event: Some("A".to_owned()), rest: Rest { all: true, named: Vec::new() }, ..Columns::default() }
    }

    #[test]
    fn what_no_column_is_for_is_named_with_the_columns_that_may_be_meant() {
        let no_header = "; if its first row is no header, name the columns by --columns";
        assert_eq!(
            problem("user_id,Event Name,created_at", Columns::default()),
            format!(
                "f.csv has the columns user_id, Event Name, created_at, and none for \"event\" (--event NAME or --map event=COLUMN; \
                 users: --type identify, groups: --type group), \"userId\" or \"groupId\" (--map userId=COLUMN), \"timestamp\" \
                 (--map timestamp=COLUMN); perhaps --map 'event=Event Name' --map userId=user_id --map timestamp=created_at{no_header}"
            )
        );
        assert_eq!(
            problem("u1,2026-07-01,3", tracks()),
            format!(
                "f.csv has the columns u1, 2026-07-01, 3, and none for \"userId\" or \"groupId\" (--map userId=COLUMN), \
                 \"timestamp\" (--map timestamp=COLUMN){no_header}"
            )
        );
        let users = Columns { kind: Some("identify".to_owned()), ..Columns::default() };
        let said = problem("id,groupId,paid_at", users);
        assert!(said.contains("none for \"userId\" (--map userId=COLUMN), \"timestamp\""), "{said}");
        assert!(said.contains("; perhaps --map timestamp=paid_at;"), "{said}");
        let groups = Columns { kind: Some("group".to_owned()), ..Columns::default() };
        let said = problem("timestamp,Company ID", groups);
        assert!(
            said.contains("none for \"groupId\" (--map groupId=COLUMN); perhaps --map 'groupId=Company ID'"),
            "{said}"
        );
        let typed = Columns { kind: Some("track".to_owned()), ..Columns::default() };
        assert!(problem("timestamp,userId,Event", typed).contains("perhaps --map event=Event;"));
    }

    #[test]
    fn columns_of_which_events_can_be_made_are_enough() {
        let map = vec![(Target::UserId, "who".to_owned())];
        for (header, columns) in [
            ("event,userId,timestamp", Columns::default()),
            ("type,groupId,timestamp", Columns::default()),
            ("groupId,timestamp", tracks()),
            ("who,timestamp", Columns { map, ..tracks() }),
        ] {
            let names: Vec<_> = header.split(',').map(str::to_owned).collect();
            assert_eq!(check(&names, false, &converter(columns), "f.csv"), Ok(()), "{header}");
        }
    }

    #[test]
    fn another_delimiter_is_seen_in_the_only_column() {
        for (column, name) in [("a;b", "';'"), ("a\tb", "tab"), ("a|b", "'|'"), ("a,b", ",")] {
            let said = check(&[column.to_owned()], false, &converter(tracks()), "f.csv").unwrap_err();
            assert_eq!(said, format!("f.csv has one column, {column:?}; try --delimiter {name}"));
        }
        let given = check(&["a;b".to_owned()], true, &converter(tracks()), "f.csv").unwrap_err();
        assert!(given.starts_with("f.csv has the columns a;b, and none for"), "{given}");
    }

    #[test]
    fn the_first_of_many_events_says_what_they_may_lack() {
        let events = Meaning::Columns(Columns { is_event: true, ..Columns::default() });
        let start =
            b"\n{\"type\":\"track\",\"event\":\"A\",\"user_id\":\"u\",\"createdAt\":\"2026-07-01T12:00:00Z\"}\n{half";
        let said = "its first record has no \"userId\" or \"groupId\", no \"timestamp\"; perhaps --map userId=user_id --map timestamp=createdAt";
        assert_eq!(hint(start, &events).as_deref(), Some(said));
        for nothing in [&b"{\"type\":\"track\",\"event\":\"A\"}"[..], b"{half", b"", b"[1]"] {
            assert_eq!(hint(nothing, &events), None);
        }
    }
}
