//! `diff2d completions`: what a shell needs to complete command lines.

use super::terminal::Terminal;
use crate::cli::error::Error;
use clap::{Args, Command};
use clap_complete::Shell;

/// Print a script that completes command lines in a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d completions bash > ~/.local/share/bash-completion/completions/diff2d
  diff2d completions zsh > ~/.zfunc/_diff2d          # with fpath+=~/.zfunc in ~/.zshrc
  diff2d completions fish > ~/.config/fish/completions/diff2d.fish")]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn completions(
    args: &CompletionsArgs,
    mut command: Command,
    terminal: &Terminal,
) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "diff2d", &mut script);
    terminal.write_result(|stdout| stdout.write_all(&script))
}
