//! The first two steps: what is configured, and where it comes from.

use std::net::IpAddr;

use klime::Route;

use super::step::{Name, Step};
use crate::exit::Exit;
use crate::settings::{Connection, Settings, SettingsError};

/// The step, and what the next ones need; `None` for what could not be had.
pub(super) struct Configuration {
    pub(super) step: Step,
    pub(super) settings: Option<Settings>,
    pub(super) route: Option<Route>,
}

/// Reads the settings as the other commands do.
pub(super) fn check(connection: &Connection) -> Configuration {
    let settings = match Settings::read(connection) {
        Ok(settings) => settings,
        Err(error) => return Configuration { step: failed(&error), settings: None, route: None },
    };
    let route = match Route::find(&settings.endpoint, settings.allow_insecure_http) {
        Ok(route) => route,
        Err(error) => {
            let step = failed(&settings.explain(&error));
            return Configuration { step, settings: Some(settings), route: None };
        }
    };
    Configuration { step: judge(&settings, &route), settings: Some(settings), route: Some(route) }
}

fn judge(settings: &Settings, route: &Route) -> Step {
    let built = settings.client().and_then(|builder| builder.build().map_err(|error| settings.explain(&error)));
    if let Err(error) = built {
        return failed(&error);
    }
    let key = settings.write_key.as_ref().map(|(key, source)| format!("; write key {} ({source})", key.masked()));
    let found = format!("{} ({}){}", settings.endpoint, settings.endpoint_source, key.unwrap_or_default());
    if settings.is_disabled {
        let fix = "KLIME_DISABLED is set, so that nothing is sent; unset it where events are wanted";
        return Step::failed(Name::Configuration, Exit::Usage, found, fix);
    }
    if !route.is_https() && !is_loopback(route.host()) {
        let fix = "plain http shows the write key and all events on the way; use it inside a trusted network only";
        return Step::warning(Name::Configuration, found, fix);
    }
    Step::ok(Name::Configuration, found)
}

fn failed(error: &SettingsError) -> Step {
    Step::failed(
        Name::Configuration,
        Exit::Usage,
        error.to_string(),
        "mend the setting that is named, and run this again",
    )
}

/// Which proxy there is, and who says so.
pub(super) fn proxy(route: &Route) -> Step {
    match route.proxy() {
        None => Step::ok(Name::Proxy, "none"),
        Some(proxy) => Step::ok(Name::Proxy, format!("{}:{} ({})", proxy.host(), proxy.port(), proxy.variable())),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
