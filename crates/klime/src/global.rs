//! The process's default client.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use crate::client::{Client, Flush};
use crate::error::AlreadyInstalled;
use crate::event::{Anonymous, Group, Identify, Target, Track};

static DEFAULT: RwLock<Option<Client>> = RwLock::new(None);

/// Begins a track event for the [installed](Client::install) client, like [`Client::track`].
///
/// When none is installed the event is dropped, and one warning is logged.
///
/// # Examples
///
/// ```
/// let guard = klime::Client::disabled().install()?; // in your app: Client::from_env()?
/// klime::track("Button Clicked").user("user_123").enqueue();
/// assert_eq!(guard.client().stats().enqueued, 1);
/// # Ok::<(), klime::AlreadyInstalled>(())
/// ```
pub fn track(name: impl AsRef<str>) -> Track<'static, Anonymous> {
    Track::new(Target::Default(client()), name.as_ref())
}

/// Begins an identify event for the [installed](Client::install) client, like [`Client::identify`].
///
/// # Examples
///
/// ```
/// let guard = klime::Client::disabled().install()?; // in your app: Client::from_env()?
/// klime::identify("user_123").trait_value("email", "user@example.com").enqueue();
/// assert_eq!(guard.client().stats().enqueued, 1);
/// # Ok::<(), klime::AlreadyInstalled>(())
/// ```
pub fn identify(user_id: impl fmt::Display) -> Identify<'static> {
    Identify::new(Target::Default(client()), user_id)
}

/// Begins a group event for the [installed](Client::install) client, like [`Client::group`].
///
/// # Examples
///
/// ```
/// let guard = klime::Client::disabled().install()?; // in your app: Client::from_env()?
/// klime::group("org_456").user("user_123").enqueue();
/// assert_eq!(guard.client().stats().enqueued, 1);
/// # Ok::<(), klime::AlreadyInstalled>(())
/// ```
pub fn group(group_id: impl fmt::Display) -> Group<'static> {
    Group::new(Target::Default(client()), group_id)
}

/// Flushes the [installed](Client::install) client, like [`Client::flush`]. Without one it is over at once, with a report of
/// nothing.
///
/// # Examples
///
/// ```
/// # smol::block_on(async {
/// assert!(klime::flush().await.is_complete());
/// # });
/// ```
pub fn flush() -> Flush {
    client().map_or_else(Flush::of_nothing, |client| client.flush())
}

/// The [installed](Client::install) client; `None` when there is none.
///
/// # Examples
///
/// ```
/// assert!(klime::client().is_none());
/// let _guard = klime::Client::disabled().install()?;
/// assert!(klime::client().is_some());
/// # Ok::<(), klime::AlreadyInstalled>(())
/// ```
#[must_use]
pub fn client() -> Option<Client> {
    DEFAULT.read().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(crate) fn install(client: &Client) -> Result<InstallGuard, AlreadyInstalled> {
    let mut default = DEFAULT.write().unwrap_or_else(PoisonError::into_inner);
    if default.is_some() {
        return Err(AlreadyInstalled(()));
    }
    *default = Some(client.clone());
    Ok(InstallGuard { client: client.clone() })
}

/// Keeps a client installed as the process's default. Dropping it uninstalls the client and shuts it down, waiting for at most
/// `shutdown_timeout` (5 s).
///
/// Bind it to a name in `main`: `let _guard = …`. With `let _ = …` it is dropped at once.
///
/// # Examples
///
/// ```
/// let guard = klime::Client::disabled().install()?;
/// assert!(klime::client().is_some());
/// drop(guard);
/// assert!(klime::client().is_none());
/// # Ok::<(), klime::AlreadyInstalled>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard uninstalls the client at once; bind it with `let _guard = …`"]
pub struct InstallGuard {
    client: Client,
}

impl InstallGuard {
    /// The client that is installed.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Drop for InstallGuard {
    fn drop(&mut self) {
        let uninstalled = DEFAULT.write().unwrap_or_else(PoisonError::into_inner).take();
        // Not under the lock: callbacks may want the default client.
        drop(uninstalled);
        let _ = self.client.shutdown_blocking(self.client.handle().shutdown_timeout);
    }
}
