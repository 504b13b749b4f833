//! Text that came from outside: shortening it, and writing out its escapes.

/// At most `max` characters of the text; what is missing is told by an ellipsis.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The same JSON on one line, with its `\u` escapes written out, so that a search finds what a reader sees.
///
/// Escapes that JSON needs stay (control characters, quotes, backslashes), and so do halves of surrogate pairs. Line ends, which
/// are never part of a JSON string, become spaces: exports and streams have one event a line.
pub(super) fn written_out(json: &str) -> String {
    if json.contains(['\n', '\r']) {
        return escapes_written_out(&json.replace(['\n', '\r'], " "));
    }
    escapes_written_out(json)
}

fn escapes_written_out(json: &str) -> String {
    if !json.contains("\\u") {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (length, character) = escape_at(escape);
        match character {
            Some(character) => out.push(character),
            None => out.push_str(escape.get(..length).unwrap_or(escape)),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The length of the escape that the text begins with, and the character to write in its place, if it may be.
fn escape_at(text: &str) -> (usize, Option<char>) {
    let Some(unit) = code_unit(text) else { return (2, None) };
    let low = text.get(6..).and_then(code_unit).filter(|low| (0xDC00..0xE000).contains(low));
    let (length, code) = match (unit, low) {
        (0xD800..0xDC00, Some(low)) => (12, 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)),
        _ => (6, unit),
    };
    let character = char::from_u32(code).filter(|&c| c >= ' ' && c != '"' && c != '\\');
    (if character.is_some() { length } else { 6 }, character)
}

/// The number in a `\uXXXX` that the text begins with.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}
