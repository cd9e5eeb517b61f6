//! `fairway helm show`.

use super::chart::load;
use super::repository::ChartFlags;
use crate::cli::output::print;

#[derive(clap::Args, Debug)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    /// What to print.
    #[arg(value_enum)]
    what: What,
    /// The chart's folder or archive, or its place in a repository.
    chart: String,
    #[command(flatten)]
    flags: ChartFlags,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum What {
    All,
    Chart,
    Crds,
    Readme,
    Values,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let chart = load(&args.chart, false, &args.flags)?;
    print(&match args.what {
        What::All => chart.show_all(),
        What::Chart => chart.show_chart(),
        What::Crds => chart.show_crds(),
        What::Readme => chart.show_readme(),
        What::Values => chart.show_values(),
    })
}
