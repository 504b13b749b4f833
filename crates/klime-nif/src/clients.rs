//! The clients of this VM, by the process that owns them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use klime::Client;
use rustler::env::SavedTerm;
use rustler::{Env, LocalPid, Monitor, OwnedEnv, Resource, ResourceArc, Term};

use crate::teller::Teller;

static CLIENTS: OnceLock<RwLock<HashMap<LocalPid, Arc<Entry>>>> = OnceLock::new();

fn clients() -> &'static RwLock<HashMap<LocalPid, Arc<Entry>>> {
    CLIENTS.get_or_init(RwLock::default)
}

/// One client.
pub(crate) struct Entry {
    pub(crate) client: Client,
    pub(crate) teller: Arc<Teller>,
    /// What Elixir wants to be given back instead of the event being taken.
    pub(crate) hook: OnceLock<Hook>,
    /// How long the client may go on when its owner has ended.
    pub(crate) shutdown_timeout: Duration,
}

impl Entry {
    /// Delivers what is queued, in the background. The client's own drop does not wait, because `options.rs` lets it wait for
    /// no time at all.
    fn close(&self) {
        self.teller.leave();
        drop(self.client.shutdown().within(self.shutdown_timeout));
    }
}

/// The client of a process.
pub(crate) fn of(owner: LocalPid) -> Option<Arc<Entry>> {
    clients().read().unwrap_or_else(PoisonError::into_inner).get(&owner).cloned()
}

/// The processes that own a client.
pub(crate) fn owners() -> Vec<LocalPid> {
    clients().read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
}

fn forget(owner: LocalPid) {
    let entry = clients().write().unwrap_or_else(PoisonError::into_inner).remove(&owner);
    if let Some(entry) = entry {
        entry.close();
    }
}

/// A term that is kept for as long as the client lives.
pub(crate) struct Hook(Mutex<(OwnedEnv, SavedTerm)>);

impl Hook {
    pub(crate) fn new(term: Term<'_>) -> Self {
        let env = OwnedEnv::new();
        let saved = env.save(term);
        Self(Mutex::new((env, saved)))
    }

    /// A copy of the term, for this call.
    pub(crate) fn copy<'a>(&self, env: Env<'a>) -> Term<'a> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, saved) = &*kept;
        own.run(|own| saved.load(own).in_env(env))
    }
}

/// What a client's process holds. It monitors that process.
pub(crate) struct Held {
    pub(crate) entry: Arc<Entry>,
    owner: Mutex<Option<LocalPid>>,
}

impl Held {
    pub(crate) fn new(entry: Entry) -> Self {
        Self { entry: Arc::new(entry), owner: Mutex::new(None) }
    }

    /// Gives the client to a process; `false` when that has ended already.
    pub(crate) fn give_to(held: &ResourceArc<Self>, env: Env<'_>, owner: LocalPid, hook: Option<Hook>) -> bool {
        if let Some(hook) = hook {
            // It is given once.
            let _ = held.entry.hook.set(hook);
        }
        held.entry.teller.set_owner(owner);
        *held.owner.lock().unwrap_or_else(PoisonError::into_inner) = Some(owner);
        clients().write().unwrap_or_else(PoisonError::into_inner).insert(owner, Arc::clone(&held.entry));
        // Only now, so that a process that ends in between is forgotten all the same.
        let is_monitored = held.monitor(Some(env), &owner).is_some();
        if !is_monitored {
            forget(owner);
        }
        is_monitored
    }
}

#[rustler::resource_impl]
impl Resource for Held {
    fn down<'a>(&'a self, _: Env<'a>, owner: LocalPid, _: Monitor) {
        forget(owner);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let owner = self.owner.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        match owner {
            // In case that it goes before its owner does.
            Some(owner) => forget(owner),
            None => self.entry.close(),
        }
    }
}
