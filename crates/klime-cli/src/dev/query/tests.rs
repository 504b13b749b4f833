use super::{BadParameter, Parameters, filter, page};
use crate::dev::event::{Kind, Mode, Status};
use crate::dev::store::{Filter, Order, Page};

fn read(pairs: &[(&str, &str)]) -> Result<(Filter, Page), BadParameter> {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut parameters = Parameters::new(pairs)?;
    let asked = (filter(&mut parameters, Some(Status::Accepted))?, page(&mut parameters)?);
    parameters.finish()?;
    Ok(asked)
}

#[test]
fn nothing_given_is_the_newest_accepted_events() {
    let (filter, page) = read(&[]).unwrap();
    assert_eq!(filter, Filter::default());
    assert_eq!(page, Page { order: Order::NewestFirst { before: None }, limit: 100 });
}

#[test]
fn every_parameter_is_read() {
    let (filter, page) = read(&[
        ("status", "all"),
        ("type", "track"),
        ("event", "Report Generated"),
        ("userId", "u1"),
        ("groupId", "g1"),
        ("customer", "c1"),
        ("mode", "individuals"),
        ("messageId", "m1"),
        ("library", "rust-sdk"),
        ("batch", "7"),
        ("since", "2026-11-24T15:20:00+01:00"),
        ("until", "2026-11-24T15:20:00.5Z"),
        ("search", "acme"),
        ("limit", "1000"),
        ("after", "0"),
    ])
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = Filter {
        status: None,
        kind: Some(Kind::Track),
        event: text("Report Generated"),
        user_id: text("u1"),
        group_id: text("g1"),
        customer: text("c1"),
        mode: Some(Mode::Individuals),
        message_id: text("m1"),
        library: text("rust-sdk"),
        batch: Some(7),
        since: Some("2026-11-24T14:20:00Z".parse().unwrap()),
        until: Some("2026-11-24T15:20:00.5Z".parse().unwrap()),
        search: text("acme"),
    };
    assert_eq!(filter, expected);
    assert_eq!(page, Page { order: Order::OldestFirst { after: 0 }, limit: 1_000 });
}

#[test]
fn a_bad_parameter_is_named_with_its_value_and_bounds() {
    for (pairs, error) in [
        (vec![("limit", "5000")], "limit=5000: must be a whole number from 1 to 1000"),
        (vec![("limit", "0")], "limit=0: must be a whole number from 1 to 1000"),
        (vec![("limit", "")], "limit=: must be a whole number from 1 to 1000"),
        (vec![("before", "-1")], "before=-1: must be a whole number from 1"),
        (vec![("after", "99999999999999999999")], "after=99999999999999999999: must be a whole number from 0"),
        (vec![("status", "Accepted")], "status=Accepted: must be one of accepted, refused, duplicate, all"),
        (vec![("type", "page")], "type=page: must be one of track, identify, group"),
        (vec![("mode", "auto")], "mode=auto: must be one of companies, individuals"),
        (vec![("userId", "")], "userId is empty; give a value or leave it out"),
        (vec![("userId", "a"), ("userId", "b")], "the parameter userId is given twice; it may be given once"),
        (
            vec![("before", "5"), ("after", "4")],
            "after=4: cannot be together with before: one is newest first, one oldest first",
        ),
        (
            vec![("userid", "a")],
            "unknown parameter userid=a; there are status, type, event, userId, groupId, customer, mode, messageId, library, \
             batch, since, until, search, limit, before, after",
        ),
    ] {
        assert_eq!(read(&pairs).unwrap_err().to_string(), error);
    }
}

#[test]
fn a_time_that_cannot_be_taken_is_told_the_bounds() {
    for time in
        ["2026-11-24T15:20:00 01:00", "9999-12-31T23:59:59Z", "9999-12-30T22:00:01Z", "2026-11-24T15:20:00.1234567890Z"]
    {
        let must = "must be a time as RFC 3339, for example 2026-11-24T15:20:00Z (write + as %2B), before 9999-12-30T22:00:01Z and \
             with at most 9 digits after the second";
        assert_eq!(read(&[("until", time)]).unwrap_err().to_string(), format!("until={time}: {must}"));
    }
    for time in ["9999-12-30T22:00:00.999999999Z", "2026-11-24T15:20:00.123456789Z"] {
        assert!(read(&[("until", time)]).is_ok(), "{time}");
    }
}

#[test]
fn an_endless_value_is_not_given_back_whole() {
    let long = "9".repeat(10_000);
    assert!(read(&[("limit", &long)]).unwrap_err().to_string().len() < 200);
}
