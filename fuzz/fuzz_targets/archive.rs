//! Packed charts: the tar is the fuzzer's, the compression ours, so that checksums do not stop it; and bytes as they are.
#![no_main]

use fairway_helm::Chart;
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use std::io::Write as _;

fuzz_target!(|data: &[u8]| {
    let _ = Chart::load_archive(data);
    let mut packer = GzEncoder::new(Vec::new(), Compression::none());
    packer.write_all(data).expect("because memory takes it");
    let packed = packer.finish().expect("because memory takes it");
    let _ = Chart::load_archive(&packed);
});
