//! The clients of this VM, by the process that owns them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use klime::Client;
use rustler::env::SavedTerm;
use rustler::{Env, LocalPid, Monitor, OwnedEnv, Resource, ResourceArc, Term};

use crate::teller::Teller;
use crate::{atoms, errands};

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
    /// Delivers what is queued, in the background, and says to whom all is told that there is no more to tell. The client's own drop
    /// does not wait, because `options.rs` lets it wait for no time at all.
    fn close(self: Arc<Self>) {
        let shutdown = self.client.shutdown().within(self.shutdown_timeout);
        errands::run(async move {
            // What is lost is told, so nobody reads the reports.
            let _ = shutdown.await;
            // At the deadline there may be more to tell. All of it is told before the end is.
            self.teller.rush();
            let _ = self.client.flush_with_callbacks().await;
            self.teller.tell((atoms::klime(), atoms::over()));
        });
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
///
/// It lets go of the client when that process ends, for a reference to it may live on: on the heap of a supervisor, in a report of a
/// crash.
pub(crate) struct Held {
    holding: Mutex<Holding>,
    /// It outlives the client's process, to tell what becomes of the last events.
    pub(crate) teller: Arc<Teller>,
}

struct Holding {
    entry: Option<Arc<Entry>>,
    owner: Option<LocalPid>,
}

impl Held {
    pub(crate) fn new(entry: Entry) -> Self {
        let teller = Arc::clone(&entry.teller);
        Self { holding: Mutex::new(Holding { entry: Some(Arc::new(entry)), owner: None }), teller }
    }

    fn lock(&self) -> MutexGuard<'_, Holding> {
        self.holding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client, until its owner has ended.
    pub(crate) fn entry(&self) -> Option<Arc<Entry>> {
        self.lock().entry.clone()
    }

    /// Gives the client to a process; `false` when that has ended already.
    pub(crate) fn give_to(held: &ResourceArc<Self>, env: Env<'_>, owner: LocalPid, hook: Option<Hook>) -> bool {
        let Some(entry) = held.entry() else {
            return false;
        };
        if let Some(hook) = hook {
            // It is given once.
            let _ = entry.hook.set(hook);
        }
        held.lock().owner = Some(owner);
        clients().write().unwrap_or_else(PoisonError::into_inner).insert(owner, entry);
        // Only now, so that a process that ends in between is forgotten all the same.
        let is_monitored = held.monitor(Some(env), &owner).is_some();
        if !is_monitored {
            held.let_go();
        }
        is_monitored
    }

    /// Delivers what is queued, in the background, and forgets the client.
    pub(crate) fn let_go(&self) {
        let mut holding = self.lock();
        let (entry, owner) = (holding.entry.take(), holding.owner.take());
        drop(holding);
        if let Some(owner) = owner {
            clients().write().unwrap_or_else(PoisonError::into_inner).remove(&owner);
        }
        if let Some(entry) = entry {
            entry.close();
        }
    }
}

#[rustler::resource_impl]
impl Resource for Held {
    fn down<'a>(&'a self, _: Env<'a>, _: LocalPid, _: Monitor) {
        self.let_go();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // In case that no process ever owned it.
        self.let_go();
    }
}
