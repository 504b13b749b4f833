//! Just enough English to tell an event's name that says what happened from one that does not.
//!
//! A word that is not known here is never held against a name: names may be in any language.

/// Verbs that begin an instruction: "Create Report".
const VERBS: &str = "\
    accept activate add adjust apply approve archive assign attach authorize browse calculate cancel clear click \
    close collapse complete configure confirm connect convert create customize deactivate decline delete deliver \
    deploy disable disconnect dismiss duplicate edit enable enter execute expand finish generate initiate insert \
    install integrate invite join launch load lock merge migrate modify move navigate notify open pause perform \
    place publish receive redeem register reject remove rename renew reopen replace resolve restart restore resume \
    revoke save schedule select sign start submit subscribe suspend toggle unlock unsubscribe update upload use \
    validate verify visit";

/// What is a verb and the noun of its action as well: "Export Report", "Report Export".
const ACTIONS: &str = "\
    change checkout copy download drag drop export import login logout pageview play preview print purchase refresh \
    refund search share signin signout signup stop swipe sync tap transfer upgrade downgrade view watch";

/// Verbs that double their last letter.
const DOUBLING: &str = "drag drop stop submit tap";

/// Verbs whose past is not made by a rule, and that past; `_` is a space.
const IRREGULAR: &str = "\
    begin:begun break:broken build:built buy:bought choose:chosen draw:drawn find:found forget:forgotten give:given \
    hide:hidden hold:held keep:kept leave:left log:logged lose:lost make:made pay:paid reset:reset run:run see:seen \
    sell:sold send:sent show:shown spend:spent take:taken win:won write:written checkout:checked_out login:logged_in \
    logout:logged_out signin:signed_in signout:signed_out signup:signed_up pageview:page_viewed";

/// Further words that are a past without `-ed`.
const PAST: &str = "\
    began bent bet bid blown bound bred broadcast broke brought burnt came cast caught chose cost cut dealt did done \
    driven dug eaten fallen fed felt fled flown forbidden forecast forgiven forgot fought frozen gave gone got \
    gotten grown had heard hit hung hurt input knew known laid learnt led lent let lit meant met mistaken offset \
    outgrown overdrawn overridden overwritten preset proven put quit ran read rebuilt redone resent resold retaken \
    rewritten ridden risen said sat saw set sewn shaken shot shut slept slid sought spent split spoken spread spun \
    stolen stood struck stuck sung swept taught thought thrown told took torn unbound underwritten undone understood \
    unset unsent upheld upset upsold went withdrawn withheld woken worn wound wrote";

/// Words that end like a past and are none.
const NOT_PAST: &str = "\
    bed biped bleed breed creed deed embed exceed feed greed heed hundred indeed infrared med moped naked need \
    newsfeed proceed red reed sacred seed shed sled speed steed succeed weed wed";

/// What may come behind the action: "Signed Up With Google", "File Uploaded to Drive".
const PREPOSITIONS: &str = "\
    about after again against all and as at away back before behind by down due during for forward from in into off \
    on once onto or out over per through to twice under until up upon via when with within without";

/// Words that make a verb another one: "Sign Up", "Log In".
const PARTICLES: &str = "in off out up";

/// Who does it; a name need not say so.
const SUBJECTS: &str = "admin customer member user visitor";

/// What begins an object and adds nothing to it.
const ARTICLES: &str = "a an the";

/// What one looks at.
const PLACES: &str = "dashboard dialog homepage modal page pricing profile results screen settings tab wizard";

/// Nouns that are English beyond doubt only in company of each other.
const NOUNS: &str = "\
    account api billing button card cart comment company customer document email event feature file folder form home \
    invoice key landing link list main member menu message my new note notification onboarding order password \
    payment plan post product project report request review session subscription support task team teammate template \
    test ticket trial user video weekly workflow workspace";

/// Short forms that are written in capitals.
const CAPITALS: &str = "ai api crm csv faq id mfa pdf qr sms sso ui url xml";

/// Whether a word (in small letters) looks like the past of a verb, known or not.
pub(super) fn is_past(word: &str) -> bool {
    let regular = word.len() > 3 && word.ends_with("ed") && !has(NOT_PAST, word);
    regular || is_irregular_past(word)
}

