//! Builds the dashboard, where Node is present, and turns its files into a table that the crate includes.
//!
//! The sources are copied into this crate's own build folder and built there: no build writes into the source tree, builds of
//! several profiles or worktrees do not meet, and cargo's lock on the build folder keeps one build at a time in each. Without
//! Node, or where npm fails, a plain status page takes the dashboard's place and cargo prints why, so that the engine still builds
//! on a machine without Node or network.
//!
//! `FAIRWAY_DASHBOARD=required` turns that into an error (releases, CI), `FAIRWAY_DASHBOARD=skip` does not even try.

#[path = "build/dashboard.rs"]
mod dashboard;
#[path = "build/table.rs"]
mod table;

use std::path::PathBuf;

fn main() {
    let sources = PathBuf::from(env("CARGO_MANIFEST_DIR")).join("../../dashboard");
    let out = PathBuf::from(env("OUT_DIR"));
    println!("cargo::rerun-if-env-changed=FAIRWAY_DASHBOARD");
    println!("cargo::rerun-if-changed=build");
    let mode = std::env::var("FAIRWAY_DASHBOARD").unwrap_or_default();
    let built = if mode == "skip" {
        Err(dashboard::Failure { why: "FAIRWAY_DASHBOARD=skip".to_owned(), passing: false })
    } else {
        dashboard::watch(&sources);
        dashboard::build(&sources, &out.join("dashboard"))
    };
    let (files, has_dashboard) = match built {
        Ok(dist) => (dashboard::read(&dist), true),
        Err(failure) if mode == "required" => {
            println!("cargo::error=the dashboard could not be built: {}", failure.why);
            return;
        }
        Err(failure) => {
            if mode != "skip" {
                println!(
                    "cargo::warning=built without the dashboard, a plain status page stands in: {}",
                    failure.why
                );
            }
            if failure.passing {
                // A file that never exists makes cargo try again at the next build.
                println!("cargo::rerun-if-changed={}", out.join("try-again").display());
            }
            (vec![("index.html".to_owned(), include_bytes!("build/status.html").to_vec())], false)
        }
    };
    table::write(&out, files, has_dashboard);
}

fn env(name: &str) -> String {
    std::env::var(name).expect("because cargo sets it for every build script")
}
