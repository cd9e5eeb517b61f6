//! The files as Rust: `assets.rs` with `ASSETS` and `DASHBOARD`.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::Path;

/// Writes the table, ordered by path, and the bytes that it includes.
pub fn write(out: &Path, mut files: Vec<(String, Vec<u8>)>, has_dashboard: bool) {
    files.sort();
    let folder = out.join("assets");
    fs::create_dir_all(&folder).expect("OUT_DIR is writable");
    let mut table = format!("const DASHBOARD: bool = {has_dashboard};\nstatic ASSETS: &[Asset] = &[\n");
    for (at, (path, bytes)) in files.iter().enumerate() {
        let plain = folder.join(format!("{at}.bin"));
        fs::write(&plain, bytes).expect("OUT_DIR is writable");
        let packed = gzip(bytes);
        let gzip = if packed.len() < bytes.len() * 9 / 10 {
            let file = folder.join(format!("{at}.gz"));
            fs::write(&file, &packed).expect("OUT_DIR is writable");
            format!("Some(include_bytes!({:?}))", file.display().to_string())
        } else {
            "None".to_owned()
        };
        writeln!(
            table,
            "    Asset {{ path: {path:?}, mime: {:?}, etag: {:?}, immutable: {}, plain: include_bytes!({:?}), gzip: {gzip} }},",
            mime(path),
            format!("\"{:016x}\"", hash(bytes)),
            path.starts_with("assets/"),
            plain.display().to_string(),
        )
        .expect("a string takes it");
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table).expect("OUT_DIR is writable");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes it")
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
