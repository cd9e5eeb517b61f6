//! `fairway helm dependency`: what `charts/` holds of what `Chart.yaml` names, and bringing it there.

use super::chart::fail;
use super::idle_flags::{IdleFiles, IdleFlags};
use super::pull::save;
use super::repository::{AccessFlags, Repositories};
use super::verify::VerifyFlags;
use crate::cli::disk_tree::Place;
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::output::print;
use crate::cli::pflag::as_pflag;
use crate::cli::system::told;
use anyhow::{Context as _, anyhow};
use fairway_helm::{Chart, ChartFetcher as _, Dependency, Lock};
use fairway_template::semver::{Constraints, Version};
use fairway_value::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Lists the dependencies of a chart with their state.
    #[command(visible_alias = "ls", mut_args(as_pflag))]
    List(ListArgs),
    /// Fills charts/ as Chart.lock says, or as `update` where there is none.
    #[command(mut_args(as_pflag))]
    Build(FetchArgs),
    /// Fills charts/ with the newest versions that Chart.yaml takes, and writes Chart.lock.
    #[command(visible_alias = "up", mut_args(as_pflag))]
    Update(FetchArgs),
}

#[derive(clap::Args, Debug)]
struct ListArgs {
    /// The chart's folder or archive.
    #[arg(default_value = ".")]
    chart: PathBuf,
    /// Longest text of a column.
    #[arg(long, default_value_t = 80)]
    max_col_width: usize,
    #[command(flatten)]
    idle: IdleFlags,
    #[command(flatten)]
    files: IdleFiles,
}

#[derive(clap::Args, Debug)]
struct FetchArgs {
    /// The chart's folder.
    #[arg(default_value = ".")]
    chart: PathBuf,
    /// No effect: an index is asked for once, and anew when it has changed.
    #[arg(long, hide = true)]
    skip_refresh: bool,
    #[command(flatten)]
    verify: VerifyFlags,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    idle: IdleFlags,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.verb {
        Verb::List(args) => list(args),
        Verb::Build(args) => bring(args, false),
        Verb::Update(args) => bring(args, true),
    }
}

fn open(path: &Path) -> anyhow::Result<Chart> {
    if path.is_file() {
        let bytes = std::fs::read(path).map_err(|e| anyhow!(told(path, "open", &e)))?;
        return Chart::load_archive(&bytes).map_err(|e| fail(&e));
    }
    std::fs::metadata(path).map_err(|e| anyhow!(told(path, "stat", &e)))?;
    let place = Place::of(path)?;
    Chart::load(&*place.tree, &place.path).map_err(|e| fail(&e))
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let chart = open(&args.chart)?;
    let charts = args.chart.join("charts");
    // An empty list is shown as a table without rows.
    let Some(stated) = chart.metadata.dependencies.as_deref() else {
        return print(&format!("WARNING: no dependencies at {}\n", charts.display()));
    };
    let mut rows = vec![["NAME", "VERSION", "REPOSITORY", "STATUS"].map(str::to_owned)];
    for dependency in stated {
        let state = state(&charts, dependency, &chart);
        rows.push([&dependency.name, &dependency.version, &dependency.repository, &state].map(String::clone));
    }
    let mut out = table(&rows, args.max_col_width);
    out.push('\n');
    for extra in chart.dependencies.iter().filter(|c| !stated.iter().any(|d| d.name == c.name())) {
        let path = charts.join(extra.name());
        out.push_str(&format!("WARNING: {:?} is not in Chart.yaml.\n", path.display().to_string()));
    }
    print(&out)
}

/// Lays rows out in columns, a tab between them; a text longer than a column ends in dots.
fn table(rows: &[[String; 4]], width_max: usize) -> String {
    let cut = |text: &String| match text.chars().count() > width_max {
        true => text.chars().take(width_max.saturating_sub(3)).collect::<String>() + "...",
        false => text.clone(),
    };
    let rows: Vec<[String; 4]> = rows.iter().map(|row| [0, 1, 2, 3].map(|n| cut(&row[n]))).collect();
    let width = |n: usize| rows.iter().map(|r| r[n].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 4]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("\t") + "\n"
    };
    rows.iter().map(line).collect()
}

/// Returns the archives of a chart's name in a folder.
fn archives(charts: &Path, name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(charts).into_iter().flatten().flatten().map(|e| e.path());
    let file = |p: &PathBuf| p.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let of_name = |p: &PathBuf| {
        let name_of_file = file(p);
        let version = name_of_file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        version.and_then(|v| v.strip_suffix(".tgz")).is_some_and(|v| Version::parse_strict(v).is_ok())
    };
    let mut found: Vec<PathBuf> = entries.filter(of_name).collect();
    found.sort();
    found
}

/// Says how a dependency stands, in Helm's words.
fn state(charts: &Path, dependency: &Dependency, parent: &Chart) -> String {
    let (chart, good) = match archives(charts, &dependency.name).as_slice() {
        [_, _, ..] => return "too many matches".to_owned(),
        [one] => (open(one), "ok"),
        [] => {
            let folder = charts.join(&dependency.name);
            if folder.is_file() {
                return "mispackaged".to_owned();
            }
            if !folder.exists() {
                // An archive as the parent has no charts/ on the disk.
                let inside = parent.dependencies.iter().any(|c| c.name() == dependency.name);
                return if inside { "unpacked" } else { "missing" }.to_owned();
            }
            (open(&folder), "unpacked")
        }
    };
    let Ok(chart) = chart else { return "corrupt".to_owned() };
    if chart.name() != dependency.name {
        return "misnamed".to_owned();
    }
    if chart.metadata.version == dependency.version {
        return good.to_owned();
    }
    match (Constraints::parse(&dependency.version), Version::parse(&chart.metadata.version)) {
        (Ok(range), Ok(version)) if range.check(&version) => good.to_owned(),
        (Ok(_), Ok(_)) => "wrong version".to_owned(),
        _ => "invalid version".to_owned(),
    }
}

