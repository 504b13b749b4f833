//! Values that must not be in an event: found by their key, or by what they look like.

use serde_json::Value;

use super::words::words;

/// What the name of a key says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretKey {
    Password,
    Token,
    Card,
    Personal,
    /// A number with this name is no card number, whatever it looks like.
    Id,
}

/// How deep values are looked into, and how many of them.
const DEEPEST: u32 = 4;
const MOST_VALUES: u32 = 100;

/// The shortest token that is one.
const SHORTEST_TOKEN: usize = 8;

impl SecretKey {
    pub(super) fn of(key: &str) -> Option<Self> {
        if key.len() > 100 {
            return None;
        }
        let words: Vec<String> = words(key).iter().map(|word| word.to_ascii_lowercase()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [.., "password" | "passwd" | "pwd" | "passphrase" | "passcode"] | ["pin"] => Some(Self::Password),
            [.., "secret" | "authorization" | "jwt" | "apikey" | "bearer"] => Some(Self::Token),
            [.., "api" | "private" | "secret" | "access" | "signing" | "encryption", "key"] => Some(Self::Token),
            [
                ..,
                "access" | "auth" | "refresh" | "session" | "bearer" | "api" | "csrf" | "id" | "reset" | "secret",
                "token",
            ] => Some(Self::Token),
            ["token"] | ["cookie"] | ["set", "cookie"] => Some(Self::Token),
            [.., "credit", "card"]
            | [.., "card", "number" | "no"]
            | [.., "cc", "number"]
            | ["creditcard" | "cardnumber" | "ccnumber"] => Some(Self::Card),
            [.., "cvv" | "cvc" | "cvv2"] => Some(Self::Card),
            [.., "ssn"] | [.., "social", "security", "number"] | [.., "passport", "number"] => Some(Self::Personal),
            [.., "id" | "ids" | "sku" | "barcode" | "ean" | "imei" | "timestamp" | "hash" | "uuid"] => Some(Self::Id),
            _ => None,
        }
    }
}

/// Says what looks like a secret in a value. The secret is not in what it says.
pub(super) fn find(key: Option<SecretKey>, value: &Value) -> Option<&'static str> {
    let mut left = MOST_VALUES;
    find_in(key, value, DEEPEST, &mut left)
}

fn find_in(key: Option<SecretKey>, value: &Value, depth: u32, left: &mut u32) -> Option<&'static str> {
    if depth == 0 || *left == 0 {
        return None;
    }
    *left -= 1;
    match value {
        Value::String(text) => in_text(key, text),
        Value::Number(number) => in_number(key, number.as_u64()?),
        Value::Array(values) => values.iter().find_map(|value| find_in(key, value, depth - 1, left)),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| find_in(SecretKey::of(name).or(key), value, depth - 1, left))
        }
        Value::Null | Value::Bool(_) => None,
    }
}

fn in_text(key: Option<SecretKey>, text: &str) -> Option<&'static str> {
    match key {
        _ if is_masked(text) => None,
        Some(SecretKey::Password) => Some("a password"),
        Some(SecretKey::Token) if text.len() >= SHORTEST_TOKEN && !text.contains(' ') => Some("a token or key"),
        Some(SecretKey::Card) if text.bytes().any(|byte| byte.is_ascii_digit()) && text.len() >= 3 => {
            card_or_last_four(text)
        }
        Some(SecretKey::Personal) if text.bytes().filter(u8::is_ascii_digit).count() > 4 => Some("an official number"),
        Some(SecretKey::Id) => in_any_text(text, false),
        _ => in_any_text(text, true),
    }
}

/// Four digits are what receipts show; three are the code on the back.
fn card_or_last_four(text: &str) -> Option<&'static str> {
    (text.len() != 4).then_some("data of a payment card")
}

fn in_any_text(text: &str, may_be_card: bool) -> Option<&'static str> {
    // The shortest of all that is looked for.
    if text.len() < 13 {
        return None;
    }
    if may_be_card && is_card_number(text) {
        return Some("a card number");
    }
    is_token(text).then_some("a token or key")
}

fn in_number(key: Option<SecretKey>, number: u64) -> Option<&'static str> {
    match key {
        Some(SecretKey::Password) => Some("a password"),
        Some(SecretKey::Card) if number > 9_999 || number < 1_000 && number > 99 => Some("data of a payment card"),
        Some(SecretKey::Personal) if number > 9_999 => Some("an official number"),
        Some(SecretKey::Id) => None,
        _ if number < 1_000_000_000_000 => None,
        _ => is_card_number(&number.to_string()).then_some("a card number"),
    }
}

/// `***`, `[FILTERED]`, `<redacted>`, `xxxx`, nothing.
fn is_masked(text: &str) -> bool {
    let inner = text.trim_matches(['[', ']', '<', '>', '(', ')']).to_ascii_lowercase();
    let is_told = ["filtered", "redacted", "masked", "hidden", "removed", "secret", "none", "null", "undefined"];
    inner.is_empty()
        || is_told.contains(&inner.as_str())
        || inner.contains("***")
        || inner.contains('•')
        || inner.chars().all(|letter| matches!(letter, 'x' | '*' | '.' | '-' | ' '))
}

