//! The parameters that several questions share: which events, in which mode, which page.

use super::{BadParameter, Parameters, bad};
use crate::dev::event::{Kind, Mode, Status};
use crate::dev::store::{Filter, Order, Page};

const MAX_LIMIT: u64 = 1_000;
const USUAL_LIMIT: u64 = 100;

/// Which events. Where `status` is not given it is `usual`.
///
/// # Errors
///
/// If a value is not allowed.
pub fn filter(parameters: &mut Parameters, usual: Option<Status>) -> Result<Filter, BadParameter> {
    let statuses = [
        ("accepted", Some(Status::Accepted)),
        ("refused", Some(Status::Refused)),
        ("duplicate", Some(Status::Duplicate)),
        ("all", None),
    ];
    let kinds = [("track", Kind::Track), ("identify", Kind::Identify), ("group", Kind::Group)];
    Ok(Filter {
        status: parameters.choice("status", &statuses)?.unwrap_or(usual),
        kind: parameters.choice("type", &kinds)?,
        event: parameters.text("event")?,
        user_id: parameters.text("userId")?,
        group_id: parameters.text("groupId")?,
        customer: parameters.text("customer")?,
        mode: mode(parameters)?,
        message_id: parameters.text("messageId")?,
        library: parameters.text("library")?,
        batch: parameters.number("batch", 1..=u64::MAX)?,
        since: parameters.time("since")?,
        until: parameters.time("until")?,
        search: parameters.search("search"),
    })
}

/// The mode that is meant for this question alone.
///
/// # Errors
///
/// If it is another word.
pub fn mode(parameters: &mut Parameters) -> Result<Option<Mode>, BadParameter> {
    parameters.choice("mode", &[("companies", Mode::Companies), ("individuals", Mode::Individuals)])
}

/// Which page.
///
/// # Errors
///
/// If a value is not allowed, or both directions are given.
pub fn page(parameters: &mut Parameters) -> Result<Page, BadParameter> {
    let limit = parameters.number("limit", 1..=MAX_LIMIT)?.unwrap_or(USUAL_LIMIT);
    let before = parameters.number("before", 1..=u64::MAX)?;
    let after = parameters.number("after", 0..=u64::MAX)?;
    let order = match (before, after) {
        (Some(_), Some(after)) => {
            return Err(bad(
                "after",
                &after.to_string(),
                "cannot be together with before: one is newest first, one oldest first",
            ));
        }
        (before, None) => Order::NewestFirst { before },
        (None, Some(after)) => Order::OldestFirst { after },
    };
    Ok(Page { order, limit: usize::try_from(limit).unwrap_or(usize::MAX) })
}
