//! The refused file: records that were not taken, such that they can be mended and imported again.
//!
//! It is NDJSON. Each record is as it was in the source (a row of CSV as an object with a text for each column), with a field
//! `_refused` that says where it stood and what is wrong; import takes no notice of that field, but for the id that it keeps. What
//! is no object is a text in that field.

mod file;
mod part;

use serde::Serialize;
use serde_json::Value;

pub(crate) use file::RefusedFile;
pub(crate) use part::RefusedPart;

use super::convert::MARK;
use super::mapping::{Fault, Fields};
use super::read::{Content, Row};

/// Why and where a record was refused.
#[derive(Debug, Serialize)]
pub(crate) struct Mark<'m> {
    /// The source's name.
    pub(crate) file: &'m str,
    /// The line on which the record begins.
    pub(crate) line: u64,
    /// The fault's code.
    pub(crate) code: &'m str,
    /// What is wrong.
    pub(crate) message: &'m str,
    /// Its message id, for when it is imported again: from another file, and on another line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'m str>,
    /// What the record is, if it is no object.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// How `text` was read, if it is not UTF-8: then each byte is a character.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    /// How many bytes the record has in the source, if `text` is only its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// The fields of a row that has more or fewer than there are columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<String>>,
}

/// One line of the file, with its line end.
pub(crate) fn entry(
    file: &str,
    line: u64,
    fault: (&str, &str),
    id: Option<&str>,
    content: &Content,
    bytes: u64,
) -> Vec<u8> {
    let (code, message) = fault;
    let mut mark = Mark { file, line, code, message, id, text: None, encoding: None, bytes: None, fields: None };
    let mut out = match content {
        Content::Line(text) => marked_line(text, &mut mark),
        Content::Row(row) => marked_row(row, &mut mark),
        Content::TooLong(start) => {
            mark.bytes = Some(bytes);
            alone(start, &mut mark)
        }
    };
    out.push(b'\n');
    out
}

/// A line with the mark as its first field. The rest stays to the letter.
fn marked_line(line: &[u8], mark: &mut Mark<'_>) -> Vec<u8> {
    let text = line.trim_ascii();
    let Ok(mut fields) = serde_json::from_slice::<Fields>(text) else {
        return alone(line, mark);
    };
    if fields.remove(MARK).is_some() {
        return object(fields, mark);
    }
    let rest = text.strip_prefix(b"{").unwrap_or_default();
    let comma: &[u8] = if fields.is_empty() { b"" } else { b"," };
    [format!("{{\"{MARK}\":").as_bytes(), &json(mark), comma, rest].concat()
}

fn marked_row(row: &Row, mark: &mut Mark<'_>) -> Vec<u8> {
    let fields: Vec<_> = row.fields().map(text_of).collect();
    if fields.iter().any(|(_, is_utf8)| !is_utf8) {
        mark.encoding = Some("latin-1");
    }
    let fields = fields.into_iter().map(|(text, _)| text);
    if fields.len() != row.columns.len() {
        mark.fields = Some(fields.collect());
        return object(Fields::new(), mark);
    }
    let filled = row.columns.iter().cloned().zip(fields).filter(|(name, text)| !text.is_empty() && name != MARK);
    object(filled.map(|(name, text)| (name, Value::String(text))).collect(), mark)
}

/// A record of which nothing is known but its bytes.
fn alone(bytes: &[u8], mark: &mut Mark<'_>) -> Vec<u8> {
    let (text, is_utf8) = text_of(bytes);
    mark.text = Some(text);
    mark.encoding = (!is_utf8).then_some("latin-1");
    object(Fields::new(), mark)
}

fn object(fields: Fields, mark: &Mark<'_>) -> Vec<u8> {
    let rest = serde_json::to_vec(&fields).unwrap_or_default();
    let comma: &[u8] = if fields.is_empty() { b"" } else { b"," };
    [format!("{{\"{MARK}\":").as_bytes(), &json(mark), comma, rest.get(1..).unwrap_or(b"}")].concat()
}

fn json(mark: &Mark<'_>) -> Vec<u8> {
    // Texts and numbers can be encoded.
    serde_json::to_vec(mark).unwrap_or_else(|_| b"{}".to_vec())
}

/// The bytes as text. Of what is not UTF-8 each byte becomes a character, so that nothing is lost; most often it is Latin-1.
fn text_of(bytes: &[u8]) -> (String, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), true),
        Err(_) => (bytes.iter().copied().map(char::from).collect(), false),
    }
}

/// A fault's code and sentence.
impl<'f> From<&'f Fault> for (&'f str, &'f str) {
    fn from(fault: &'f Fault) -> Self {
        (fault.code, &fault.message)
    }
}

#[cfg(test)]
mod tests;
