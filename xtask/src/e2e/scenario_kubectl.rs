//! kubectl on both clusters: what it prints on a real control plane is recorded, and the devcluster must print the same.

use super::transcript::{self, Entry, Normal, Shell, Step, difference, read_script};
use super::world::World;
use anyhow::{Context, ensure};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const FOLDER: &str = "e2e/kubectl";

/// How long controllers may take to bring about what is recorded. The slowest looks at a new object after 15 s.
const PATIENCE: Duration = Duration::from_secs(45);

/// How long an output that is recorded must have been the same.
const SETTLED: Duration = Duration::from_secs(20);

/// Runs the script and compares with what is recorded; on a real control plane `FAIRWAY_E2E_RECORD=1`
/// renews the record.
pub fn kubectl(world: &mut World) -> anyhow::Result<()> {
    if !world.is_real() {
        world.devcluster()?;
    }
    let folder = Path::new(FOLDER);
    let script = fs::read_to_string(folder.join("steps.sh")).context("read the script")?;
    let files = world.data_dir().join("kubectl");
    copy(&folder.join("files"), &files)?;
    let tools = world.kubectl.program.parent().context("kubectl has a folder")?.to_owned();
    let shell = Shell {
        folder: &files,
        tools: &tools,
        kubeconfig: &world.kubectl.kubeconfig,
        normal: Normal::new()?,
    };
    let recorded = folder.join("expected.txt");
    let expected = transcript::read(&fs::read_to_string(&recorded).unwrap_or_default());
    let (mut entries, mut wrong) = (Vec::new(), Vec::new());
    let recording = world.is_real() && std::env::var_os("FAIRWAY_E2E_RECORD").is_some();
    for step in read_script(&script) {
        // A command that comes twice prints what it printed then.
        let before = entries.iter().filter(|e: &&Entry| e.command == step.command).count();
        let expect = expected.iter().filter(|e| e.command == step.command).nth(before);
        let known = step.differs.is_some() && !world.is_real();
        let entry = match expect {
            _ if known || !step.eventual => shell.run(&step)?,
            _ => brought_about(&shell, &step, expect, recording)?,
        };
        if step.silent {
            continue;
        }
        match expect {
            _ if known => {}
            None => wrong.push(format!("$ {}\n    (not recorded)\n", entry.command)),
            Some(expect) if expect.output != entry.output => {
                wrong.push(format!("$ {}\n{}", entry.command, difference(&expect.output, &entry.output)));
            }
            Some(_) => {}
        }
        entries.push(entry);
    }
    if recording {
        fs::write(&recorded, transcript::write(&entries))?;
        println!("      recorded {} commands", entries.len());
        return Ok(());
    }
    for text in &wrong {
        print!("{text}");
    }
    ensure!(wrong.is_empty(), "{} of {} commands print something else", wrong.len(), entries.len());
    Ok(())
}

/// Runs a command until it prints what is recorded, or the controllers had their time. Nothing is known to wait for where it
/// is recorded: what stays as it is has settled.
fn brought_about(
    shell: &Shell<'_>,
    step: &Step,
    expect: Option<&Entry>,
    recording: bool,
) -> anyhow::Result<Entry> {
    let patience = if recording { SETTLED } else { PATIENCE };
    let mut since = Instant::now();
    let mut entry = shell.run(step)?;
    while expect.is_none_or(|e| e.output != entry.output) && since.elapsed() < patience {
        thread::sleep(Duration::from_millis(200));
        let next = shell.run(step)?;
        if recording && next.output != entry.output {
            since = Instant::now();
        }
        entry = next;
    }
    Ok(entry)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
