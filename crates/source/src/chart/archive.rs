use crate::{SourceError, SourceErrorKind};
use fairway_core::{ContentId, FileTree, NodeKind, TreeEntry, TreeError, normalize_path};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// Most bytes that an archive may unpack to, as Helm's `MaxDecompressedChartSize`.
const UNPACKED_BYTES_MAX: u64 = 100 << 20;
/// Most files in an archive.
const FILES_MAX: usize = 50_000;
/// Most links followed for one path.
const LINKS_MAX: usize = 40;

/// What the root of the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The one directory that everything in the archive lies in, as in a packed chart.
    InnerFolder,
    /// The archive's own root.
    Plain,
}

enum Node {
    File(Arc<[u8]>, ContentId),
    /// Target as a path from the root.
    Link(String),
}

/// The files of an unpacked archive, in memory.
pub(crate) struct ArchiveTree {
    nodes: BTreeMap<String, Node>,
}

impl ArchiveTree {
    /// Unpacks a tar, gzipped or not.
    pub fn unpack(bytes: &[u8], layout: Layout, what: &str) -> Result<Self, SourceError> {
        Self::unpack_at_most(bytes, layout, what, UNPACKED_BYTES_MAX)
    }

    fn unpack_at_most(
        bytes: &[u8],
        layout: Layout,
        what: &str,
        unpacked_bytes_max: u64,
    ) -> Result<Self, SourceError> {
        let plain: Box<dyn Read> = if bytes.starts_with(&[0x1f, 0x8b]) {
            Box::new(MultiGzDecoder::new(bytes))
        } else {
            Box::new(bytes)
        };
        // One byte more than allowed tells a full archive from one cut off.
        let mut counted = plain.take(unpacked_bytes_max + 1);
        let nodes = read_entries(&mut counted, layout);
        if counted.limit() == 0 {
            return Err(too_large(what, &format!("unpacks to more than {unpacked_bytes_max} bytes")));
        }
        let nodes = nodes.map_err(|why| SourceError::invalid(format!("{what}: {why}")))?;
        if nodes.len() > FILES_MAX {
            return Err(too_large(what, &format!("more than {FILES_MAX} files")));
        }
        if nodes.is_empty() {
            return Err(SourceError::invalid(format!("{what}: the archive has no files")));
        }
        Ok(Self { nodes })
    }

    /// Follows links in any part of a path. Nothing where a link leads nowhere.
    fn follow(&self, path: &str) -> Result<String, TreeError> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_MAX {
            let Some((at, target)) = self.first_link(&path) else { return Ok(path) };
            path = format!("{target}{}", &path[at..]);
        }
        Err(TreeError::Link { path, why: "too many levels of symbolic links".to_owned() })
    }

    /// Returns the first part of a path that is a link: where it ends, and its target.
    fn first_link(&self, path: &str) -> Option<(usize, &str)> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().find_map(|at| match self.nodes.get(&path[..at]) {
            Some(Node::Link(target)) => Some((at, target.as_str())),
            Some(Node::File(..)) | None => None,
        })
    }
}

fn too_large(what: &str, why: &str) -> SourceError {
    SourceError::new(SourceErrorKind::TooLarge, format!("{what}: {why}"))
}

/// Reads all entries, or one more than allowed.
fn read_entries(input: impl Read, layout: Layout) -> Result<BTreeMap<String, Node>, String> {
    let mut nodes = BTreeMap::new();
    let mut archive = tar::Archive::new(input);
    for entry in archive.entries().map_err(|e| e.to_string())? {
        let entry = entry.map_err(|e| e.to_string())?;
        if let Some((path, node)) = read_entry(entry, layout)? {
            nodes.insert(path, node);
        }
        if nodes.len() > FILES_MAX {
            break;
        }
    }
    Ok(nodes)
}

fn read_entry<R: Read>(
    mut entry: tar::Entry<'_, R>,
    layout: Layout,
) -> Result<Option<(String, Node)>, String> {
    let kind = entry.header().entry_type();
    let path = String::from_utf8(entry.path_bytes().into_owned()).map_err(|_| "a path is not UTF-8")?;
    if kind.is_dir() || kind.is_pax_global_extensions() {
        return Ok(None);
    }
    if path.starts_with('/') || path.contains('\\') {
        return Err(format!("{path}: the path is absolute or has a backslash"));
    }
    let clean = normalize_path(&path).map_err(|_| format!("{path}: the path leaves the archive"))?;
    let inside = match layout {
        Layout::Plain => clean.clone(),
        Layout::InnerFolder => match clean.split_once('/') {
            Some((_, rest)) => rest.to_owned(),
            None => return Err(format!("{path}: a file outside the chart's folder")),
        },
    };
    if kind.is_symlink() {
        let target = entry.link_name_bytes().ok_or_else(|| format!("{path}: a link without target"))?;
        let target = String::from_utf8(target.into_owned()).map_err(|_| "a link is not UTF-8")?;
        let folder = inside.rsplit_once('/').map_or("", |(folder, _)| folder);
        let joined = format!("{folder}/{target}");
        let resolved = if target.starts_with('/') { None } else { normalize_path(&joined).ok() };
        let resolved = resolved.ok_or_else(|| format!("{path}: a link that leaves the archive"))?;
        return Ok(Some((inside, Node::Link(resolved))));
    }
    if !kind.is_file() {
        return Err(format!("{path}: neither a file nor a directory nor a symbolic link"));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|e| format!("{path}: {e}"))?;
    let id = ContentId(Sha256::digest(&bytes).into());
    Ok(Some((inside, Node::File(bytes.into(), id))))
}

