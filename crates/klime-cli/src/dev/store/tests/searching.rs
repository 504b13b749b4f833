use serde_json::json;

use super::super::{Filter, Order, Page};
use super::{all, memory, newest, refused, request, seqs, taken, track};
use crate::dev::event::Kind;

fn search(text: &str) -> Filter {
    Filter { search: Some(text.to_owned()), ..all() }
}

#[test]
fn bodies_names_ids_and_refusals_are_searched() {
    let mut store = memory();
    let traits = json!({ "name": "Größe \"XL\"" });
    let group = taken(Kind::Group, "g", None, Some("user\"7"), Some("g1"), traits.as_object().unwrap().clone());
    store.append(&request(0), &[track("a", "Report Generated", "u1"), refused("userId is missing"), group]).unwrap();
    for (text, found) in [
        ("report", vec![1]),
        ("userid IS missing", vec![2]),
        ("missing_field", vec![2]),
        ("Größe", vec![3]),
        ("user\"7", vec![3]),
        ("xl\\\"", vec![3]),
        ("messageid", vec![3, 1]),
        ("nowhere", vec![]),
    ] {
        assert_eq!(seqs(&newest(&store, &search(text))), found, "{text}");
    }
}

#[test]
fn a_search_looks_at_a_bounded_part_and_goes_on() {
    let mut store = memory();
    let fields = json!({ "text": "x".repeat(190_000) });
    for number in 0..200 {
        let name = if number == 3 { "Needle" } else { "A" };
        let fields = fields.as_object().unwrap().clone();
        store
            .append(&request(0), &[taken(Kind::Track, &format!("m{number}"), Some(name), Some("u1"), None, fields)])
            .unwrap();
    }
    let mut before = None;
    for slice in 1.. {
        let page = Page { order: Order::NewestFirst { before }, limit: 10 };
        let found = store.events(&search("needle"), None, page).unwrap();
        if let Some(row) = found.rows.first() {
            assert_eq!(row.seq, 4);
            assert!(slice > 2, "found in slice {slice}");
            return;
        }
        before = Some(found.next.expect("there is more to look at"));
    }
}

#[test]
fn a_page_of_large_bodies_is_short_and_goes_on() {
    let mut store = memory();
    let fields = json!({ "text": "x".repeat(190_000) });
    for number in 0..100 {
        let fields = fields.as_object().unwrap().clone();
        store
            .append(&request(0), &[taken(Kind::Track, &format!("m{number}"), Some("A"), Some("u1"), None, fields)])
            .unwrap();
    }
    let page = newest(&store, &all());
    assert!(page.rows.len() > 5 && page.rows.len() < 20, "{}", page.rows.len());
    assert_eq!(page.next, page.rows.last().map(|row| row.seq));
}