/// Whether a word is the past of a verb that is known.
pub(super) fn is_known_past(word: &str) -> bool {
    is_irregular_past(word) || verbs().any(|verb| past(verb) == word)
}

fn is_irregular_past(word: &str) -> bool {
    has(PAST, word) || irregular().any(|(_, past)| past == word)
}

/// The known verb that a word is a form of: `click`, `clicks`, `clicking`.
pub(super) fn verb(word: &str) -> Option<&'static str> {
    let going = word.strip_suffix("ing");
    let stems = [Some(word), word.strip_suffix('s'), going];
    let is_stem = |verb: &str| stems.contains(&Some(verb)) || going.is_some() && going == verb.strip_suffix('e');
    verbs().chain(irregular().map(|(verb, _)| verb)).find(|verb| is_stem(verb))
}

/// The past of a verb that is known, in small letters.
pub(super) fn past(verb: &str) -> String {
    if let Some((_, past)) = irregular().find(|(base, _)| *base == verb) {
        return past.replace('_', " ");
    }
    match verb.as_bytes() {
        [.., b'e'] => format!("{verb}d"),
        [.., before, b'y'] if !b"aeiou".contains(before) => format!("{}ied", verb.strip_suffix('y').unwrap_or(verb)),
        [.., last] if has(DOUBLING, verb) => format!("{verb}{}ed", char::from(*last)),
        _ => format!("{verb}ed"),
    }
}

fn verbs() -> impl Iterator<Item = &'static str> {
    VERBS.split(' ').chain(ACTIONS.split(' '))
}

fn irregular() -> impl Iterator<Item = (&'static str, &'static str)> {
    IRREGULAR.split(' ').filter_map(|pair| pair.split_once(':'))
}

fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Whether a word may follow the action.
pub(super) fn may_follow(word: &str) -> bool {
    has(PREPOSITIONS, word)
        || word.ends_with("ly")
        || word.ends_with("ing")
        || !word.starts_with(|first: char| first.is_ascii_alphabetic())
        || word.contains(|letter: char| letter.is_ascii_digit())
}

pub(super) fn is_preposition(word: &str) -> bool {
    has(PREPOSITIONS, word)
}

pub(super) fn is_particle(word: &str) -> bool {
    has(PARTICLES, word)
}

pub(super) fn is_subject(word: &str) -> bool {
    has(SUBJECTS, word)
}

pub(super) fn is_article(word: &str) -> bool {
    has(ARTICLES, word)
}

pub(super) fn is_place(word: &str) -> bool {
    has(PLACES, word)
}

/// Whether a word is known at all.
pub(super) fn is_known(word: &str) -> bool {
    has(PLACES, word) || has(NOUNS, word) || verb(word).is_some()
}

pub(super) fn is_written_in_capitals(word: &str) -> bool {
    has(CAPITALS, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasts_are_recognized() {
        for word in ["clicked", "generated", "used", "paid", "made", "chosen", "sent", "run", "agreed", "led", "reset"]
        {
            assert!(is_past(word), "{word}");
        }
        for word in ["feed", "red", "hundred", "click", "login", "succeed", "", "ed", "id", "button"] {
            assert!(!is_past(word), "{word}");
        }
    }

    #[test]
    fn past_is_formed_by_rule_or_known() {
        let cases = [
            ("click", "clicked"),
            ("create", "created"),
            ("apply", "applied"),
            ("play", "played"),
            ("submit", "submitted"),
            ("send", "sent"),
            ("login", "logged in"),
            ("view", "viewed"),
        ];
        for (verb, expected) in cases {
            assert_eq!(past(verb), expected);
        }
    }

    #[test]
    fn forms_of_verbs_lead_to_the_verb() {
        let cases = [
            ("click", Some("click")),
            ("clicks", Some("click")),
            ("clicking", Some("click")),
            ("create", Some("create")),
            ("creates", Some("create")),
            ("creating", Some("create")),
            ("creat", None),
            ("used", None),
            ("usb", None),
            ("banana", None),
        ];
        for (word, expected) in cases {
            assert_eq!(verb(word), expected, "{word}");
        }
    }
}
