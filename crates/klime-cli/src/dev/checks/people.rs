//! Users and groups: who is known by which traits, who is linked to whom, and what their ids look like.

use super::person::{BURST_SECONDS, Facts, Person};
use super::register::Register;
use super::report::{Check, Rule, Tally, counted, grouped, has, is, was};
use crate::dev::event::{Event, Kind, Mode};

const MOST_USERS: usize = 50_000;
const MOST_GROUPS: usize = 50_000;

const IDENTIFIED: Rule = Rule {
    id: "identified_users",
    title: "Users are identified",
    why: "A user who is never identified is a bare id in Klime: nobody can search for them or write to them.",
    fix: "Call identify() with the same user id at sign-up and at each login; the order of events does not matter.",
};

const USER_TRAITS: Rule = Rule {
    id: "user_traits",
    title: "Users have email and name",
    why: "Klime shows and finds users by the traits `email` and `name`.",
    fix: "Set both in each identify(), spelt exactly `email` and `name`; first and last name go into `name` together.",
};

const GROUP_TRAITS: Rule = Rule {
    id: "group_traits",
    title: "Groups have a name",
    why: "Klime shows and finds customers by the trait `name`; without it there is only an id.",
    fix: "Set `name` when you call group(), at least once for each group.",
};

const IDS: Rule = Rule {
    id: "stable_ids",
    title: "Ids are stable",
    why: "When an e-mail address, a domain or a name changes, Klime sees a new customer and the history of the old \
          one ends.",
    fix: "Use the primary key of your database as the id, and send address, domain and name as traits.",
};

const CALLS: Rule = Rule {
    id: "group_calls",
    title: "group() fits the mode",
    why: "In Companies & Teams mode customers are groups: the dashboard stays empty until group() links users to them. In \
          Individual Customers mode groups are not used.",
    fix: "If your customers are companies, call group() when a user joins or enters one; if they are single people, \
          leave it out.",
};

const LINKS: Rule = Rule {
    id: "group_links",
    title: "Users are linked to groups",
    why: "What a user does counts for the groups that group() has linked the user to; a track() alone links nobody.",
    fix: "Call group() with the group's and the user's id wherever your app learns that they belong together, at \
          login for example.",
};

#[derive(Debug)]
pub(super) struct People {
    users: Register<Person>,
    groups: Register<Person>,
    group_calls: u64,
}

impl Default for People {
    fn default() -> Self {
        Self { users: Register::new(MOST_USERS), groups: Register::new(MOST_GROUPS), group_calls: 0 }
    }
}

impl People {
    pub(super) fn note(&mut self, seq: u64, event: &Event) {
        self.group_calls += u64::from(event.kind == Kind::Group);
        if let Some(id) = &event.user_id
            && let Some(user) = self.users.entry(id, || Person::new(seq, id))
        {
            user.note_as_user(event);
        }
        if let Some(id) = &event.group_id
            && let Some(group) = self.groups.entry(id, || Person::new(seq, id))
        {
            group.note_as_group(event);
        }
    }

    pub(super) fn report(&self, mode: Mode, mode_is_given: bool) -> [Check; 6] {
        [
            self.identified(),
            self.user_traits(),
            self.group_traits(),
            self.ids(),
            self.calls(mode, mode_is_given),
            self.user_links(mode),
        ]
    }

    /// Users whose events came faster than people act.
    pub(super) fn bursts(&self) -> Tally {
        let mut tally = Tally::default();
        for user in self.users.values().filter(|user| user.is_burst()) {
            let most = grouped(user.most_in_window.into());
            tally.add(user.seq, || format!("{most} events of user {} within {BURST_SECONDS} seconds", user.id));
        }
        tally
    }

    fn identified(&self) -> Check {
        let all = self.users.len();
        if all == 0 {
            return IDENTIFIED.waiting("No event with a user came yet.");
        }
        let missing = tally(&self.users, |user| {
            (!user.facts.has(Facts::DESCRIBED)).then(|| format!("user {} was never identified", user.id))
        });
        let (users, limit) = (counted(all, "user"), self.users.limit());
        match missing.count() {
            0 => IDENTIFIED.ok(format!("{users}, all of them identified{limit}.")),
            count => {
                let found = format!("{} of {users} {} never identified{limit}.", grouped(count), was(count));
                IDENTIFIED.warning(found, missing)
            }
        }
    }

    fn user_traits(&self) -> Check {
        let identified = self.users.values().filter(|user| user.facts.has(Facts::DESCRIBED)).count() as u64;
        if identified == 0 {
            return USER_TRAITS.waiting("No user was identified yet.");
        }
        let lacking = tally(&self.users, |user| {
            let lacks = match (user.facts.has(Facts::EMAIL), user.facts.has(Facts::NAME)) {
                _ if !user.facts.has(Facts::DESCRIBED) => return None,
                (true, true) => return None,
                (true, false) => "name",
                (false, true) => "email",
                (false, false) => "email and no name",
            };
            Some(format!("user {} has no {lacks}", user.id))
        });
        let (users, limit) = (counted(identified, "identified user"), self.users.limit());
        match lacking.count() {
            0 => USER_TRAITS.ok(format!("{users}, with `email` and `name`{limit}.")),
            count => {
                let found = format!("{} of {users} {} no `email` or no `name`{limit}.", grouped(count), has(count));
                USER_TRAITS.warning(found, lacking)
            }
        }
    }

