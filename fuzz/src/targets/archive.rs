//! Packed charts: the tar is the fuzzer's, its sums and the compression ours, so that they stop nothing; and bytes as
//! they are.

use fairway_helm::Chart;
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;

const BLOCK: usize = 512;

/// Takes one input.
pub fn archive(data: &[u8]) {
    let _ = Chart::load_archive(data);
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    packer.write_all(&with_sums(data)).expect("because memory takes it");
    let packed = packer.finish().expect("because memory takes it");
    let _ = Chart::load_archive(&packed);
}

/// Sets the sums of the headers.
fn with_sums(tar: &[u8]) -> Vec<u8> {
    let mut tar = tar.to_vec();
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + BLOCK) {
        if header.iter().all(|b| *b == 0) {
            break;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let digits = String::from_utf8_lossy(&header[124..135]);
        let size = usize::from_str_radix(digits.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
    }
    tar
}
