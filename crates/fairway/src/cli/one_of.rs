/// A command of which only some subcommands are set up: the arguments of one call of a tool that is called often.
#[derive(clap::Args, Debug)]
pub struct OneOf<C: clap::Subcommand> {
    #[command(subcommand)]
    pub(super) command: C,
}
