//! Embeds the example repositories, so that the binary alone can start them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders at the workspace root and the constants that hold their files.
const EMBEDDED: [(&str, &str); 2] = [("config-repo-example", "CONFIG_REPO"), ("service-template", "SERVICE_TEMPLATE")];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut out = String::new();
    for (folder, name) in EMBEDDED {
        let dir = root.join(folder);
        println!("cargo::rerun-if-changed={}", dir.display());
        let mut files = Vec::new();
        if dir.is_dir() {
            walk(&dir, &mut files)?;
        }
        files.sort();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "/// Files of `{folder}`, by path.\npub const {name}: &[(&str, &[u8])] = &[");
        for file in files {
            let relative = file.strip_prefix(&dir).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
            let _ = writeln!(out, "    ({relative:?}, include_bytes!({:?})),", file.display().to_string());
        }
        out.push_str("];\n");
    }
    let target = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("embedded.rs");
    fs::write(target, out)
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
