//! Finding a text within others, ASCII letters of either case.

/// A text to look for, made ready.
pub(super) struct Needle {
    lower: Vec<u8>,
    /// The first byte in both cases: most places are passed over by these alone.
    first: [u8; 2],
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase().into_bytes();
        let first = lower.first().copied().unwrap_or_default();
        Self { lower, first: [first, first.to_ascii_uppercase()] }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let Some(last) = bytes.len().checked_sub(self.lower.len()) else { return false };
        let [lower, upper] = self.first;
        let mut from = 0;
        while let Some(rest) = bytes.get(from..=last).filter(|rest| !rest.is_empty()) {
            let Some(at) = rest.iter().position(|byte| *byte == lower || *byte == upper) else { break };
            let found = bytes.get(from + at..from + at + self.lower.len());
            if found.is_some_and(|found| found.eq_ignore_ascii_case(&self.lower)) {
                return true;
            }
            from += at + 1;
        }
        self.lower.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Needle;

    #[test]
    fn ascii_letters_are_found_in_either_case() {
        for (needle, text, found) in [
            ("", "", true),
            ("", "a", true),
            ("a", "", false),
            ("a", "A", true),
            ("report", "the Report Generated", true),
            ("GENERATED", "Report Generated", true),
            ("ed ", "Report Generated", false),
            ("aab", "aaab", true),
            ("ä", "Ä", false),
            ("ä", "Bär", true),
            ("{\"x\":1}", "a{\"X\":1}", true),
        ] {
            assert_eq!(Needle::new(needle).is_in(text), found, "{needle:?} in {text:?}");
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_in_lower_case_finds(needle in "[aAbB\u{e4}]{0,4}", text in "[aAbB\u{e4}]{0,12}") {
            let plain = text.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
            prop_assert_eq!(Needle::new(&needle).is_in(&text), plain);
        }
    }
}