/// A dependency that was found: its exact version, and its archive where it does not lie in `charts/` unpacked.
struct Found {
    locked: Dependency,
    archive: Option<Vec<u8>>,
}

/// Fills `charts/`.
fn bring(args: &FetchArgs, update: bool) -> anyhow::Result<()> {
    let place = Place::of(&args.chart)?;
    let chart = Chart::load(&*place.tree, &place.path).map_err(|e| fail(&e))?;
    let stated = chart.metadata.dependencies.clone().unwrap_or_default();
    if stated.is_empty() {
        return Ok(());
    }
    let lock = chart.lock.as_ref().filter(|_| !update);
    if lock.is_some() {
        chart.check_lock().map_err(|e| fail(&e))?;
    }
    let wanted = lock.map_or(&stated, |lock| &lock.dependencies);
    print(&format!("Saving {} charts\n", wanted.len()))?;
    let repositories = Repositories::new(&args.access);
    let mut found = Vec::new();
    for dependency in wanted {
        found.push(find(dependency, args, &repositories)?);
    }
    let charts = args.chart.join("charts");
    let mut written = BTreeSet::new();
    for one in &found {
        if let Some(bytes) = &one.archive {
            let name = format!("{}-{}.tgz", one.locked.name, one.locked.version);
            save(&charts.join(&name), bytes)?;
            written.insert(name);
        }
    }
    delete_outdated(&charts, &written)?;
    if lock.is_none() {
        let locked: Vec<Dependency> = found.into_iter().map(|f| f.locked).collect();
        let lock = chart.lock_of(&locked);
        // As Helm, a lock that says the same stays, with the time at which it was made.
        if chart.lock.as_ref().is_none_or(|old| old.digest != lock.digest) {
            let name = if chart.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
            save(&args.chart.join(name), lock_text(&lock).as_bytes())?;
        }
    }
    Ok(())
}

fn find(dependency: &Dependency, args: &FetchArgs, repositories: &Repositories<'_>) -> anyhow::Result<Found> {
    let parent = &args.chart;
    let wrong = |why: String| Failure::error(DIFFERENT, format!("dependency {}: {why}", dependency.name));
    let (chart, archive) = if dependency.repository.is_empty() {
        (open(&parent.join("charts").join(&dependency.name)), None)
    } else if let Some(path) = dependency.repository.strip_prefix("file://") {
        let chart = open(&parent.join(path))?;
        let packed = chart.pack().map_err(|e| fail(&e))?;
        (Ok(chart), Some(packed))
    } else {
        print(&format!("Downloading {} from repo {}\n", dependency.name, dependency.repository))?;
        let bytes = repositories.fetch(dependency).map_err(wrong)?;
        args.verify.dependency(&bytes, dependency, repositories)?;
        (Chart::load_archive(&bytes).map_err(|e| fail(&e)), Some(bytes))
    };
    let chart = chart?;
    let version = &chart.metadata.version;
    let range = Constraints::parse(&dependency.version).map_err(|e| wrong(e.to_string()))?;
    let fits = Version::parse(version).is_ok_and(|v| range.check(&v));
    if chart.name() != dependency.name || !fits {
        let asked = format!("{} {}", dependency.name, dependency.version);
        return Err(wrong(format!("the chart found is {} {version}, not {asked}", chart.name())));
    }
    Ok(Found { locked: Dependency { version: version.clone(), ..dependency.clone() }, archive })
}

/// Removes the archives of charts that were not brought now.
fn delete_outdated(charts: &Path, written: &BTreeSet<String>) -> anyhow::Result<()> {
    print("Deleting outdated charts\n")?;
    for entry in std::fs::read_dir(charts).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_chart = name.ends_with(".tgz") && open(&entry.path()).is_ok();
        if is_chart && !written.contains(&name) {
            std::fs::remove_file(entry.path())
                .with_context(|| format!("remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Writes a lock with the time at which it was made.
fn lock_text(lock: &Lock) -> String {
    let one = |d: &Dependency| -> Value {
        let fields = [("name", &d.name), ("repository", &d.repository), ("version", &d.version)];
        fields.into_iter().map(|(k, v)| (k, Value::from(v.as_str()))).collect()
    };
    let dependencies: Value = lock.dependencies.iter().map(one).collect();
    let document: Value = [
        ("dependencies", dependencies),
        ("digest", Value::from(lock.digest.as_str())),
        ("generated", Value::from(jiff::Timestamp::now().to_string())),
    ]
    .into_iter()
    .collect();
    fairway_yaml::to_string(&document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_text() {
        let rows = [["NAME", "V", "R", "S"], ["a", "1.2.3", "long text", "ok"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows, 5), "NAME\tV    \tR    \tS \na   \t1.2.3\tlo...\tok\n");
    }
}
