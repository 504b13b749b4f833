//! What an id looks like: a key, or something that changes.

use super::name::is_email;

/// What an id looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Key,
    Email,
    Domain,
    Name,
    /// What programs write where there is nothing.
    Placeholder,
}

/// Ends of domains that companies have; any word behind a dot would be too much.
const DOMAINS: &[&str] = &[
    "ai", "app", "at", "be", "biz", "br", "ca", "ch", "cloud", "cn", "co", "com", "cz", "de", "dev", "dk", "edu", "es",
    "eu", "fi", "fr", "gov", "in", "info", "io", "it", "jp", "kr", "me", "mx", "net", "nl", "no", "nz", "org", "pl",
    "pt", "ru", "se", "sh", "shop", "so", "tech", "tv", "uk", "us", "xyz",
];

const PLACEHOLDERS: &[&str] = &[
    "",
    "0",
    "-1",
    "[object object]",
    "anonymous",
    "false",
    "guest",
    "n/a",
    "na",
    "nan",
    "nil",
    "none",
    "null",
    "true",
    "undefined",
    "unknown",
];

/// So many letters in one piece are taken for a name.
const LEAST_LETTERS: usize = 4;
const MOST_LETTERS: usize = 20;

impl Shape {
    pub(super) fn of(id: &str) -> Self {
        let id = id.trim();
        if id.len() > 200 {
            Self::Key
        } else if PLACEHOLDERS.contains(&id.to_ascii_lowercase().as_str()) {
            Self::Placeholder
        } else if is_email(id) {
            Self::Email
        } else if is_domain(id) {
            Self::Domain
        } else if is_name(id) {
            Self::Name
        } else {
            Self::Key
        }
    }

    /// What it looks like; `None` for a key.
    pub(super) fn what(self) -> Option<&'static str> {
        match self {
            Self::Key => None,
            Self::Email => Some("an e-mail address"),
            Self::Domain => Some("a domain"),
            Self::Name => Some("perhaps a name"),
            Self::Placeholder => Some("a placeholder"),
        }
    }

    /// Whether it is wrong without doubt.
    pub(super) fn is_certain(self) -> bool {
        matches!(self, Self::Email | Self::Placeholder)
    }
}

fn is_domain(id: &str) -> bool {
    let host = id.strip_prefix("https://").or_else(|| id.strip_prefix("http://")).unwrap_or(id);
    let host = host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase();
    let Some((rest, end)) = host.rsplit_once('.') else {
        return false;
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
    };
    DOMAINS.contains(&end) && rest.split('.').all(is_label)
}

/// "Acme Inc", "Jane Smith", "janesmith", "jane.smith"; not "org_acme", "user_1" or "kXbQzaRt".
fn is_name(id: &str) -> bool {
    if id.contains(' ') {
        return id.split([' ', '.', ',', '&', '-', '\'']).all(|part| part.chars().all(char::is_alphabetic));
    }
    let parts: Vec<&str> = id.split(['.', '-', '_']).collect();
    let is_short = (LEAST_LETTERS..=MOST_LETTERS).contains(&id.len()) && parts.len() <= 4;
    is_short && parts.iter().all(|part| is_word(part)) && !is_prefixed(&parts)
}

/// Letters as names have them: small, the first perhaps large; also "JaneSmith".
fn is_word(part: &str) -> bool {
    let humps = part.chars().filter(|letter| letter.is_uppercase()).count();
    let starts = part.starts_with(char::is_uppercase);
    let vowels = part.chars().filter(|letter| "aeiouyAEIOUY".contains(*letter) || !letter.is_ascii()).count();
    let is_spoken = vowels * 6 >= part.chars().count();
    let is_cased = humps == usize::from(starts) || humps == 2 && starts && part.len() >= 6;
    !part.is_empty() && part.chars().all(char::is_alphabetic) && is_spoken && is_cased
}

/// An id of a known kind, such as "org_acme", is made by somebody who knows what an id is.
fn is_prefixed(parts: &[&str]) -> bool {
    const KINDS: &[&str] = &[
        "account",
        "acct",
        "client",
        "comp",
        "company",
        "cus",
        "cust",
        "customer",
        "group",
        "grp",
        "id",
        "member",
        "org",
        "organization",
        "team",
        "tenant",
        "u",
        "usr",
        "user",
        "workspace",
        "ws",
    ];
    parts.len() > 1 && parts.first().is_some_and(|first| KINDS.contains(&first.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: Shape, ids: &[&str]) {
        for id in ids {
            assert_eq!(Shape::of(id), shape, "{id:?}");
        }
    }

    #[test]
    fn keys_are_left_alone() {
        check(
            Shape::Key,
            &[
                "usr_abc123",
                "user_123",
                "org_456",
                "1",
                "42",
                "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "cjld2cjxh0000qzrmn831i7rn",
                "kXbQzaRtBnMw",
                "V1StGXR8_Z5jdHi6B-myT",
                "507f1f77bcf86cd799439011",
                "org_acme",
                "user-jane",
                "u1",
                "g2",
                "acme42",
                "auth0|5f7c8ec7c33c6c004bbafe82",
                "US-1",
                "cus_NffrFeUfNV2Hib",
                "a",
                "ab",
                "abc",
                "bcdfghjk",
                "gid://app/User/1",
                "v1.2",
                "550e8400.prod",
                "usr.b",
                "ünïcode-1",
            ],
        );
    }

    #[test]
    fn what_changes_is_told() {
        check(Shape::Email, &["jane@acme.com", "Jane.Smith+x@acme.co.uk", " jane@acme.com "]);
        check(Shape::Domain, &["acme.com", "app.acme.io", "https://acme.com/", "ACME.COM"]);
        check(
            Shape::Name,
            &["Acme Inc", "Acme, Inc.", "Jane Smith", "janesmith", "JaneSmith", "jane.smith", "Jane", "Größe AG"],
        );
        check(Shape::Placeholder, &["undefined", "null", "None", "anonymous", "", "0", "[object Object]"]);
    }

    #[test]
    fn addresses_have_two_sides() {
        for text in ["@acme.com", "jane@", "jane@acme", "jane@acme.", "a@b@c.d", "jane smith@acme.com", "@mention"] {
            assert!(!is_email(text), "{text:?}");
        }
    }
}
