//! Judges one event name: is it an object and an action in the past tense, and does it hold data that belongs into properties?
//!
//! A name is taken for fine as soon as it might be, and for wrong only when English words say so. It is judged once,
//! when it comes for the first time.

use super::english;
use super::words::{capitalised, words};

/// What is said of a name's grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    Fine,
    /// Perhaps not English.
    Unknown,
    /// Not "Object Action", with a better name where one can be made of it.
    Poor(Option<String>),
}

/// Data that was found in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Email,
    Path,
    Id,
    Number,
    Text,
}

impl Data {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Path => "a path",
            Self::Id => "an id",
            Self::Number => "a number",
            Self::Text => "a whole text",
        }
    }
}

/// Says whether the name is "Object Action" in the past tense.
pub(super) fn grammar(name: &str) -> Grammar {
    let trimmed = name.trim();
    if !trimmed.is_ascii() {
        return Grammar::Unknown;
    }
    let is_spaced = trimmed.contains(' ');
    let words: Vec<&str> = if is_spaced { trimmed.split_whitespace().collect() } else { words(trimmed) };
    let plain: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let plain: Vec<&str> = plain.iter().map(|word| word.trim_end_matches([',', ':', '!', '.', ';'])).collect();
    let Some(action) = action(&plain) else {
        return without_action(&plain);
    };
    let is_titled = words.get(action).is_some_and(|word| word.starts_with(|first: char| first.is_ascii_uppercase()));
    let is_shouted = words.len() > 1 && !trimmed.contains(|letter: char| letter.is_ascii_lowercase());
    if is_spaced && is_titled && !is_shouted && name == words.join(" ") {
        return Grammar::Fine;
    }
    let keep = if is_shouted { &plain } else { &words };
    Grammar::Poor(Some(titled(keep)))
}

/// The place of a past that stands where an action should.
fn action(words: &[&str]) -> Option<usize> {
    (0..words.len()).find(|index| {
        let (word, next) = (words.get(*index).copied().unwrap_or_default(), words.get(index + 1).copied());
        // "Signed Up" needs no object; "Clicked" does.
        let follows =
            if *index == 0 { next.is_some_and(english::is_particle) } else { next.is_none_or(english::may_follow) };
        follows && english::is_past(word)
    })
}

/// What is said of a name without an action in its place, and what it could be instead.
fn without_action(words: &[&str]) -> Grammar {
    match words {
        [] => Grammar::Unknown,
        [rest @ .., "event" | "action"] if action(rest).is_some() => Grammar::Poor(Some(titled(rest))),
        [subject, happened, object @ ..] if english::is_subject(subject) && !object.is_empty() => {
            match past_of(happened) {
                Some(past) => turned(&past, object),
                None => unturned(words),
            }
        }
        _ => unturned(words),
    }
}

/// A name that begins or ends with a verb.
fn unturned(words: &[&str]) -> Grammar {
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return Grammar::Unknown;
    };
    if let ([_, particle], Some(past)) = (words, past_of(first))
        && english::is_particle(particle)
    {
        return Grammar::Poor(Some(titled(&[&past, particle])));
    }
    match (past_of(first), english::verb(last)) {
        _ if words.len() > 1 && english::is_place(last) && english::is_known(first) && !begins_instruction(first) => {
            Grammar::Poor(Some(titled(&[words, &["viewed"]].concat())))
        }
        (Some(past), _) if words.len() > 1 => turned(&past, words.get(1..).unwrap_or_default()),
        (_, Some(verb)) => {
            let past = english::past(verb);
            let object = words.get(..words.len() - 1).unwrap_or_default();
            let is_whole = !object.is_empty() || past.contains(' ');
            Grammar::Poor(is_whole.then(|| titled(&[object, &[past.as_str()]].concat())))
        }
        (Some(_), None) => Grammar::Poor(None),
        _ if words.iter().all(|word| english::is_known(word)) => {
            Grammar::Poor(english::is_place(last).then(|| titled(&[words, &["viewed"]].concat())))
        }
        _ => Grammar::Unknown,
    }
}

/// Whether the word can hardly be part of a place's name, as in "Search Results".
fn begins_instruction(word: &str) -> bool {
    !["search", "checkout", "share", "preview", "upgrade", "login", "signup", "import", "export"].contains(&word)
        && past_of(word).is_some()
}

/// The past of a word that is a verb or a past that is known.
fn past_of(word: &str) -> Option<String> {
    if english::is_known_past(word) {
        return Some(word.to_owned());
    }
    english::verb(word).map(english::past)
}

/// The object first, then the action.
fn turned(past: &str, object: &[&str]) -> Grammar {
    let from = object.iter().take_while(|word| english::is_article(word)).count();
    let object = object.get(from..).unwrap_or_default();
    // "Unsubscribed From Newsletter" cannot just be turned round.
    let is_plain = !object.is_empty() && !object.iter().any(|word| english::is_preposition(word));
    Grammar::Poor(is_plain.then(|| titled(&[object, &[past]].concat())))
}

