//! Running programs, with what was run in the error.

use anyhow::{Context, bail};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command};

/// Runs a program in a folder and fails where it fails.
pub fn run<S: AsRef<OsStr>>(dir: &Path, program: &str, args: &[S]) -> anyhow::Result<()> {
    let shown: Vec<String> = args.iter().map(|a| a.as_ref().to_string_lossy().into_owned()).collect();
    println!("$ {program} {}", shown.join(" "));
    let status = Command::new(program)
        .args(args)
        .current_dir(dir)
        .status()
        .with_context(|| format!("start {program}; is it installed?"))?;
    if !status.success() {
        bail!("{program} {} ended with {status}", shown.join(" "));
    }
    Ok(())
}

/// Runs a program in a folder and returns what it prints.
pub fn output<S: AsRef<OsStr>>(dir: &Path, program: &str, args: &[S]) -> anyhow::Result<String> {
    let out = Command::new(program)
        .args(args)
        .current_dir(dir)
        .output()
        .with_context(|| format!("start {program}; is it installed?"))?;
    if !out.status.success() {
        bail!("{program} ended with {}: {}", out.status, String::from_utf8_lossy(&out.stderr));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// A running program; it is ended when dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prepares a program that ends with this one, however this one ends: where `setpriv` (util-linux) is at hand, the
/// kernel sees to it.
pub fn tied(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        return Command::new(program);
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}
