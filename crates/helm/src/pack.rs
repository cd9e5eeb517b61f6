//! Packs charts, as `helm package` does.

use crate::Error;
use crate::chart::Chart;
use std::io::Write as _;

/// Bytes of a tar block.
const BLOCK: usize = 512;
/// Longest name and prefix of a ustar header.
const NAME_BYTES_MAX: usize = 100;
const PREFIX_BYTES_MAX: usize = 155;

impl Chart {
    /// Packs every file of the chart below a folder of its name into a `.tgz`. The same chart always gives the same
    /// bytes: Helm writes the time into each entry, here it is 0.
    ///
    /// # Errors
    /// A path is longer than the format holds.
    pub fn pack(&self) -> Result<Vec<u8>, Error> {
        let mut tar = Vec::new();
        for file in &self.raw {
            let path = format!("{}/{}", self.name(), file.name);
            tar.extend_from_slice(&header(&path, file.data.len())?);
            tar.extend_from_slice(&file.data);
            tar.resize(tar.len().div_ceil(BLOCK) * BLOCK, 0);
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer
            .write_all(&tar)
            .and_then(|()| packer.finish())
            .map_err(|e| Error::Archive(format!("pack {}: {e}", self.name())))
    }
}

/// Returns the ustar header of a file.
fn header(path: &str, bytes: usize) -> Result<[u8; BLOCK], Error> {
    let too_long = || Error::Archive(format!("{path}: the path is too long for an archive; shorten it"));
    let (prefix, name) = match path.len() <= NAME_BYTES_MAX {
        true => ("", path),
        false => path
            .match_indices('/')
            .map(|(at, _)| (&path[..at], &path[at + 1..]))
            .find(|(prefix, name)| prefix.len() <= PREFIX_BYTES_MAX && name.len() <= NAME_BYTES_MAX)
            .ok_or_else(too_long)?,
    };
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{bytes:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(345, prefix.as_bytes());
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::File;

    #[test]
    fn what_is_packed_is_the_chart_again() {
        let long = format!("templates/{}/x.yaml", "folder-".repeat(12));
        let files = [("Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"), ("values.yaml", "b: 1\n")];
        let mut files: Vec<File> = files.iter().map(|(n, d)| File::new(*n, d.as_bytes().to_vec())).collect();
        files.push(File::new(long.as_str(), vec![b'x'; 700]));
        let chart = Chart::from_files(files).unwrap();
        let again = Chart::load_archive(&chart.pack().unwrap()).unwrap();
        let shown = |c: &Chart| c.raw.iter().map(|f| (f.name.clone(), f.data.to_vec())).collect::<Vec<_>>();
        assert_eq!(shown(&again), shown(&chart));
    }

    #[test]
    fn a_path_that_does_not_fit_is_refused() {
        let files = [
            File::new("Chart.yaml", b"apiVersion: v2\nname: a\nversion: 1.0.0\n".to_vec()),
            File::new("x".repeat(200), Vec::new()),
        ];
        let error = Chart::from_files(files.to_vec()).unwrap().pack().unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
    }
}
