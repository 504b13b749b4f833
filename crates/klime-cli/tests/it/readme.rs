//! What the README says, done.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::support::{Dev, Klime};

const README: &str = include_str!("../../README.md");

/// The blocks of this kind, by what stands behind the three ticks.
fn blocks(kind: &str) -> Vec<&'static str> {
    let parts = README.split("\n```").skip(1).step_by(2);
    parts.filter_map(|part| part.split_once('\n').filter(|(of, _)| *of == kind).map(|(_, text)| text)).collect()
}

#[cfg(unix)]
#[test]
fn the_shell_snippets_of_the_readme_do_what_they_say() {
    let dev = Dev::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let beside = Path::new(env!("CARGO_BIN_EXE_klime")).parent().unwrap();
    let snippets = blocks("sh");
    assert!(snippets.len() >= 7, "{}", snippets.len());
    for snippet in snippets {
        let path = format!("{}:{}", beside.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        command.args(["-e", "-c", snippet]).current_dir(folder.path()).stdin(Stdio::null());
        command.env("PATH", path).env("KLIME_ENDPOINT", dev.endpoint()).env("KLIME_WRITE_KEY", "any-key");
        command.env_remove("KLIME_WRITE_KEY_FILE").env_remove("KLIME_DISABLED");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{snippet}\n{output:?}");
    }
    let arrived = dev.get("/dev/events?limit=1000").json();
    let names: Vec<&str> =
        arrived["events"].as_array().unwrap().iter().filter_map(|row| row["event"].as_str()).collect();
    for name in ["Button Clicked", "Backup Finished", "Order Placed", "Report Sent", "Invoice Sent"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

/// What `psql` and `gzip` of the import's pipes give.
const EXPORTS: [(&str, &str); 3] = [
    ("psql", "id,customer_id,placed_at,total,currency\\n7,user_9,2026-07-01 12:00:00,12.50,EUR\\n"),
    ("mysql", r#"id\tcustomer_id\tplaced_at\ttotal\tnote\n7\tuser_9\t2026-07-01 12:00:00\tNULL\tsays "hi\n"#),
    (
        "gzip",
        r#"{"type":"track","event":"Plan Chosen","userId":"user_9","messageId":"ajs-1","timestamp":"2026-05-01T10:00:00Z"}\n"#,
    ),
];

#[cfg(unix)]
#[test]
fn the_imports_of_the_readme_import() {
    let dev = Dev::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    for (program, text) in EXPORTS {
        let path = folder.path().join(program);
        std::fs::write(&path, format!("#!/bin/sh\nprintf '{text}'\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let posthog = r#"{"uuid":"1","event":"report shared","distinct_id":"user_9","timestamp":"2026-05-01 10:00:00","properties":{}}"#;
    std::fs::write(folder.path().join("posthog-events.jsonl"), posthog).unwrap();
    let beside = Path::new(env!("CARGO_BIN_EXE_klime")).parent().unwrap();
    let path = format!("{}:{}:{}", folder.path().display(), beside.display(), std::env::var("PATH").unwrap());
    let imports: Vec<_> = blocks("sh no_run")
        .into_iter()
        .filter(|text| text.contains("klime import") && !text.contains("klime dev"))
        .collect();
    assert_eq!(imports.len(), 4, "{imports:?}");
    for snippet in imports {
        let mut command = Command::new("sh");
        command.args(["-e", "-c", snippet]).current_dir(folder.path()).stdin(Stdio::null());
        command.env("PATH", &path).env("KLIME_ENDPOINT", dev.endpoint()).env("KLIME_WRITE_KEY", "any-key");
        command.env_remove("KLIME_WRITE_KEY_FILE").env_remove("KLIME_DISABLED");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{snippet}\n{output:?}");
    }
    let events = dev.get("/dev/events?userId=user_9").json();
    let names: Vec<_> = events["events"].as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["report shared", "Plan Chosen", "Order Placed", "Order Placed"]);
    assert_eq!(events["events"][3]["body"]["properties"], json!({ "currency": "EUR", "total": 12.5 }));
}

#[cfg(unix)]
#[test]
fn a_dry_run_shows_what_the_readme_shows() {
    let folder = tempfile::tempdir().unwrap();
    let snippet = blocks("sh").into_iter().find(|text| text.contains("users.csv")).unwrap();
    let beside = Path::new(env!("CARGO_BIN_EXE_klime")).parent().unwrap();
    let path = format!("{}:{}", beside.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-e", "-c", snippet]).current_dir(folder.path()).stdin(Stdio::null()).env("PATH", path);
    let output = command.output().unwrap();
    let shown = blocks("text").into_iter().find(|text| text.starts_with("mapping\n")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), shown.trim_end());
}

#[test]
fn the_mapping_file_of_the_readme_is_one() {
    let mapping = blocks("json").into_iter().find(|text| text.contains("idFrom")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.json"), mapping).unwrap();
    std::fs::write(folder.path().join("o.csv"), "id,customer_id,placed_at,total,currency\n7,u,2026-07-01,1,EUR\n")
        .unwrap();
    let klime =
        Klime::without_key(&["import", "o.csv", "--mapping", "m.json", "--dry-run"]).in_directory(folder.path());
    let ran = klime.run();
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn each_request_of_the_readme_is_answered() {
    let dev = Dev::start(&["--demo"]);
    let requests: Vec<(&str, &str)> = blocks("sh no_run")
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("curl ")?.split_once("http://127.0.0.1:5546"))
        .filter(|(before, path)| !before.contains("-X POST") && !path.starts_with("/v1/"))
        .map(|(before, path)| (before, path.trim_end_matches('\'')))
        .collect();
    assert!(requests.len() >= 9, "{requests:?}");
    let event = |number: u32| {
        json!({
            "type": "track", "event": "Report Generated", "userId": "user_123", "messageId": format!("m{number}"),
            "timestamp": "2026-11-24T12:00:00.000Z",
        })
    };
    let link = json!({
        "type": "group", "groupId": "org_456", "userId": "user_123", "messageId": "m3", "timestamp": "2026-11-24T12:00:00.000Z",
    });
    assert_eq!(dev.send(&[event(1), event(2), link]).json()["accepted"], 3);
    for (_, path) in requests {
        let answer = dev.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[test]
fn each_fault_of_the_readme_is_one() {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `{\"kind\""));
    let rows: Vec<(&str, String)> =
        rows.map(|(option, rest)| (option, format!("{{\"kind\"{}", rest.split_once('`').unwrap().0))).collect();
    assert_eq!(rows.len(), 6);
    let options: Vec<&str> = rows.iter().flat_map(|(option, _)| ["--fault", option]).collect();
    let dev = Dev::start(&options);
    let faults = |dev: &Dev| dev.get("/dev/fault").json()["faults"].as_array().unwrap().clone();
    let of_options = faults(&dev);
    assert_eq!(of_options.len(), 6);
    assert_eq!(dev.ask("DELETE", "/dev/fault", "", b"").unwrap().status, 200);
    for (_, body) in &rows {
        assert_eq!(dev.post("/dev/fault", &serde_json::from_str(body).unwrap()).status, 201, "{body}");
    }
    assert_eq!(faults(&dev), of_options, "both columns say the same");
}

#[test]
fn the_settings_of_the_readme_are_those_of_the_help() {
    let help = Klime::without_key(&["track", "--help"]).run().stdout;
    for option in ["--write-key-file", "--endpoint", "--allow-insecure-http", "--message-id", "--timeout", "--json"] {
        assert!(help.contains(option) && README.contains(option), "{option}");
    }
}
