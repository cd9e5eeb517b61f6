//! The dashboard in a real browser, on the built binary with the example.

use super::scenario::play_traefik;
use super::world::World;
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;

/// The browser, unless `CHROMIUM` names another.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Whether the browser suite must run: in CI a machine without a browser is an error.
fn is_required() -> bool {
    std::env::var("FAIRWAY_DASHBOARD").is_ok_and(|v| v == "required") || std::env::var_os("CI").is_some()
}

/// Says what the browser suite lacks on this machine.
fn lacking() -> Option<String> {
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| CHROMIUM.to_owned());
    if !Path::new(&chromium).exists() {
        return Some(format!("{chromium} is not there (set CHROMIUM, or install Debian's chromium)"));
    }
    let node = Command::new("node").arg("--version").output();
    node.is_err().then(|| "node is not installed".to_owned())
}

/// Every page works in Chromium, and a push is seen on the App's page without a reload.
pub fn dashboard(world: &mut World) -> anyhow::Result<()> {
    if let Some(why) = lacking() {
        ensure!(!is_required(), "the dashboard cannot be tested: {why}");
        println!("    skipped: {why}");
        return Ok(());
    }
    world.up(&[])?;
    world.until("the root Application is there", || Ok(world.app("root-app").ok()))?;
    world.until("every Ingress has an address", || play_traefik(world, 4))?;
    world.all_well(7)?;
    let running = std::fs::read_to_string(world.data_dir().join("engine.json"))?;
    let running: serde_json::Value = serde_json::from_str(&running)?;
    let text = |key: &str| running[key].as_str().with_context(|| format!("engine.json has no {key}"));

    let folder = Path::new("dashboard");
    if !folder.join("node_modules/playwright-core").exists() {
        crate::run::run(folder, "npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"])?;
    }
    let out = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .current_dir(folder)
        .env("FAIRWAY_URL", text("url")?)
        .env("FAIRWAY_PASSWORD", text("password")?)
        .env("FAIRWAY_REPO", format!("{}/config-repo.git", text("git_url")?))
        .output()
        .context("start npm")?;
    let shown = String::from_utf8_lossy(&out.stdout);
    if !out.status.success() {
        println!("{shown}{}", String::from_utf8_lossy(&out.stderr));
    }
    ensure!(out.status.success(), "the browser suite failed");
    for line in shown.lines().filter(|line| line.contains("tests ") || line.contains("pass ")) {
        println!("    {}", line.trim_start_matches(['#', 'ℹ', ' ']));
    }
    Ok(())
}
