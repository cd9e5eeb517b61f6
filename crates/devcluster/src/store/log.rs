use super::{Event, EventKind, Stored};
use fairway_value::{HtmlEscape, Str, Value, from_json, to_json};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Appended events, one JSON line each: `{"t":TABLE,"k":KEY,"v":VERSION,"o":OBJECT}`, without `o` for a deletion.
///
/// A line is written whole before the request is answered, so a killed process loses nothing that was answered; a
/// torn last line (machine crash) is dropped at the next start.
pub(super) struct Log {
    pub(super) folder: PathBuf,
    file: File,
    pub(super) bytes: u64,
    failed: bool,
}

/// One line read back.
pub(super) struct Entry {
    pub(super) table: Str,
    pub(super) key: Str,
    pub(super) rv: u64,
    pub(super) object: Option<Value>,
}

impl Log {
    pub(super) fn open(folder: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(folder.join("log.jsonl"))?;
        let bytes = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, bytes, failed: false })
    }

    pub(super) fn append(&mut self, event: &Event) {
        let object = (event.kind != EventKind::Deleted).then_some(&*event.object);
        let line = line(&event.table, &event.key, event.rv, object);
        match self.file.write_all(&line) {
            Ok(()) => {
                self.bytes += line.len() as u64;
                self.failed = false;
            }
            Err(error) if !self.failed => {
                self.failed = true;
                tracing::error!(folder = %self.folder.display(), %error, "devcluster cannot write its log; changes are kept in memory only until it can");
            }
            Err(_) => {}
        }
    }

    /// Empties the log after a snapshot holds all of it.
    pub(super) fn truncate(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.bytes = 0;
        Ok(())
    }
}

pub(super) fn line(table: &str, key: &str, rv: u64, object: Option<&Stored>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"t\":");
    out.extend_from_slice(to_json(&Value::from(table), HtmlEscape::No).as_bytes());
    out.extend_from_slice(b",\"k\":");
    out.extend_from_slice(to_json(&Value::from(key), HtmlEscape::No).as_bytes());
    out.extend_from_slice(format!(",\"v\":{rv}").as_bytes());
    if let Some(object) = object {
        out.extend_from_slice(b",\"o\":");
        out.extend_from_slice(&object.json());
    }
    out.extend_from_slice(b"}\n");
    out
}

/// Reads one line. Nothing where it is torn or foreign.
pub(super) fn read_line(line: &[u8]) -> Option<Entry> {
    let value = from_json(line).ok()?;
    Some(Entry {
        table: value.get("t")?.as_str()?.into(),
        key: value.get("k")?.as_str()?.into(),
        rv: u64::try_from(value.get("v")?.as_i64()?).ok()?,
        object: value.get("o").cloned(),
    })
}
