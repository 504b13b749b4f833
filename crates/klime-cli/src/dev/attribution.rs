//! Events together with the customers that they count for: the store knows the events, the customers know who belongs to whom.

use super::customers::Customers;
use super::event::{Mode, Status};
use super::store::{Audience, EventPage, Filter, Page, Row, Store, StoreError};

/// Groups that are named with an event at most.
const MAX_GROUPS: usize = 20;

/// A page of events. `mode` is the one in force; the filter's own goes before it.
///
/// # Errors
///
/// If the store cannot be read.
pub fn events(
    store: &Store,
    customers: &Customers,
    mode: Mode,
    filter: &Filter,
    page: Page,
) -> Result<EventPage, StoreError> {
    let customer = filter.customer.as_deref();
    let audience = customer.map(|id| audience(customers, filter.mode.unwrap_or(mode), id));
    let mut found = store.events(filter, audience.as_ref(), page)?;
    found.rows.iter_mut().for_each(|row| name_groups(customers, row));
    Ok(found)
}

/// One event.
///
/// # Errors
///
/// If the store cannot be read.
pub fn event(store: &Store, customers: &Customers, seq: u64) -> Result<Option<Row>, StoreError> {
    let mut found = store.event(seq)?;
    found.iter_mut().for_each(|row| name_groups(customers, row));
    Ok(found)
}

fn audience<'a>(customers: &'a Customers, mode: Mode, id: &'a str) -> Audience<'a> {
    match mode {
        Mode::Companies => Audience::Group { id, members: customers.members_of(id).collect() },
        Mode::Individuals => Audience::User(id),
    }
}

/// Names the groups that an accepted track counts for, as the links are by now.
pub fn name_groups(customers: &Customers, row: &mut Row) {
    if row.status != Status::Accepted || row.kind.as_deref() != Some("track") {
        return;
    }
    row.groups = match (&row.group_id, &row.user_id) {
        (Some(group), _) => vec![group.clone()],
        (None, Some(user)) => {
            let mut groups: Vec<_> = customers.groups_of(user).take(MAX_GROUPS).map(str::to_owned).collect();
            groups.sort();
            groups
        }
        (None, None) => Vec::new(),
    };
}
