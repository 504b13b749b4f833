//! The mapping file: the options of a mapping as a JSON object, for those who import the same kind of file again and again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::args::{MappingArgs, parse_delimiter, parse_map};
use super::mapping::{Rest, zone};

/// What may be in the file. Each has the meaning of the option of its name.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct MappingFile {
    map: BTreeMap<String, String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    event: Option<String>,
    properties: Option<Vec<String>>,
    infer: bool,
    timezone: Option<String>,
    id_from: Option<String>,
    source: Option<String>,
    null: Option<String>,
    delimiter: Option<String>,
    columns: Vec<String>,
}

/// Adds what the file says to the options, of which those of the command line win.
///
/// # Errors
///
/// A sentence that names the file and what is wrong in it.
pub(super) fn complete(args: &mut MappingArgs) -> Result<(), String> {
    let Some(path) = &args.mapping else { return Ok(()) };
    let name = path.display().to_string();
    let file = read(path).map_err(|problem| format!("--mapping: {name} {problem}"))?;
    merge(args, file).map_err(|problem| format!("--mapping: {name}: {problem}"))
}

fn read(path: &Path) -> Result<MappingFile, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("is no mapping: {error}"))
}

fn merge(args: &mut MappingArgs, file: MappingFile) -> Result<(), String> {
    let named = |name: &'static str| move |problem: String| format!("{name}: {problem}");
    for (field, column) in &file.map {
        let (target, column) = parse_map(&format!("{field}={column}")).map_err(named("map"))?;
        if !args.map.iter().any(|(mapped, _)| *mapped == target) {
            args.map.push((target, column));
        }
    }
    let is_type = |kind: &String| ["track", "identify", "group"].contains(&kind.as_str());
    if let Some(kind) = file.kind.as_ref().filter(|kind| !is_type(kind)) {
        return Err(format!("type: {kind:?} must be track, identify or group"));
    }
    let properties =
        file.properties.map(|columns| Rest::parse(&columns.join(","))).transpose().map_err(named("properties"))?;
    let timezone = file.timezone.as_deref().map(zone).transpose().map_err(named("timezone"))?;
    let delimiter = file.delimiter.as_deref().map(parse_delimiter).transpose().map_err(named("delimiter"))?;
    args.kind = args.kind.take().or(file.kind);
    args.event = args.event.take().or(file.event);
    args.properties = args.properties.take().or(properties);
    args.infer |= file.infer;
    args.timezone = args.timezone.take().or(timezone);
    args.id_from = args.id_from.take().or(file.id_from);
    args.source = args.source.take().or(file.source);
    args.null = args.null.take().or(file.null);
    args.delimiter = args.delimiter.or(delimiter);
    if args.columns.is_empty() {
        args.columns = file.columns;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::mapping::{Target, Type};

    fn completed(json: &str, mut args: MappingArgs) -> Result<MappingArgs, String> {
        let file = serde_json::from_str(json).map_err(|error| error.to_string())?;
        merge(&mut args, file).map(|()| args)
    }

    #[test]
    fn the_file_says_what_the_command_line_does_not() {
        let json = r#"{"map":{"userId":"uid","timestamp":"at"},"event":"Order Placed","properties":["total:number"],
            "timezone":"+01:00","idFrom":"id","null":"-","delimiter":";","infer":true}"#;
        let map = vec![(Target::UserId, "customer".to_owned())];
        let args = completed(json, MappingArgs { map, ..MappingArgs::default() }).unwrap();
        assert_eq!(args.map, [(Target::UserId, "customer".to_owned()), (Target::Timestamp, "at".to_owned())]);
        assert_eq!(args.properties.unwrap().named, [("total".to_owned(), Some(Type::Number))]);
        assert_eq!(
            (args.event.as_deref(), args.id_from.as_deref(), args.delimiter),
            (Some("Order Placed"), Some("id"), Some(b';'))
        );
        assert_eq!(args.null.as_deref(), Some("-"));
        assert!(args.infer && args.timezone.is_some() && args.kind.is_none());
    }

    #[test]
    fn what_is_wrong_in_the_file_is_named() {
        for (json, problem) in [
            (r#"{"typ":"track"}"#, "unknown field `typ`"),
            (r#"{"type":"page"}"#, "type: \"page\" must be track, identify or group"),
            (r#"{"map":{"user":"id"}}"#, "map: \"user\" is no field; it must be one of type"),
            (r#"{"timezone":"Mars"}"#, "timezone: it must be UTC"),
            (r#"{"properties":["a:nmber"]}"#, "properties: \"nmber\" is no type"),
        ] {
            let found = completed(json, MappingArgs::default()).unwrap_err();
            assert!(found.starts_with(problem), "{found}");
        }
    }
}
