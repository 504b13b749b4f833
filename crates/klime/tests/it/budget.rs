//! The SDK stays small: what it brings into an app's build is counted, and may be built into any app.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::process::Command;
use std::str::SplitWhitespace;

const MOST_CRATES: usize = 45;
const RUNTIMES: [&str; 8] =
    ["tokio", "async-std", "async-executor", "smol", "hyper", "reqwest", "futures-executor", "futures"];

/// Licences that ask for no more than a notice.
const LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What `cargo tree` says of `klime`'s dependencies, a line each.
fn cargo_tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "klime", "--prefix", "none", "--no-dedupe", "--locked", "--offline"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The crates, with their versions, that an app with these features of `klime` builds.
fn tree(features: &[&str]) -> BTreeSet<String> {
    let tree = cargo_tree(&[&["--edges", "normal"], features].concat());
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    crates.filter(|krate| !krate.starts_with("klime ")).collect()
}

#[track_caller]
fn has_no_runtime(tree: &BTreeSet<String>) {
    let runtimes: Vec<_> =
        tree.iter().filter(|krate| RUNTIMES.contains(&krate.split(' ').next().unwrap_or_default())).collect();
    assert!(runtimes.is_empty(), "{runtimes:?}");
}

#[test]
fn default_tree_has_at_most_45_crates_and_no_runtime() {
    let tree = tree(&[]);
    assert!(tree.iter().any(|krate| krate.starts_with("serde_json ")), "{tree:?}");
    assert!(tree.len() <= MOST_CRATES, "{} crates: {tree:?}", tree.len());
    has_no_runtime(&tree);
}

#[test]
fn no_feature_brings_a_runtime() {
    let tree = tree(&["--all-features"]);
    assert!(tree.iter().any(|krate| krate.starts_with("tower-service ")), "{tree:?}");
    has_no_runtime(&tree);
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

/// Whether one may choose allowed licences so that the expression (SPDX, or the older form with a slash) is satisfied.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_allowed(&mut words) && words.next().is_none()
}

fn any_allowed(words: &mut Words<'_>) -> bool {
    let mut is_allowed = all_allowed(words);
    while words.next_if_eq(&"OR").is_some() {
        is_allowed |= all_allowed(words);
    }
    is_allowed
}

fn all_allowed(words: &mut Words<'_>) -> bool {
    let mut is_allowed = one_allowed(words);
    while words.next_if_eq(&"AND").is_some() {
        is_allowed &= one_allowed(words);
    }
    is_allowed
}

fn one_allowed(words: &mut Words<'_>) -> bool {
    let word = words.next().unwrap_or_default();
    if word == "(" {
        let is_allowed = any_allowed(words);
        return words.next() == Some(")") && is_allowed;
    }
    // An exception takes a condition away.
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    LICENCES.contains(&word)
}

#[test]
fn every_dependency_has_a_licence_that_any_app_can_meet() {
    let tree = cargo_tree(&["--all-features", "--edges", "normal,build,dev", "--format", "{p}: {l}"]);
    let crates: BTreeSet<&str> = tree.lines().collect();
    assert!(crates.len() > MOST_CRATES, "{crates:?}");
    let licence = |krate: &str| krate.rsplit_once(": ").map(|(_, licence)| licence.to_owned()).unwrap_or_default();
    let offenders: Vec<_> = crates.into_iter().filter(|krate| !is_allowed(&licence(krate))).collect();
    assert!(offenders.is_empty(), "{offenders:#?}");
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let good = ["MIT", "Unlicense/MIT", "GPL-3.0 OR MIT", "(GPL-3.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception"];
    let bad = ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR LGPL-2.1-or-later)", "(MIT", "MIT Apache-2.0"];
    for expression in good {
        assert!(is_allowed(expression), "{expression}");
    }
    for expression in bad {
        assert!(!is_allowed(expression), "{expression:?}");
    }
}
