//! The words of a name or a key, however they are joined, and the styles of joining them.

/// How the words of a key are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Style {
    Snake,
    Camel,
    Pascal,
    Kebab,
    Spaced,
    Upper,
}

impl Style {
    /// Its usual name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Snake => "snake_case",
            Self::Camel => "camelCase",
            Self::Pascal => "PascalCase",
            Self::Kebab => "kebab-case",
            Self::Spaced => "words with spaces",
            Self::Upper => "UPPER_CASE",
        }
    }

    /// The style of a key; `None` where a key fits all of them, or none that has a name.
    pub(super) fn of(key: &str) -> Option<Self> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ');
        // Campaign parameters have their names from outside.
        if !key.bytes().all(is_word) || key.starts_with(['_', '-']) || key.starts_with("utm_") {
            return None;
        }
        let has = |wanted: fn(&u8) -> bool| key.bytes().any(|byte| wanted(&byte));
        let (lower, upper) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
        let capital = key.starts_with(|first: char| first.is_ascii_uppercase());
        match (key.contains(' '), key.contains('-'), key.contains('_')) {
            (true, ..) => Some(Self::Spaced),
            (_, true, false) => Some(Self::Kebab),
            (_, false, true) if !upper => Some(Self::Snake),
            (_, false, true) if !lower => Some(Self::Upper),
            (_, false, false) if upper && lower => Some(if capital { Self::Pascal } else { Self::Camel }),
            _ => None,
        }
    }

    /// The key in this style.
    pub(super) fn apply(self, key: &str) -> String {
        let words = words(key);
        let joined = |separator: &str, change: fn(usize, &str) -> String| {
            words.iter().enumerate().map(|(index, word)| change(index, word)).collect::<Vec<_>>().join(separator)
        };
        match self {
            Self::Snake => joined("_", |_, word| word.to_ascii_lowercase()),
            Self::Kebab => joined("-", |_, word| word.to_ascii_lowercase()),
            Self::Upper => joined("_", |_, word| word.to_ascii_uppercase()),
            Self::Pascal => joined("", |_, word| capitalised(word)),
            Self::Spaced => joined(" ", |_, word| capitalised(word)),
            Self::Camel => joined("", |index, word| match index {
                0 => word.to_ascii_lowercase(),
                _ => capitalised(word),
            }),
        }
    }
}

/// The words: parted by what is neither letter nor digit, and where camelCase begins a new one.
pub(super) fn words(text: &str) -> Vec<&str> {
    let runs = text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.flat_map(parted).collect()
}

/// `HTTPRequestMade` has three words.
fn parted(run: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = run.char_indices().collect();
    let mut words = Vec::new();
    let mut from = 0;
    for (index, (at, letter)) in letters.iter().enumerate().skip(1) {
        let before = letters.get(index - 1).is_some_and(|(_, before)| !before.is_uppercase());
        let after = letters.get(index + 1).is_some_and(|(_, after)| after.is_lowercase());
        if letter.is_uppercase() && (before || after) {
            words.extend(run.get(from..*at));
            from = *at;
        }
    }
    words.extend(run.get(from..));
    words
}

/// The first letter large, the others small.
pub(super) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.flat_map(char::to_lowercase)).collect()
}

/// What is the same in all spellings of a name: its letters and digits, small.
pub(super) fn folded(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_are_joined() {
        let cases = [
            ("Report Generated", "Report|Generated"),
            ("report_generated", "report|generated"),
            ("ReportGenerated", "Report|Generated"),
            ("HTTPRequestMade", "HTTP|Request|Made"),
            ("step2Done", "step2|Done"),
            ("GET /users/1", "GET|users|1"),
            ("überGroß", "über|Groß"),
            ("--", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text).join("|"), expected, "{text}");
        }
    }

    #[test]
    fn styles_are_told_apart_and_applied() {
        let cases = [
            ("report_type", Some(Style::Snake)),
            ("reportType", Some(Style::Camel)),
            ("ReportType", Some(Style::Pascal)),
            ("Plan", Some(Style::Pascal)),
            ("report-type", Some(Style::Kebab)),
            ("Report Type", Some(Style::Spaced)),
            ("REPORT_TYPE", Some(Style::Upper)),
            ("plan", None),
            ("MRR", None),
            ("mrr2", None),
            ("utm_source", None),
            ("$ip", None),
            ("größe_cm", None),
            ("user_Id", None),
            ("", None),
        ];
        for (key, style) in cases {
            assert_eq!(Style::of(key), style, "{key}");
        }
        for style in [Style::Snake, Style::Camel, Style::Pascal, Style::Kebab, Style::Spaced, Style::Upper] {
            assert_eq!(Style::of(&style.apply("sign_upSource")), Some(style));
        }
        assert_eq!(Style::Camel.apply("user_name"), "userName");
    }

    #[test]
    fn spellings_of_one_name_fold_to_the_same() {
        for name in ["Report Generated", "report_generated", "ReportGenerated", "Report generated ", "report.generated"]
        {
            assert_eq!(folded(name), "reportgenerated");
        }
    }
}
