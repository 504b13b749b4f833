//! What a source is, by its name and its first bytes.

use std::path::Path;

/// How records stand in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// A JSON object on each line.
    Ndjson,
    /// A header and rows.
    Csv,
    /// The same, as `mysql --batch` prints it.
    Mysql,
}

/// Says how records stand in a source that begins with `start`.
///
/// # Errors
///
/// A sentence that says what the source is, when that can be seen, and how it can be made readable.
pub(crate) fn look(start: &[u8], path: Option<&Path>) -> Result<Container, String> {
    let extension = path.and_then(Path::extension).map(|extension| extension.to_ascii_lowercase());
    let container = match (extension.as_ref().and_then(|extension| extension.to_str()), first_char(start)) {
        (Some("csv" | "tsv"), _) => Container::Csv,
        (Some("ndjson" | "jsonl" | "json" | "log"), _) | (_, Some(b'{' | b'[')) => Container::Ndjson,
        _ => Container::Csv,
    };
    check(start, container).map(|()| container)
}

/// Checks that a source that begins with `start` may be what it is said to be.
///
/// # Errors
///
/// As [`look`].
pub(crate) fn check(start: &[u8], container: Container) -> Result<(), String> {
    match unreadable(start).or_else(|| (container == Container::Ndjson).then(|| not_by_line(start)).flatten()) {
        Some((what, remedy)) => Err(format!("{what}; try: {remedy}")),
        None => Ok(()),
    }
}

fn first_char(start: &[u8]) -> Option<u8> {
    start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start).trim_ascii_start().first().copied()
}

const SPREADSHEET: (&str, &str) = ("is a spreadsheet, such as .xlsx", "save it as CSV UTF-8, and import that");

/// Whether a zip archive begins as Office's and OpenDocument's files do.
fn is_spreadsheet(start: &[u8]) -> bool {
    let names: [&[u8]; 3] = [b"[Content_Types].xml", b"xl/", b"mimetypeapplication/vnd.oasis.opendocument"];
    // The first entry's name is behind 30 bytes.
    start.get(30..).is_some_and(|name| names.iter().any(|known| name.starts_with(known)))
}

/// Zeros further on are those of a hole that a power failure has left in a log; the other lines are good.
fn unreadable(start: &[u8]) -> Option<(&'static str, &'static str)> {
    Some(match start {
        [0x1f, 0x8b, ..] => ("is compressed with gzip", "gzip -dc FILE | klime import -"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("is compressed with zstd", "zstd -dc FILE | klime import -"),
        [b'P', b'K', 3, 4, ..] if is_spreadsheet(start) => SPREADSHEET,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => SPREADSHEET,
        [b'P', b'K', 3, 4, ..] => ("is a zip archive", "unzip -p FILE | klime import -"),
        [b'P', b'A', b'R', b'1', ..] => ("is Parquet", "export it again as JSON lines or CSV"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("is UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | klime import -"),
        // Text of two bytes a character, of which one is 0 in most languages.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            ("is UTF-16", "iconv -f UTF-16LE -t UTF-8 FILE | klime import -")
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            ("is UTF-16", "iconv -f UTF-16BE -t UTF-8 FILE | klime import -")
        }
        _ if start.iter().take(64).any(|byte| *byte == 0) => {
            ("is no text, for it holds bytes that are 0", "export it again as JSON lines or CSV")
        }
        _ => return None,
    })
}

/// JSON that is spread over lines.
fn not_by_line(start: &[u8]) -> Option<(&'static str, &'static str)> {
    let is_alone =
        || start.trim_ascii_start().split(|byte| *byte == b'\n').next().map(<[u8]>::trim_ascii) == Some(b"{");
    match first_char(start)? {
        b'[' => Some(("is a JSON array, not an object on each line", "jq -c '.[]' FILE | klime import -")),
        b'{' if start.contains(&b'\n') && is_alone() => {
            Some(("is JSON over several lines, not an object on each line", "jq -c . FILE | klime import -"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_records_stand_and_else_the_first_byte_does() {
        for (start, path, container) in [
            ("a,b", Some("x.csv"), Container::Csv),
            ("{}", Some("x.CSV"), Container::Csv),
            ("a\tb", Some("x.tsv"), Container::Csv),
            ("", Some("x.ndjson"), Container::Ndjson),
            ("{}", Some("x.jsonl"), Container::Ndjson),
            ("{}", Some("x"), Container::Ndjson),
            ("\u{feff} {}", None, Container::Ndjson),
            ("a,b", None, Container::Csv),
        ] {
            assert_eq!(look(start.as_bytes(), path.map(Path::new)), Ok(container), "{start} {path:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_with_a_remedy() {
        for (start, problem) in [
            (&b"\x1f\x8b\x08"[..], "is compressed with gzip; try: gzip -dc FILE | klime import -"),
            (b"PK\x03\x04", "is a zip archive; try: unzip -p FILE | klime import -"),
            (
                b"PK\x03\x0412345678901234567890123456[Content_Types].xml",
                "is a spreadsheet, such as .xlsx; try: save it as CSV UTF-8, and import that",
            ),
            (b"PAR1", "is Parquet; try: export it again as JSON lines or CSV"),
            (b"\xff\xfea\0", "is UTF-16; try: iconv -f UTF-16 -t UTF-8 FILE | klime import -"),
            (b"{\0\"\0a\0", "is UTF-16; try: iconv -f UTF-16LE -t UTF-8 FILE | klime import -"),
            (b"\0a\0,\0b", "is UTF-16; try: iconv -f UTF-16BE -t UTF-8 FILE | klime import -"),
            (
                b"SQLite format 3\0",
                "is no text, for it holds bytes that are 0; try: export it again as JSON lines or CSV",
            ),
            (b"\n [{", "is a JSON array, not an object on each line; try: jq -c '.[]' FILE | klime import -"),
            (
                b"{\r\n  \"a\": 1\n}",
                "is JSON over several lines, not an object on each line; try: jq -c . FILE | klime import -",
            ),
        ] {
            assert_eq!(look(start, None), Err(problem.to_owned()));
        }
    }
}
