//! What the users of the demo do in the product, and what it carries.

use fastrand::Rng;
use klime::json;
use serde_json::Value;

/// Names, and how often they come relative to each other.
const ACTIONS: [(&str, u32); 9] = [
    ("Dashboard Viewed", 24),
    ("Report Generated", 18),
    ("Button Clicked", 14),
    ("Filter Applied", 12),
    ("Report Exported", 8),
    ("Comment Added", 6),
    ("Alert Created", 3),
    ("Data Source Connected", 2),
    ("Teammate Invited", 1),
];

/// Any action, the frequent ones more often.
pub(super) fn any(rng: &mut Rng) -> (&'static str, Value) {
    let total = ACTIONS.iter().map(|(_, weight)| weight).sum();
    let mut ticket = rng.u32(0..total);
    let drawn = ACTIONS.iter().find(|(_, weight)| {
        let is_here = ticket < *weight;
        ticket = ticket.saturating_sub(*weight);
        is_here
    });
    let name = drawn.map_or("Dashboard Viewed", |(name, _)| *name);
    (name, properties(name, rng))
}

/// What an event of this name carries.
pub(super) fn properties(name: &str, rng: &mut Rng) -> Value {
    match name {
        "Logged In" => json!({ "method": one_of(rng, &["password", "sso", "sso", "magic_link"]) }),
        "Dashboard Viewed" => json!({ "dashboard": one_of(rng, &["revenue", "retention", "pipeline", "support"]) }),
        "Report Generated" => json!({
            "report_type": one_of(rng, &["revenue", "churn", "usage", "cohort"]),
            "rows": rng.u32(20..5000),
            "duration_ms": rng.u32(80..2400),
        }),
        "Button Clicked" => json!({
            "button_name": one_of(rng, &["Share", "Refresh", "Compare", "Upgrade", "Schedule"]),
            "page": one_of(rng, &["/dashboards", "/reports", "/settings"]),
        }),
        "Filter Applied" => json!({ "field": one_of(rng, &["region", "plan", "owner", "date"]) }),
        "Report Exported" => json!({ "format": one_of(rng, &["csv", "csv", "pdf", "xlsx"]) }),
        "Comment Added" => json!({ "length": rng.u32(8..240) }),
        "Alert Created" => json!({ "metric": one_of(rng, &["churn", "mrr", "signups"]), "threshold": rng.u32(1..50) }),
        "Data Source Connected" => json!({ "source": one_of(rng, &["postgres", "bigquery", "stripe", "csv"]) }),
        "Teammate Invited" => json!({ "role": one_of(rng, &["member", "member", "admin", "viewer"]) }),
        "Sync Completed" => json!({ "rows": rng.u32(2_000..90_000), "seconds": rng.u32(4..190) }),
        _ => Value::Null,
    }
}

/// One of some words.
pub(super) fn one_of(rng: &mut Rng, words: &[&'static str]) -> &'static str {
    rng.choice(words.iter().copied()).unwrap_or_default()
}
