//! Lines for people and for programs. A reader that has gone away (`klime … | head -1`) is no error, and never a panic.

use std::fmt::Display;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};

/// For what is well.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// For what is wrong.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
/// For what needs a look.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// A line on standard output; styles are left out when it is no terminal.
pub(crate) fn line(text: impl Display) {
    // Nobody is left to be told; what the command did stands in its exit status.
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// An error on standard error, as the command-line parser prints its own.
pub(crate) fn error(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{RED}error:{RED:#} {text}");
}

/// Something wrong that does not end the command, on standard error.
pub(crate) fn warning(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{YELLOW}warning:{YELLOW:#} {text}");
}

/// What the command has to say of itself, on standard error.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Writes a whole document to standard output.
///
/// # Errors
///
/// When it could not be written, unless the reader has gone away.
pub(crate) fn document(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// So much of a write key is shown, if it is long enough to stay a secret.
const SHOWN_CHARS: usize = 4;
const LONG_ENOUGH: usize = 12;

/// A write key as it may be shown.
pub(crate) fn masked(key: &str) -> String {
    if key.chars().count() < LONG_ENOUGH {
        return "(too short to show)".to_owned();
    }
    format!("{}…", printable(first_chars(key, SHOWN_CHARS)))
}

/// At most `max` characters of a text from elsewhere.
pub(crate) fn first_chars(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A text from elsewhere without what a terminal would obey: control characters become their escapes.
pub(crate) fn printable(text: &str) -> String {
    let is_safe = |char: char| !char.is_control() && !is_bidi_control(char);
    text.chars().flat_map(|char| if is_safe(char) { vec![char] } else { char.escape_default().collect() }).collect()
}

/// The characters that turn the direction of what follows, and so show another text than there is.
fn is_bidi_control(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminals_are_told_no_commands_by_data() {
        assert_eq!(printable("Grüße \u{1f600}"), "Grüße \u{1f600}");
        assert_eq!(printable("\u{1b}[2J\r\n\u{9b}x\u{202e}"), "\\u{1b}[2J\\r\\n\\u{9b}x\\u{202e}");
    }
}
