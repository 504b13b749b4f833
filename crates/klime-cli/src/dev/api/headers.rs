//! What goes around each handler: who may ask, and the headers that keep an answer harmless in a browser.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::ApiError;
use crate::dev::app::{App, Shared};
use crate::dev::guard::NotAllowed;

/// The page may do what its own files need, and nothing else; event data that became markup would find all doors shut.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PREFLIGHT_SECONDS: &str = "600";
const PRIVATE_NETWORK_ASKED: HeaderName = HeaderName::from_static("access-control-request-private-network");
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Lets a request through to its handler if its host and origin may ask.
pub(super) async fn guarded(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let is_for_events = request.uri().path() == "/v1/batch";
    let origin = request.headers().get(header::ORIGIN).cloned();
    let checked = check(&app, &request, is_for_events);
    let is_allowed = checked.is_ok();
    let mut response = match checked {
        Err(refusal) => {
            if app.guard.tell(&refusal) {
                app.terminal.warn(&refusal.to_string());
            }
            ApiError::new(StatusCode::FORBIDDEN, refusal.to_string()).into_response()
        }
        Ok(()) if is_for_events && request.method() == Method::OPTIONS => preflight(request.headers()),
        Ok(()) => next.run(request).await,
    };
    let headers = response.headers_mut();
    if is_for_events {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin.filter(|_| is_allowed) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
        }
    } else {
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    }
    harmless(headers);
    response
}

fn check(app: &App, request: &Request, is_for_events: bool) -> Result<(), NotAllowed> {
    let only = |name: HeaderName| {
        let mut values = request.headers().get_all(&name).iter().map(|value| value.to_str().unwrap_or("?"));
        let value = values.next();
        if values.next().is_some() { Err(NotAllowed::twice(name.as_str())) } else { Ok(value) }
    };
    let (host, origin) = (only(header::HOST)?, only(header::ORIGIN)?);
    app.guard.host(host)?;
    if let Some(authority) = request.uri().authority() {
        app.guard.host(Some(authority.as_str()))?;
    }
    if is_for_events { app.guard.event_origin(origin) } else { app.guard.own_origin(origin, host) }
}

/// The answer to a browser that asks whether a page may send events.
fn preflight(headers: &HeaderMap) -> Response {
    let allowed = [
        (header::ALLOW, "POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, content-encoding"),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ];
    let mut response = (StatusCode::NO_CONTENT, allowed).into_response();
    if headers.contains_key(PRIVATE_NETWORK_ASKED) {
        response.headers_mut().insert(PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    response
}

fn harmless(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The page's files say for themselves how long they are good for.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
