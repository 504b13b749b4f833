//! The exports of other tools, whole.

use serde_json::json;

use super::{Desk, accepted};
use crate::support::Dev;

#[test]
fn segments_messages_are_imported() {
    let text = r#"{"type":"track","event":"Order Placed","userId":"u1","anonymousId":"a1","messageId":"ajs-1","timestamp":"2026-05-01T10:00:00.000Z","receivedAt":"2026-05-01T10:00:01.000Z","properties":{"total":5},"context":{"groupId":"org_1","ip":"203.0.113.7"}}
{"type":"identify","userId":"u1","messageId":"ajs-2","timestamp":"2026-05-01T10:00:00.000Z","traits":{"email":"ann@example.com"}}
{"type":"group","userId":"u1","groupId":"org_1","messageId":"ajs-3","timestamp":"2026-05-01T10:00:00.000Z","traits":{"name":"Acme"}}
{"type":"page","anonymousId":"a1","messageId":"ajs-4","timestamp":"2026-05-01T10:00:00.000Z","properties":{"url":"/"}}
{"type":"alias","userId":"u1","previousId":"a1","messageId":"ajs-5","timestamp":"2026-05-01T10:00:00.000Z"}
{"type":"track","event":"Page Scrolled","anonymousId":"a2","messageId":"ajs-6","timestamp":"2026-05-01T10:00:00.000Z"}
"#;
    let desk = Desk::new("segment.ndjson", text);
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &["--from", "segment"]);
    assert_eq!((code, &ended["types"]), (1, &json!({ "group": 1, "identify": 1, "track": 1 })), "{ended}");
    assert_eq!(ended["reasons"], json!({ "alias": 1, "page or screen": 1 }));
    assert_eq!(ended["faults"]["anonymous_event"]["lines"], json!([6]));
    let customers = dev.get("/dev/customers").json();
    let customer = &customers["customers"][0];
    assert_eq!(
        (&customer["id"], &customer["name"], &customer["members"]),
        (&"org_1".into(), &"Acme".into(), &1.into())
    );

    let (code, ended) =
        desk.import(&dev, &["--from", "segment", "--skip-anonymous", "--checkpoint", "c", "--refused", "r"]);
    assert_eq!((code, &ended["reasons"]["anonymous"]), (0, &1.into()), "{ended}");
    assert_eq!(accepted(&dev).len(), 3, "the same ids");
}

#[test]
fn posthogs_events_are_imported() {
    let text = r#"{"uuid":"0191-1","event":"order placed","distinct_id":"u1","timestamp":"2026-05-01 10:00:00.123456","properties":{"total":5,"$browser":"Firefox","$groups":{"company":"org_1"}},"person_id":"p1"}
{"uuid":"0191-2","event":"$identify","distinct_id":"u1","timestamp":"2026-05-01T10:00:00.123000+00:00","properties":{"$set":{"email":"ann@example.com"}}}
{"uuid":"0191-3","event":"$groupidentify","distinct_id":"$company_org_1","timestamp":"2026-05-01 10:00:00","properties":{"$group_type":"company","$group_key":"org_1","$group_set":{"name":"Acme"}}}
{"uuid":"0191-4","event":"$autocapture","distinct_id":"u1","timestamp":"2026-05-01 10:00:00","properties":{}}
{"uuid":"0191-5","event":"clicked","distinct_id":"d","timestamp":"2026-05-01 10:00:00","properties":{"$device_id":"d"}}
"#;
    let desk = Desk::new("posthog.jsonl", text);
    let dev = Dev::start(&[]);
    let (code, ended) = desk.import(&dev, &["--from", "posthog", "--group-type", "company"]);
    assert_eq!((code, &ended["types"]), (1, &json!({ "group": 1, "identify": 1, "track": 1 })), "{ended}");
    assert_eq!(ended["faults"]["anonymous_event"]["lines"], json!([5]));
    let events = accepted(&dev);
    assert_eq!(events["0191-1"]["properties"], json!({ "total": 5 }));
    assert_eq!(events["0191-1"]["timestamp"], "2026-05-01T10:00:00.123Z");
    assert_eq!((&events["0191-3"]["groupId"], &events["0191-3"]["userId"]), (&"org_1".into(), &json!(null)));
}