    fn group_traits(&self) -> Check {
        let all = self.groups.len();
        if all == 0 {
            return GROUP_TRAITS.waiting("No event with a group came yet.");
        }
        let nameless = tally(&self.groups, |group| {
            (!group.facts.has(Facts::NAME)).then(|| match group.facts.has(Facts::DESCRIBED) {
                true => format!("group {} has no name", group.id),
                false => format!("group {} was never described by group()", group.id),
            })
        });
        let (groups, limit) = (counted(all, "group"), self.groups.limit());
        match nameless.count() {
            0 => GROUP_TRAITS.ok(format!("{groups}, each with a `name`{limit}.")),
            count => {
                let found = format!("{} of {groups} {} no `name`{limit}.", grouped(count), has(count));
                GROUP_TRAITS.warning(found, nameless)
            }
        }
    }

    fn ids(&self) -> Check {
        let all = self.users.len() + self.groups.len();
        if all == 0 {
            return IDS.waiting("No id came yet.");
        }
        let is_odd = |person: &Person| person.shape.what().map(|what| format!("{}, {what}", person.id));
        let users = tally(&self.users, |user| is_odd(user).map(|text| format!("user id {text}")));
        let groups = tally(&self.groups, |group| is_odd(group).map(|text| format!("group id {text}")));
        let is_bad = self.users.values().chain(self.groups.values()).any(|person| person.shape.is_certain());
        let limit = if self.users.is_over() { self.users.limit() } else { self.groups.limit() };
        let odd = users.join(groups);
        let ids = counted(all, "id");
        let found = match odd.count() {
            0 => return IDS.ok(format!("{ids}, none of them an e-mail address, a domain or a name{limit}.")),
            1 => format!("1 of {ids} looks like something else than a key{limit}."),
            count => format!("{} of {ids} look like something else than a key{limit}.", grouped(count)),
        };
        if is_bad { IDS.error(found, odd) } else { IDS.warning(found, odd) }
    }

    fn calls(&self, mode: Mode, mode_is_given: bool) -> Check {
        let calls = counted(self.group_calls, "call");
        match (mode, self.group_calls) {
            _ if self.users.len() + self.groups.len() == 0 => CALLS.waiting("No event came yet."),
            (Mode::Companies, 0) => {
                CALLS.error("There was no group() yet, so in Companies & Teams mode there are no customers.", Tally::default())
            }
            (Mode::Companies, _) => CALLS.ok(format!("{calls} of group().")),
            (Mode::Individuals, 0) if mode_is_given => CALLS.ok("No group(), as it should be in Individual Customers mode."),
            (Mode::Individuals, 0) => CALLS.waiting(
                "No group() so far, so this looks like Individual Customers mode; if your customers are companies, group() is \
                 missing.",
            ),
            (Mode::Individuals, count) => {
                let mut tally = Tally::default();
                let described = self.groups.values().filter(|group| group.facts.has(Facts::DESCRIBED));
                for group in described {
                    tally.add(group.seq, || format!("group {}", group.id));
                }
                let found =
                    format!("{calls} of group(), which {} not used in Individual Customers mode.", is(count));
                CALLS.warning(found, tally)
            }
        }
    }

    fn user_links(&self, mode: Mode) -> Check {
        if mode == Mode::Individuals {
            return LINKS.ok("Individual Customers mode needs no groups.");
        }
        if self.group_calls == 0 {
            return LINKS.waiting("There was no group() yet.");
        }
        let alone = |what: &'static str| {
            move |person: &Person| (!person.facts.has(Facts::LINKED)).then(|| format!("{what} {}", person.id))
        };
        let users = tally(&self.users, alone("no group: user"));
        let groups = tally(&self.groups, alone("no users: group"));
        let mut found = Vec::new();
        if !users.is_empty() {
            let all = counted(self.users.len(), "user");
            found.push(format!("{} of {all} {} linked to no group", grouped(users.count()), is(users.count())));
        }
        if !groups.is_empty() {
            let all = counted(self.groups.len(), "group");
            found.push(format!("{} of {all} {} no users", grouped(groups.count()), has(groups.count())));
        }
        if found.is_empty() {
            let (users, groups) = (counted(self.users.len(), "user"), counted(self.groups.len(), "group"));
            return LINKS.ok(format!("{users} and {groups}, all of them linked{}.", self.users.limit()));
        }
        LINKS.warning(format!("{}{}.", found.join("; "), self.users.limit()), users.join(groups))
    }
}

fn tally(people: &Register<Person>, says: impl Fn(&Person) -> Option<String>) -> Tally {
    let mut tally = Tally::default();
    for person in people.values() {
        if let Some(text) = says(person) {
            tally.add(person.seq, || text);
        }
    }
    tally
}
