//! `klime completions`: what a shell needs to complete `klime` by tab.

use clap_complete::Shell;

use crate::exit::Exit;
use crate::{args, print};

const EXAMPLES: &str = "\
Examples:
  bash:        klime completions bash > ~/.local/share/bash-completion/completions/klime
  zsh:         klime completions zsh > ~/.zfunc/_klime        (with fpath+=~/.zfunc before compinit)
  fish:        klime completions fish > ~/.config/fish/completions/klime.fish
  powershell:  klime completions powershell >> $PROFILE
  elvish:      klime completions elvish >> ~/.config/elvish/rc.elv";

/// Print a script that completes klime's commands and options by tab.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell to complete in.
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "klime", &mut script);
    match print::document(&script) {
        Ok(()) => Exit::Taken,
        Err(error) => {
            print::error(format_args!("the script could not be written: {error}"));
            Exit::Refused
        }
    }
}
