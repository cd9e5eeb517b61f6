//! Flags of `helm template` that say something of a release or a cluster.

use super::idle_flags::ClusterFlags;
use anyhow::bail;
use fairway_argocd::parse_go_duration;

/// What has no effect on a rendering without a cluster, and what is refused.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct ReleaseFlags {
    #[arg(long, hide = true)]
    post_renderer: Option<String>,
    #[arg(long, hide = true)]
    post_renderer_args: Vec<String>,
    #[arg(long, hide = true)]
    validate: bool,
    #[arg(long, hide = true)]
    atomic: bool,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true)]
    enable_dns: bool,
    #[arg(long, hide = true)]
    force: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, short = 'l', hide = true)]
    labels: Vec<String>,
    #[arg(long, hide = true)]
    replace: bool,
    /// Definitions are left out where `--include-crds` does not ask for them.
    #[arg(long, hide = true)]
    skip_crds: bool,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true, value_parser = duration)]
    timeout: Option<String>,
    #[arg(long, hide = true)]
    wait: bool,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[command(flatten)]
    cluster: ClusterFlags,
}

impl ReleaseFlags {
    /// Refuses what would change the output.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.post_renderer.is_some() {
            bail!("unsupported: --post-renderer; pipe the output through the program");
        }
        if self.validate {
            bail!("unsupported: --validate, which asks a cluster; use `fairway plan` or `fairway check`");
        }
        Ok(())
    }
}

/// Takes what Go reads as a duration.
fn duration(text: &str) -> Result<String, String> {
    match parse_go_duration(text.trim_start_matches(['-', '+'])) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!("time: invalid duration {text:?}")),
    }
}
