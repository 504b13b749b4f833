//! The SDK stays small: what it brings into an app's build is counted.

use std::collections::BTreeSet;
use std::process::Command;

const MOST_CRATES: usize = 45;
const RUNTIMES: [&str; 8] =
    ["tokio", "async-std", "async-executor", "smol", "hyper", "reqwest", "futures-executor", "futures"];

/// The crates, with their versions, that an app with these features of `klime` builds.
fn tree(features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "klime", "-e", "normal", "--prefix", "none", "--locked", "--offline"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let crates = stdout.lines().filter_map(|line| {
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
