//! What the command says about itself.

use std::process::Command;

use super::support::Klime;

#[track_caller]
fn help(arguments: &[&str]) -> String {
    let ran = Klime::without_key(arguments).run();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

#[test]
fn help_teaches_by_example() {
    insta::assert_snapshot!("help", help(&["--help"]));
    insta::assert_snapshot!("help_dev", help(&["dev", "--help"]));
    insta::assert_snapshot!("help_track", help(&["track", "--help"]));
    insta::assert_snapshot!("help_identify", help(&["identify", "--help"]));
    insta::assert_snapshot!("help_group", help(&["group", "--help"]));
    insta::assert_snapshot!("help_doctor", help(&["doctor", "--help"]));
    insta::assert_snapshot!("help_completions", help(&["completions", "--help"]));
}

#[test]
fn no_option_takes_a_write_key() {
    for command in ["track", "identify", "group", "doctor"] {
        let help = help(&[command, "--help"]);
        assert!(help.contains("--write-key-file <FILE>"), "{help}");
        assert!(!help.contains("--write-key <"), "{help}");
    }
}

#[test]
fn the_version_is_that_of_the_workspace() {
    assert_eq!(help(&["--version"]), concat!("klime ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_call_without_a_command_shows_what_there_is() {
    let ran = Klime::without_key(&[]).run();
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("Usage: klime <COMMAND>"), "{ran:?}");
}

#[test]
fn completions_are_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = help(&["completions", shell]);
        assert!(script.contains("doctor") && script.contains("write-key-file"), "{shell}");
    }
    assert_eq!(Klime::without_key(&["completions", "cmd"]).run().code, 2);
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_and_options() {
    let complete = |words: &str, last: usize| {
        let script = format!(
            "eval \"$({} completions bash)\"; COMP_WORDS=({words}); COMP_CWORD={last}; _klime klime \"${{COMP_WORDS[-1]}}\"; \
             echo \"${{COMPREPLY[@]}}\"",
            env!("CARGO_BIN_EXE_klime")
        );
        let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("klime tr", 1), "track");
    assert_eq!(complete("klime doctor --allow", 2), "--allow-insecure-http");
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    for arguments in [&["--help"][..], &["completions", "bash"], &["--version"]] {
        let (code, stderr) = Klime::without_key(arguments).run_unread();
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    }
}
