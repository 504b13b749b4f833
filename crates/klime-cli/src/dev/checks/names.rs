//! The names of tracked events: grammar, spelling, data in names, and noise.

use std::collections::HashMap;

use super::name::{self, Data, Grammar};
use super::register::Register;
use super::report::{Check, Rule, Tally, counted, grouped, is, shortened};
use super::words::folded;

const MOST_NAMES: usize = 5_000;

/// A name that is longer is a text.
const LONGEST_NAME: usize = 100;

/// So many names that differ in a number only are one name with the number in it.
const ALIKE: usize = 10;

/// An app that has more names makes them up as it runs.
const MANY_NAMES: u64 = 200;

/// An event drowns the others from this number on,
const LOUD: u64 = 1_000;

/// if it comes this many times as often as all others together,
const LOUDER: u64 = 20;

/// and there are so many others.
const LOUD_AMONG: u64 = 3;

const GRAMMAR: Rule = Rule {
    id: "event_names",
    title: "Event names say what happened",
    why: "Klime shows names as you send them. Object and action in the past tense, such as \"Report Generated\", is what people \
          who never saw your code understand.",
    fix: "Name the object, then what happened to it, in capitalized words: \"Button Clicked\", not \"click_button\".",
};

const SPELLINGS: Rule = Rule {
    id: "event_spellings",
    title: "Each event has one spelling",
    why: "Klime counts every spelling as an event of its own, so the same action falls apart into several.",
    fix: "Choose one spelling and use it everywhere, best from one constant in your code.",
};

const DATA: Rule = Rule {
    id: "event_name_data",
    title: "Event names hold no data",
    why: "A name with an id or a number in it is a new event each time: nothing can be counted or compared, and personal data \
          may show where it should not.",
    fix: "Keep the name the same and send what differs as a property.",
};

const NOISE: Rule = Rule {
    id: "noise",
    title: "Only what people do is tracked",
    why: "Requests, health checks and background jobs make silent customers look busy, so that Klime cannot see who \
          went quiet.",
    fix: "Take the call out of middleware, probes and jobs, and track the few actions that show that someone uses \
          the product.",
};

#[derive(Debug)]
pub(super) struct Names {
    names: Register<Name>,
    tracks: u64,
}

#[derive(Debug)]
struct Name {
    text: Box<str>,
    seq: u64,
    count: u64,
    grammar: Grammar,
    data: Option<Data>,
    shape: Option<String>,
    folded: String,
    is_noise: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self { names: Register::new(MOST_NAMES), tracks: 0 }
    }
}

impl Names {
    pub(super) fn note(&mut self, seq: u64, text: &str) {
        self.tracks += 1;
        if let Some(name) = self.names.entry(text, || Name::new(seq, text)) {
            name.count += 1;
        }
    }

    /// What the rules say; `bursts` are users whose events came faster than people act.
    pub(super) fn report(&self, bursts: Tally) -> [Check; 4] {
        if self.tracks == 0 {
            return [GRAMMAR, SPELLINGS, DATA, NOISE].map(|rule| rule.waiting("No event was tracked yet."));
        }
        [self.grammar(), self.spellings(), self.data(), self.noise(bursts)]
    }

    fn grammar(&self) -> Check {
        let (mut poor, mut unknown, mut judged) = (Tally::default(), 0, 0);
        for name in self.names.values().filter(|name| name.data.is_none() && !name.is_noise) {
            judged += 1;
            match &name.grammar {
                Grammar::Fine => {}
                Grammar::Unknown => unknown += 1,
                Grammar::Poor(Some(better)) => poor.add(name.seq, || format!("\"{}\", better \"{better}\"", name.text)),
                Grammar::Poor(None) => poor.add(name.seq, || format!("\"{}\"", name.text)),
            }
        }
        let limit = self.names.limit();
        if !poor.is_empty() {
            let names = counted(judged, "name");
            let found = format!(
                "{} of {names} {} not an object and an action in the past{limit}.",
                poor.count(),
                is(poor.count())
            );
            return GRAMMAR.warning(found, poor);
        }
        match unknown {
            0 => GRAMMAR.ok(format!("{}, as they should be{limit}.", counted(judged, "name"))),
            _ => GRAMMAR.ok(format!(
                "{} in all, nothing to complain about; {} could not be judged, perhaps not English{limit}.",
                counted(judged, "name"),
                grouped(unknown)
            )),
        }
    }

