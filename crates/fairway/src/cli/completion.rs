//! `fairway completion`.

use super::output::print;
use clap_complete::Shell;

/// Arguments of `fairway completion`.
#[derive(clap::Args, Debug)]
pub struct CompletionArgs {
    /// The shell; for bash: source <(fairway completion bash).
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs `fairway completion`.
pub fn run(args: &CompletionArgs, mut command: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "fairway", &mut script);
    print(&String::from_utf8(script)?)
}
