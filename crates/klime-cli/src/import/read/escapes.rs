//! Escapes of `mysql --batch`, which writes fields without quotes.

/// Undoes the escapes in fields that stand one behind the other in `text` and end at `ends`. A backslash that begins none stays.
pub(super) fn undo(text: &[u8], ends: &mut [usize]) -> Vec<u8> {
    let (mut plain, mut start) = (Vec::with_capacity(text.len()), 0);
    for end in ends {
        let mut rest = text.get(start..*end).unwrap_or_default();
        start = *end;
        while let [first, behind @ ..] = rest {
            let meant = behind.first().filter(|_| *first == b'\\').and_then(|letter| meant_by(*letter));
            plain.push(meant.unwrap_or(*first));
            rest = behind.get(usize::from(meant.is_some())..).unwrap_or_default();
        }
        *end = plain.len();
    }
    plain
}

fn meant_by(letter: u8) -> Option<u8> {
    Some(match letter {
        b'0' => 0,
        b'n' => b'\n',
        b't' => b'\t',
        b'\\' => b'\\',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_field_by_field() {
        let text = br#"a\tb\\nc\"d\x\"#;
        let mut ends = [4, 4, 13, 14];
        let plain = undo(text, &mut ends);
        assert_eq!((&*plain, ends), (&b"a\tb\\nc\\\"d\\x\\"[..], [3, 3, 11, 12]), "{}", plain.escape_ascii());
        assert_eq!(undo(br"\0\n\N\", &mut [7]), b"\0\n\\N\\");
    }
}
