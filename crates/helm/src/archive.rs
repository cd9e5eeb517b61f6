use crate::Error;
use crate::chart::File;
use fairway_core::MemoryTree;
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Most bytes that a packed chart may unpack to, as Helm's `MaxDecompressedChartSize`.
pub const CHART_BYTES_MAX: u64 = 100 << 20;

/// Most bytes that one file of a chart may have, as Helm's `MaxDecompressedFileSize`.
pub const FILE_BYTES_MAX: u64 = 5 << 20;

/// Most files in a packed chart: charts have hundreds; empty files in an archive cost next to nothing to make.
const FILES_MAX: usize = 50_000;

const BLOCK: usize = 512;

/// Unpacks a `.tgz`, with the first part of each path cut off, and refuses paths that leave the chart.
///
/// # Errors
/// The bytes are no gzipped tar, a path is hostile, or a limit is reached.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<File>, Error> {
    let fail = |why: &str| Error::Archive(why.to_owned());
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(fail("does not appear to be a gzipped archive"));
    }
    let mut tar = Tar { input: MultiGzDecoder::new(bytes), remaining: CHART_BYTES_MAX };
    let mut files = Vec::new();
    while let Some(entry) = tar.next()? {
        if let Some(file) = entry.into_file()? {
            files.push(file);
        }
        if files.len() > FILES_MAX {
            return Err(Error::Archive(format!("more files than the limit of {FILES_MAX}")));
        }
    }
    if files.is_empty() {
        return Err(fail("no files in chart archive"));
    }
    Ok(files)
}

/// Unpacks a packed chart into a tree with the chart at its root.
///
/// # Errors
/// As [`crate::Chart::load_archive`] says of the archive.
pub fn archive_tree(bytes: &[u8]) -> Result<MemoryTree, Error> {
    let mut tree = MemoryTree::default();
    for file in unpack(bytes)? {
        tree.insert(&file.name, file.data.to_vec()).map_err(|e| Error::Archive(e.to_string()))?;
    }
    Ok(tree)
}

struct Tar<R> {
    input: R,
    /// Bytes that may still be unpacked, headers and all.
    remaining: u64,
}

struct Entry {
    path: String,
    kind: u8,
    data: Vec<u8>,
}

impl<R: Read> Tar<R> {
    fn next(&mut self) -> Result<Option<Entry>, Error> {
        let mut long_name: Option<String> = None;
        loop {
            let mut header = [0_u8; BLOCK];
            if !self.fill(&mut header)? || header.iter().all(|b| *b == 0) {
                return Ok(None);
            }
            check_sum(&header)?;
            let size = number(&header[124..136])?;
            let kind = header[156];
            let data = self.data(size, &text(&header[..100]))?;
            match kind {
                // A long name of GNU tar, or a record of pax, is for the entry behind it.
                b'L' => long_name = Some(text(&data)),
                b'x' => long_name = pax_path(&data).or(long_name),
                b'g' | b'K' => {}
                _ => {
                    let path = long_name.take().unwrap_or_else(|| header_path(&header));
                    return Ok(Some(Entry { path, kind, data }));
                }
            }
        }
    }

    /// Fills a block; false at the end of the input.
    fn fill(&mut self, block: &mut [u8]) -> Result<bool, Error> {
        let mut at = 0;
        while at < block.len() {
            let n = self.input.read(&mut block[at..]).map_err(|e| Error::Archive(e.to_string()))?;
            if n == 0 {
                return if at == 0 { Ok(false) } else { Err(Error::Archive("unexpected EOF".to_owned())) };
            }
            at += n;
        }
        let length = u64::try_from(block.len()).unwrap_or(u64::MAX);
        self.remaining = self.remaining.checked_sub(length).ok_or_else(too_large)?;
        Ok(true)
    }

    fn data(&mut self, size: u64, name: &str) -> Result<Vec<u8>, Error> {
        if size > self.remaining {
            return Err(too_large());
        }
        if size > FILE_BYTES_MAX {
            return Err(Error::Archive(format!(
                "decompressed chart file {name:?} is larger than the maximum file size {FILE_BYTES_MAX}"
            )));
        }
        let size = usize::try_from(size).map_err(|_| too_large())?;
        let mut data = vec![0; size.div_ceil(BLOCK) * BLOCK];
        for block in data.chunks_mut(BLOCK) {
            if !self.fill(block)? {
                return Err(Error::Archive("unexpected EOF".to_owned()));
            }
        }
        data.truncate(size);
        Ok(data)
    }
}

fn too_large() -> Error {
    Error::Archive(format!("decompressed chart is larger than the maximum size {CHART_BYTES_MAX}"))
}