/// The digits of one of the large card companies, in one piece or in groups, with a right check digit.
fn is_card_number(text: &str) -> bool {
    if text.len() > 23 || !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-')) {
        return false;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let begins = |from: usize, to: usize, length: usize| {
        digits
            .get(..length)
            .and_then(|start| start.parse::<usize>().ok())
            .is_some_and(|start| (from..=to).contains(&start))
    };
    let is_issued = match digits.len() {
        13 | 19 => begins(4, 4, 1),
        15 => begins(34, 34, 2) || begins(37, 37, 2),
        16 => {
            begins(4, 4, 1) || begins(51, 55, 2) || begins(2221, 2720, 4) || begins(6011, 6011, 4) || begins(65, 65, 2)
        }
        _ => false,
    };
    is_issued && has_check_digit(&digits)
}

/// The formula of Luhn.
fn has_check_digit(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte.wrapping_sub(b'0')))
        .enumerate()
        .map(|(place, digit)| if place.is_multiple_of(2) { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// Forms that only tokens and keys have.
fn is_token(text: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "sk_live_",
        "sk_test_",
        "rk_live_",
        "ghp_",
        "gho_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "AKIA",
        "sk-ant-",
        "sk-proj-",
    ];
    let is_whole = !text.contains(char::is_whitespace);
    let is_bearer = ["Bearer ", "bearer ", "Basic "]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| rest.len() >= 16 && !rest.contains(' ')));
    let is_jwt = is_whole && text.len() > 40 && text.starts_with("eyJ") && text.split('.').count() == 3;
    let is_known = is_whole && text.len() >= 20 && BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
    is_bearer || is_jwt || is_known || text.starts_with("-----BEGIN ") && text.contains("PRIVATE KEY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(key: &str, value: Value) -> Option<&'static str> {
        find(SecretKey::of(key), &value)
    }

    #[test]
    fn secrets_are_found_by_their_key() {
        let cases = [
            ("password", json!("hunter2")),
            ("newPassword", json!("hunter2")),
            ("pin", json!(1234)),
            ("access_token", json!("abcdefgh")),
            ("apiKey", json!("k-12345678")),
            ("client_secret", json!("abcdefgh")),
            ("Authorization", json!("abcdefgh")),
            ("credit_card", json!("4242 4242")),
            ("cvv", json!("123")),
            ("cvc", json!(123)),
            ("ssn", json!("078-05-1120")),
            ("request", json!({ "headers": [{ "authorization": "abcdefgh" }] })),
        ];
        for (key, value) in cases {
            assert!(found(key, value.clone()).is_some(), "{key}: {value}");
        }
    }

    #[test]
    fn secrets_are_found_by_what_they_look_like() {
        let values = [
            json!("4242424242424242"),
            json!("4242 4242 4242 4242"),
            json!("3782-822463-10005"),
            json!(4_242_424_242_424_242_u64),
            json!("Bearer abcdefghijklmnop"),
            json!(format!("eyJhbGciOiJIUzI1NiJ9.{}.signature", "x".repeat(30))),
            json!("sk_live_abcdefghijklmnop"),
            json!(["-----BEGIN RSA PRIVATE KEY-----"]),
        ];
        for value in values {
            assert!(found("note", value.clone()).is_some(), "{value}");
        }
    }

    #[test]
    fn what_only_sounds_secret_is_left_alone() {
        let cases = [
            ("has_password", json!(true)),
            ("password_strength", json!("strong")),
            ("password", json!("[FILTERED]")),
            ("password", json!("****")),
            ("token_count", json!(512)),
            ("tokens", json!(90_000)),
            ("token", json!(512)),
            ("token", json!("short")),
            ("secret_santa", json!("enabled for all")),
            ("card_brand", json!("visa")),
            ("credit_card", json!("4242")),
            ("credit_card", json!("visa")),
            ("credit_card", json!(true)),
            ("order_id", json!("4242424242424242")),
            ("note", json!("4242424242424243")),
            ("note", json!("1764000000000")),
            ("sent", json!(1_764_000_000_000_000_u64)),
            ("header", json!("Bearer of good news is here")),
            ("public_key", json!("abcdefgh")),
            ("key", json!("shortcut-ctrl-k")),
            ("email", json!("jane@acme.com")),
        ];
        for (key, value) in cases {
            assert_eq!(found(key, value.clone()), None, "{key}: {value}");
        }
    }

    #[test]
    fn search_in_nested_values_is_bounded() {
        let mut deep = json!("hunter2");
        for _ in 0..DEEPEST {
            deep = json!([deep]);
        }
        assert_eq!(found("password", deep), None);
        let wide: Vec<Value> = (0..MOST_VALUES).map(|_| json!(true)).chain([json!("hunter2")]).collect();
        assert_eq!(found("password", wide.into()), None);
    }
}