    fn spellings(&self) -> Check {
        let mut spelt: HashMap<&str, Vec<&Name>> = HashMap::new();
        for name in self.names.values().filter(|name| !name.folded.is_empty()) {
            spelt.entry(&name.folded).or_default().push(name);
        }
        let mut tally = Tally::default();
        for names in spelt.values_mut().filter(|names| names.len() > 1) {
            names.sort_unstable_by_key(|name| name.seq);
            let seq = names.get(1).map_or(0, |name| name.seq);
            tally.add(seq, || {
                names.iter().map(|name| format!("\"{}\" ({})", name.text, name.count)).collect::<Vec<_>>().join(", ")
            });
        }
        let limit = self.names.limit();
        match tally.count() {
            0 => SPELLINGS.ok(format!("{}, each spelt in one way{limit}.", counted(self.names.len(), "name"))),
            count => {
                let found =
                    format!("{} {} spelt in more than one way{limit}.", counted(count, "event name"), is(count));
                SPELLINGS.error(found, tally)
            }
        }
    }

    fn data(&self) -> Check {
        let mut shapes: HashMap<&str, usize> = HashMap::new();
        for shape in self.names.values().filter_map(|name| name.shape.as_deref()) {
            *shapes.entry(shape).or_default() += 1;
        }
        let mut tally = Tally::default();
        for name in self.names.values() {
            let alike = name.shape.as_deref().and_then(|shape| shapes.get(shape)).is_some_and(|count| *count >= ALIKE);
            if let Some(data) = name.data.or(alike.then_some(Data::Number)) {
                tally.add(name.seq, || format!("\"{}\" holds {}", name.text, data.what()));
            }
        }
        let names = counted(self.names.len(), "name");
        let more = if self.names.is_over() { "more than " } else { "" };
        match tally.count() {
            0 if self.names.len() > MANY_NAMES => {
                DATA.warning(format!("There are {more}{names}, so they seem to be made up at run time."), tally)
            }
            0 => DATA.ok(format!("{names}, none of them with an id, a number, a path or an address in it.")),
            count => {
                let with = if count == 1 { "holds" } else { "hold" };
                DATA.warning(format!("{} of {more}{names} {with} data.", grouped(count)), tally)
            }
        }
    }

    fn noise(&self, bursts: Tally) -> Check {
        let mut named = Tally::default();
        for name in self.names.values().filter(|name| name.is_noise) {
            named.add(name.seq, || format!("\"{}\", {}", name.text, counted(name.count, "event")));
        }
        let loud = self.loud();
        let mut found = Vec::new();
        if !named.is_empty() {
            let count = named.count();
            found.push(format!(
                "{} {} like requests or probes, not like actions",
                counted(count, "name"),
                sounds(count)
            ));
        }
        if let Some(name) = loud {
            let others = grouped(self.tracks - name.count);
            found.push(format!("\"{}\" came {} times, everything else {others} times", name.text, grouped(name.count)));
            named.add(name.seq, || format!("\"{}\", {}", name.text, counted(name.count, "event")));
        }
        if !bursts.is_empty() {
            let count = bursts.count();
            found.push(format!(
                "{} {} faster than people act",
                counted(count, "user"),
                if count == 1 { "was" } else { "were" }
            ));
        }
        if found.is_empty() {
            return NOISE.ok(format!("{}, and none looks like a request or a probe.", counted(self.tracks, "event")));
        }
        NOISE.warning(format!("{}.", found.join("; ")), named.join(bursts))
    }

    /// The event that drowns the others.
    fn loud(&self) -> Option<&Name> {
        let name = self.names.values().max_by_key(|name| name.count)?;
        let others = self.tracks - name.count;
        let is_loud = name.count >= LOUD && name.count > others * LOUDER && self.names.len() > LOUD_AMONG;
        (is_loud && !name.is_noise).then_some(name)
    }
}

fn sounds(count: u64) -> &'static str {
    if count == 1 { "sounds" } else { "sound" }
}

impl Name {
    fn new(seq: u64, name: &str) -> Self {
        let text = shortened(name);
        if name.len() > LONGEST_NAME {
            // As long as that, only this is worth saying.
            return Self {
                text,
                seq,
                count: 0,
                grammar: Grammar::Unknown,
                data: Some(Data::Text),
                shape: None,
                folded: String::new(),
                is_noise: false,
            };
        }
        Self {
            text,
            seq,
            count: 0,
            grammar: name::grammar(name),
            data: name::data(name),
            shape: name::shape(name),
            folded: folded(name),
            is_noise: name::is_noise(name),
        }
    }
}
