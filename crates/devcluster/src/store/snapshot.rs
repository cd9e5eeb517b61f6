use super::core::{Inner, Table};
use super::log::{Log, line, read_line};
use super::{Store, Stored};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

/// Size of the log, in bytes, from which it is folded into a snapshot while the server runs: replaying this much takes
/// about a second.
const LOG_BYTES_MAX: u64 = 64 << 20;

impl Store {
    /// Loads the state of a folder and keeps it there from now on.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub(crate) fn open(folder: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut inner = Inner { rv: 1, tables: HashMap::new(), log: None };
        for name in ["snapshot.jsonl", "log.jsonl"] {
            replay(&mut inner, &folder.join(name))?;
        }
        let rv = inner.rv;
        for table in inner.tables.values_mut() {
            table.oldest = rv;
        }
        write_snapshot(&inner, folder)?;
        let mut log = Log::open(folder)?;
        log.truncate()?;
        inner.log = Some(log);
        Ok(Self::from_inner(inner))
    }

    /// Writes a snapshot and empties the log. Nothing to do without a folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn save(&self) -> std::io::Result<()> {
        let mut inner = self.lock();
        save(&mut inner)
    }

    pub(super) fn compact_log(&self, inner: &mut Inner) {
        if inner.log.as_ref().is_some_and(|log| log.bytes > LOG_BYTES_MAX)
            && let Err(error) = save(inner)
        {
            tracing::error!(%error, "devcluster cannot write its snapshot; the log grows on");
        }
    }
}

fn save(inner: &mut Inner) -> std::io::Result<()> {
    let Some(folder) = inner.log.as_ref().map(|log| log.folder.clone()) else { return Ok(()) };
    write_snapshot(inner, &folder)?;
    inner.log.as_mut().map_or(Ok(()), Log::truncate)
}

/// Writes everything to a new file and puts it in place at once. Entries of the log that it holds too are harmless:
/// their versions are not newer.
fn write_snapshot(inner: &Inner, folder: &Path) -> std::io::Result<()> {
    let fresh = folder.join("snapshot.jsonl.new");
    let mut out = BufWriter::new(File::create(&fresh)?);
    // The first line carries the newest version alone, so that deletions do not turn it back.
    out.write_all(&line("", "", inner.rv, None))?;
    for (name, table) in &inner.tables {
        for (key, object) in &table.objects {
            out.write_all(&line(name, key, object.rv, Some(object)))?;
        }
    }
    out.into_inner()?.sync_all()?;
    fs::rename(&fresh, folder.join("snapshot.jsonl"))
}

fn replay(inner: &mut Inner, path: &Path) -> std::io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for text in BufReader::new(file).split(b'\n') {
        let text = text?;
        if text.is_empty() {
            continue;
        }
        let Some(entry) = read_line(&text) else {
            tracing::warn!(file = %path.display(), "a torn line ends the devcluster's log; what came before it is kept");
            return Ok(());
        };
        inner.rv = inner.rv.max(entry.rv);
        if entry.table.is_empty() {
            continue;
        }
        let table = inner.tables.entry(entry.table).or_insert_with(|| Table::new(0));
        let known = table.objects.get(&entry.key).map_or(0, |o| o.rv);
        match entry.object {
            Some(value) if entry.rv >= known => {
                table.objects.insert(entry.key, Arc::new(Stored::new(value, entry.rv)));
            }
            None if entry.rv > known => {
                table.objects.remove(&entry.key);
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}