fn titled(words: &[&str]) -> String {
    let title = |word: &&str| -> String {
        let is_mixed = word.len() > 1 && word.contains(|letter: char| letter.is_ascii_uppercase());
        match word {
            _ if is_mixed => (*word).to_owned(),
            _ if english::is_written_in_capitals(word) => word.to_ascii_uppercase(),
            _ => word.split(' ').map(capitalised).collect::<Vec<_>>().join(" "),
        }
    };
    words.iter().map(title).collect::<Vec<_>>().join(" ")
}

/// What in the name differs from customer to customer.
pub(super) fn data(name: &str) -> Option<Data> {
    name.split_whitespace().find_map(|token| {
        let token = token.trim_matches(|letter: char| matches!(letter, '(' | ')' | '[' | ']' | '"' | ',' | '#' | ':'));
        if is_email(token) {
            Some(Data::Email)
        } else if is_path(token) {
            Some(Data::Path)
        } else if is_id(token) {
            Some(Data::Id)
        } else {
            is_long_number(token).then_some(Data::Number)
        }
    })
}

/// The name with all its digits made the same, so that names that differ in a number only are the same.
pub(super) fn shape(name: &str) -> Option<String> {
    if !name.contains(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let mut shape = String::with_capacity(name.len());
    for letter in name.chars().map(|letter| if letter.is_ascii_digit() { '#' } else { letter }) {
        if letter != '#' || !shape.ends_with('#') {
            shape.push(letter);
        }
    }
    Some(shape)
}

pub(super) fn is_email(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else {
        return false;
    };
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    is_part(user) && domain.split('.').count() > 1 && domain.split('.').all(is_part) && !domain.contains('@')
}

fn is_path(token: &str) -> bool {
    let begins =
        |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphanumeric() || matches!(first, ':' | '{'));
    token.contains("://") || token == "/" || token.strip_prefix('/').is_some_and(begins)
}

/// Hexadecimal of at least eight digits, a UUID, `user_123`.
fn is_id(token: &str) -> bool {
    let count = |wanted: fn(&char) -> bool| token.chars().filter(wanted).count();
    let digits = count(char::is_ascii_digit);
    let is_hex = digits >= 2 && count(char::is_ascii_hexdigit) >= 8;
    let ends = token.rsplit_once(['_', '-']).map(|(_, end)| end).unwrap_or_default();
    let is_numbered = ends.len() >= 3 && ends.bytes().all(|byte| byte.is_ascii_digit()) && !is_year(ends);
    let has_letters = token.contains(|letter: char| letter.is_ascii_alphabetic());
    has_letters
        && (is_numbered
            || is_hex && token.chars().all(|letter| letter.is_ascii_hexdigit() || matches!(letter, '-' | '_')))
}

fn is_long_number(token: &str) -> bool {
    let longest = token.split(|letter: char| !letter.is_ascii_digit()).max_by_key(|digits| digits.len());
    longest.is_some_and(|digits| digits.len() >= 4 && !is_year(digits))
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

/// Whether the name is that of something which happens all the time without a user doing anything.
pub(super) fn is_noise(name: &str) -> bool {
    const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];
    let words: Vec<String> = words(name).iter().map(|word| word.to_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_route = words.first().is_some_and(|first| METHODS.contains(first)) && name.contains('/');
    let has = |wanted: &str| words.contains(&wanted);
    let is_probe = words.windows(2).any(|pair| matches!(pair, ["health", "check" | "checked" | "checks"]));
    is_route
        || is_probe
        || has("healthcheck")
        || has("healthz")
        || has("heartbeat")
        || has("middleware")
        || is_request(&words)
}

/// "Request", "HTTP Request Received", "API Called"; not "Demo Requested", "Request Approved" or "Server Pinged By Ann".
fn is_request(words: &[&str]) -> bool {
    let rest = match words {
        ["incoming", rest @ ..] => rest,
        all => all,
    };
    let (rest, is_technical) = match rest {
        ["api" | "http" | "https" | "web" | "server", rest @ ..] => (rest, true),
        all => (all, false),
    };
    match rest {
        ["ping" | "pinged" | "pong" | "tick" | "keepalive"] | ["keep", "alive"] => true,
        ["request" | "requests" | "requested"] => is_technical || rest != ["requested"],
        ["call" | "called" | "hit"] => is_technical,
        ["request", "received" | "handled" | "processed" | "made" | "started" | "finished" | "served"] => true,
        ["request", "completed" | "sent" | "failed"] | ["call", "made" | "completed"] => is_technical,
        ["endpoint", "called" | "hit" | "requested"] | ["cron" | "background", "job", ..] | ["cron"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
