//! npm, in a copy of the sources.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the bundle is made of; tests and tools are not copied and do not cause a build.
const INPUTS: [&str; 7] =
    ["package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "index.html", "public", "src"];

/// Packages are taken as the lock file says; none of them runs a script here. Without a network it gives up after seconds, not minutes.
const INSTALL: [&str; 8] = [
    "ci",
    "--omit=dev",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--ignore-scripts",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
];

/// Tells cargo when to run again.
pub fn watch(sources: &Path) {
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", sources.join(input).display());
    }
}

/// Why there is no dashboard.
pub struct Failure {
    /// In one line.
    pub why: String,
    /// Whether the next build may have more luck without any file changed, as where the network was away.
    pub passing: bool,
}

fn lasting(why: impl Into<String>) -> Failure {
    Failure { why: why.into(), passing: false }
}

fn passing(why: impl Into<String>) -> Failure {
    Failure { why: why.into(), passing: true }
}

/// Builds the dashboard and returns the folder with its files.
pub fn build(sources: &Path, work: &Path) -> Result<PathBuf, Failure> {
    if !sources.join("package-lock.json").exists() {
        return Err(lasting("the dashboard's sources are not there"));
    }
    let node =
        Command::new("node").arg("--version").output().map_err(|_| lasting("node is not installed"))?;
    let version = String::from_utf8_lossy(&node.stdout);
    let major: u32 =
        version.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if major < 20 {
        return Err(lasting(format!("node 20 or later is needed, found {}", version.trim())));
    }
    copy(sources, work).map_err(|error| passing(format!("its sources could not be copied: {error}")))?;
    // The bundle needs few of the packages: tests and lint stay out.
    let lock = fs::read(work.join("package-lock.json")).unwrap_or_default();
    let stamp = work.join("node_modules/.fairway-installed");
    if fs::read(&stamp).unwrap_or_default() != lock {
        npm(work, &INSTALL)?;
        fs::write(&stamp, lock)
            .map_err(|error| passing(format!("{} could not be written: {error}", stamp.display())))?;
    }
    npm(work, &["run", "--silent", "build"])?;
    Ok(work.join("dist"))
}

fn npm(work: &Path, arguments: &[&str]) -> Result<(), Failure> {
    // The options are of no use to who reads the message.
    let command =
        arguments.iter().filter(|argument| !argument.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(work)
        .env("NO_COLOR", "1")
        .env("CI", "true")
        .output()
        .map_err(|error| passing(format!("npm {command} could not be started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let (stderr, stdout) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    let line = stderr
        .lines()
        .chain(stdout.lines())
        .map(|line| line.trim_start_matches("npm error").trim())
        .find(|line| !line.is_empty() && !NOISE.iter().any(|noise| line.starts_with(noise)))
        .unwrap_or("it printed nothing");
    Err(passing(format!("npm {command} failed: {line}")))
}

/// Starts of lines that npm prints before it says what is wrong.
const NOISE: [&str; 6] = ["npm warn", "code ", "syscall ", "errno ", "network ", "path "];

fn copy(sources: &Path, work: &Path) -> io::Result<()> {
    fs::create_dir_all(work)?;
    for input in INPUTS {
        let (from, to) = (sources.join(input), work.join(input));
        if to.is_dir() {
            fs::remove_dir_all(&to)?;
        }
        copy_tree(&from, &to)?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Reads every file of a folder, with its path below it.
pub fn read(dist: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![dist.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("npm has made it").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(dist).expect("it is below").to_string_lossy().replace('\\', "/");
            files.push((name, fs::read(&path).expect("npm has written it")));
        }
    }
    files
}
