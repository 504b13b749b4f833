//! A track event without a user and a group does not compile, and the compiler says in our words what to do.
//!
//! The cases in `ui/` are compiled as programs of a package of their own, with the versions of this workspace and into its
//! target directory. Only our words are looked for: what `rustc` says around them changes from version to version.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const SENTENCE: &str = "this event has neither a user nor a group, and Klime takes no anonymous events";
const ADVICE: &str = "call `.user(id)` or `.group(id)` before this";

/// What the compiler says about one case: the text of each error.
struct Case {
    name: String,
    errors: Vec<String>,
}

#[test]
fn track_without_a_user_or_a_group_does_not_compile_and_says_what_to_do_once() {
    let cases = compile();
    assert_eq!(cases.len(), 6);
    for Case { name, errors } in cases {
        if name.ends_with("_without_user_or_group") {
            let [error] = &errors[..] else { panic!("{name}: {errors:#?}") };
            assert_eq!(error.matches(SENTENCE).count(), 1, "{name}: {error}");
            assert_eq!(error.matches(ADVICE).count(), 1, "{name}: {error}");
            assert!(error.contains(&format!("{name}.rs:")), "{name}: {error}");
        } else {
            assert!(errors.is_empty(), "{name}: {errors:#?}");
        }
    }
}

fn compile() -> Vec<Case> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = crate_root.ancestors().nth(2).unwrap();
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    fs::create_dir_all(&package).unwrap();
    let sources = sources(&crate_root.join("tests/ui"));
    fs::write(package.join("Cargo.toml"), manifest(crate_root, &sources)).unwrap();
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline", "--bins", "--keep-going", "--message-format", "json"])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .current_dir(&package)
        .output()
        .unwrap();
    let messages = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Value> = messages.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!messages.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    sources.iter().map(|source| case(source, &messages)).collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn name(source: &Path) -> String {
    source.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn manifest(crate_root: &Path, sources: &[PathBuf]) -> String {
    let mut manifest = format!(
        "[package]\nname = \"ui\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nklime = {{ path = {crate_root:?} }}\n"
    );
    for source in sources {
        manifest += &format!("[[bin]]\nname = {:?}\npath = {source:?}\n", name(source));
    }
    manifest
}

fn case(source: &Path, messages: &[Value]) -> Case {
    let name = name(source);
    let is_error = |message: &&Value| {
        message["target"]["name"] == *name
            && message["message"]["level"] == "error"
            // "aborting due to 1 previous error" stands at no place.
            && message["message"]["spans"].as_array().is_some_and(|spans| !spans.is_empty())
    };
    let text = |message: &Value| message["message"]["rendered"].as_str().unwrap().to_owned();
    let errors = messages.iter().filter(is_error).map(text).collect();
    let case = Case { name, errors };
    // A case that compiles leaves an artifact, so that no case passes by not being compiled.
    let is_compiled =
        |message: &Value| message["reason"] == "compiler-artifact" && message["target"]["name"] == *case.name;
    assert!(!case.errors.is_empty() || messages.iter().any(is_compiled), "{} was not compiled", case.name);
    case
}