impl FileTree for ArchiveTree {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        Ok(match self.nodes.get(&self.follow(path)?) {
            Some(Node::File(bytes, _)) => Some(bytes.clone()),
            Some(Node::Link(_)) | None => None,
        })
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        let dir = self.follow(dir)?;
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        let mut entries: BTreeMap<&str, NodeKind> = BTreeMap::new();
        for (path, node) in self.nodes.range(prefix.clone()..).take_while(|(p, _)| p.starts_with(&prefix)) {
            let rest = &path[prefix.len()..];
            match (rest.split_once('/'), node) {
                (Some((name, _)), _) => entries.insert(name, NodeKind::Dir),
                (None, Node::File(..)) => entries.insert(rest, NodeKind::File),
                (None, Node::Link(_)) => entries.insert(rest, NodeKind::Symlink),
            };
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let entry = |(name, kind): (&str, NodeKind)| TreeEntry { name: name.to_owned(), kind };
        Ok(Some(entries.into_iter().map(entry).collect()))
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        let path = self.follow(path)?;
        if let Some(Node::File(_, id)) = self.nodes.get(&path) {
            return Ok(Some(*id));
        }
        // A directory is what is below it.
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut hasher = Sha256::new();
        let mut any = false;
        for (below, node) in self.nodes.range(prefix.clone()..).take_while(|(p, _)| p.starts_with(&prefix)) {
            any = true;
            hasher.update(&below[prefix.len()..]);
            match node {
                Node::File(_, id) => hasher.update(id.0),
                Node::Link(target) => hasher.update(target),
            }
        }
        Ok(any.then(|| ContentId(hasher.finalize().into())))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write as _;

    /// Packs files; a name that begins with `@` is a link to the content.
    pub(crate) fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_ustar();
            let link = path.strip_prefix('@');
            let name = link.unwrap_or(path);
            // Written by hand: the builder refuses hostile names, which are what is tested.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_mode(0o644);
            if link.is_some() {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_link_name_literal(bytes).unwrap();
                header.set_size(0);
                header.set_cksum();
                builder.append(&header, std::io::empty()).unwrap();
            } else {
                header.set_size(bytes.len() as u64);
                header.set_cksum();
                builder.append(&header, *bytes).unwrap();
            }
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&builder.into_inner().unwrap()).unwrap();
        gzip.finish().unwrap()
    }

    fn unpack(files: &[(&str, &[u8])]) -> Result<ArchiveTree, String> {
        ArchiveTree::unpack(&pack(files), Layout::InnerFolder, "x.tgz").map_err(|e| e.to_string())
    }

    #[test]
    fn a_chart_is_read_without_its_outer_folder() {
        let tree =
            unpack(&[("c/Chart.yaml", b"name: c"), ("c/templates/a.yaml", b"a"), ("@c/l", b"templates")])
                .unwrap();
        assert_eq!(tree.read("Chart.yaml").unwrap().as_deref(), Some(b"name: c".as_slice()));
        let names: Vec<_> = tree.list("").unwrap().unwrap().into_iter().map(|e| (e.name, e.kind)).collect();
        let expected =
            [("Chart.yaml", NodeKind::File), ("l", NodeKind::Symlink), ("templates", NodeKind::Dir)];
        assert_eq!(names, expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert_eq!(tree.read("l/a.yaml").unwrap().as_deref(), Some(b"a".as_slice()));
        assert_eq!(tree.content_id("l").unwrap(), tree.content_id("templates").unwrap());
        assert_eq!((tree.read("none").unwrap(), tree.list("none").unwrap()), (None, None));
    }

    #[test]
    fn hostile_archives_are_refused() {
        for (files, words) in [
            (vec![("c/../../x", b"".as_slice())], "leaves the archive"),
            (vec![("/c/x", b"")], "absolute"),
            (vec![("c\\x", b"")], "backslash"),
            (vec![("@c/l", b"../../etc/passwd")], "leaves the archive"),
            (vec![("@c/l", b"/etc/passwd")], "leaves the archive"),
            (vec![("Chart.yaml", b"")], "outside the chart's folder"),
            (vec![], "no files"),
        ] {
            let error = unpack(&files).err().unwrap_or_default();
            assert!(error.contains(words), "{files:?}: {error}");
        }
        let looped = unpack(&[("@c/a", b"b"), ("@c/b", b"a")]).unwrap();
        assert!(looped.read("a").is_err());
        assert!(ArchiveTree::unpack(b"no archive", Layout::Plain, "x").is_err());
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused() {
        let packed = pack(&[("c/small", b"x"), ("c/big", &vec![0; 1 << 20])]);
        assert!(packed.len() < 10_000);
        let unpack = |bytes_max| ArchiveTree::unpack_at_most(&packed, Layout::InnerFolder, "x", bytes_max);
        assert!(unpack(2 << 20).is_ok());
        for bytes_max in [100, 1000, 1 << 19, 1 << 20] {
            let error = unpack(bytes_max).err().unwrap();
            assert_eq!(error.kind, SourceErrorKind::TooLarge, "{error}");
        }
    }
}
