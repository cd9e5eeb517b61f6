//! `fairway helm show`.

use super::chart::load;
use super::idle_flags::IdleFlags;
use super::repository::ChartFlags;
use crate::cli::output::print;
use fairway_helm::Chart;
use fairway_schema::jsonpath::JsonPath;
use fairway_value::Value;

#[derive(clap::Args, Debug)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    /// What to print.
    #[arg(value_enum)]
    what: What,
    /// The chart's folder or archive, or its place in a repository.
    chart: String,
    /// With `values`: prints what this JSON path of kubectl's finds in them, as `{.image.tag}`
    #[arg(long = "jsonpath", value_name = "TEMPLATE")]
    json_path: Option<String>,
    #[command(flatten)]
    flags: ChartFlags,
    #[command(flatten)]
    idle: IdleFlags,
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
    if args.json_path.is_some() && !matches!(args.what, What::Values) {
        anyhow::bail!("--jsonpath goes with `show values` alone");
    }
    let chart = load(&args.chart, false, &args.flags)?;
    print(&match args.what {
        What::All => chart.show_all(),
        What::Chart => chart.show_chart(),
        What::Crds => chart.show_crds(),
        What::Readme => chart.show_readme(),
        What::Values => match &args.json_path {
            Some(template) => found(&chart, template)?,
            None => chart.show_values(),
        },
    })
}

/// Returns what a path finds in a chart's values, in which all numbers are floats to Helm. Helm prints nothing, and calls
/// it no failure, where the path leads nowhere; here the reason is told beside.
fn found(chart: &Chart, template: &str) -> anyhow::Result<String> {
    let path =
        JsonPath::parse(template).map_err(|e| anyhow::anyhow!("error parsing jsonpath {template}: {e}"))?;
    let values = floats(Value::Object(chart.values.clone()));
    Ok(path.text(&values).unwrap_or_else(|e| {
        eprintln!("--jsonpath {template}: {e}");
        String::new()
    }))
}

#[expect(clippy::cast_precision_loss, reason = "as Go's JSON decoder reads every number")]
fn floats(value: Value) -> Value {
    match value {
        Value::Int(n) => Value::Float(n as f64),
        Value::Uint(n) => Value::Float(n as f64),
        Value::Array(list) => list.iter().cloned().map(floats).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), floats(value.clone()))).collect(),
        other => other,
    }
}