impl Entry {
    /// Returns a chart's file; nothing for directories, and links and devices, which Helm reads as empty files, are
    /// refused.
    fn into_file(self) -> Result<Option<File>, Error> {
        match self.kind {
            b'0' | 0 | b'7' if !self.path.ends_with('/') => {}
            b'5' | b'0' | 0 => return Ok(None),
            _ => return Err(Error::Archive(format!("{:?} is neither a file nor a directory", self.path))),
        }
        let delimiter = if self.path.contains('\\') { '\\' } else { '/' };
        let (first, rest) = self.path.split_once(delimiter).unwrap_or((&self.path, ""));
        if first == "Chart.yaml" {
            return Err(Error::Archive("chart yaml not in base directory".to_owned()));
        }
        let name = clean(&rest.replace(delimiter, "/"), &self.path)?;
        let data = self.data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.data);
        Ok(Some(File::new(name, data)))
    }
}

/// `path.Clean` of a relative path, with Helm's refusals.
fn clean(path: &str, original: &str) -> Result<String, Error> {
    if path.starts_with('/') {
        return Err(Error::Archive("chart illegally contains absolute paths".to_owned()));
    }
    let name = fairway_core::normalize_path(path)
        .map_err(|_| Error::Archive("chart illegally references parent directory".to_owned()))?;
    if name.is_empty() {
        return Err(Error::Archive(format!(
            "chart illegally contains content outside the base directory: {original:?}"
        )));
    }
    let drive = name.as_bytes();
    if name.starts_with("..") || matches!(drive, [b'a'..=b'z' | b'A'..=b'Z', b':', b'/', ..]) {
        return Err(Error::Archive("chart contains illegally named files".to_owned()));
    }
    Ok(name)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn header_path(header: &[u8; BLOCK]) -> String {
    let name = text(&header[..100]);
    let prefix = text(&header[345..500]);
    // Only the ustar format has a prefix there; GNU tar keeps times in its place.
    if &header[257..263] == b"ustar\0" && !prefix.is_empty() { format!("{prefix}/{name}") } else { name }
}

fn pax_path(data: &[u8]) -> Option<String> {
    let mut rest = data;
    while let Some(space) = rest.iter().position(|b| *b == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?;
        if let Some(path) = record.strip_prefix(b"path=") {
            return Some(text(path.strip_suffix(b"\n").unwrap_or(path)));
        }
        rest = rest.get(length..)?;
    }
    None
}

/// Octal digits, or GNU tar's big-endian number.
fn number(field: &[u8]) -> Result<u64, Error> {
    let fail = || Error::Archive("invalid tar header".to_owned());
    if field[0] & 0x80 != 0 {
        let bytes =
            field.get(field.len() - 8..).and_then(|b| <[u8; 8]>::try_from(b).ok()).ok_or_else(fail)?;
        return Ok(u64::from_be_bytes(bytes));
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| fail())
}

fn check_sum(header: &[u8; BLOCK]) -> Result<(), Error> {
    let stated = number(&header[148..156])?;
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, b)| if (148..156).contains(&at) { u64::from(b' ') } else { u64::from(*b) })
        .sum();
    if sum == stated { Ok(()) } else { Err(Error::Archive("invalid tar header".to_owned())) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write as _;

    /// Packs files as `helm package` does; a path that ends in `@` becomes a symbolic link.
    pub(crate) fn pack(files: &[(&str, &str)]) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for (path, data) in files {
            let mut header = [0_u8; BLOCK];
            let name = path.trim_end_matches('@');
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
            header[156] = if path.ends_with('@') { b'2' } else { b'0' };
            header[257..263].copy_from_slice(b"ustar\0");
            header[148..156].copy_from_slice(b"        ");
            let sum: u64 = header.iter().map(|b| u64::from(*b)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            gz.write_all(&header).unwrap();
            let mut body = data.as_bytes().to_vec();
            body.resize(data.len().div_ceil(BLOCK) * BLOCK, 0);
            gz.write_all(&body).unwrap();
        }
        gz.write_all(&[0; 2 * BLOCK]).unwrap();
        gz.finish().unwrap()
    }

    #[test]
    fn the_first_part_of_each_path_is_cut_off() {
        let files = unpack(&pack(&[("c/Chart.yaml", "a: 1"), ("c/templates/x.yaml", "")])).unwrap();
        let names: Vec<_> = files.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["Chart.yaml", "templates/x.yaml"]);
        assert_eq!(files[0].text(), "a: 1");
    }

    #[test]
    fn hostile_archives_are_refused() {
        for path in ["c/../../etc/passwd", "c//etc/passwd", "Chart.yaml", "c/C:/x", "c/link@", "c/.."] {
            assert!(unpack(&pack(&[(path, "x")])).is_err(), "{path}");
        }
        assert!(unpack(b"not gzip").is_err());
        let mut bomb = pack(&[("c/x", "y")]);
        bomb.truncate(bomb.len() / 2);
        assert!(unpack(&bomb).is_err());
    }
}
