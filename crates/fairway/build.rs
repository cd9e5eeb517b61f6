//! Embeds the example repositories, so that the binary alone can start them, and says how it is linked.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The constants, and for each the folders at the workspace root that it holds and where their files appear in it.
const EMBEDDED: [(&str, &[(&str, &str)]); 2] = [
    ("CONFIG_REPO", &[("config-repo-example", ""), ("charts/service", "charts/service/")]),
    ("SERVICE_TEMPLATE", &[("service-template", "")]),
];

fn main() -> io::Result<()> {
    link_at_a_fixed_address();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut out = String::new();
    for (name, folders) in EMBEDDED {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "/// Embedded files, by path.\npub const {name}: &[(&str, &[u8])] = &[");
        for (folder, prefix) in folders {
            let dir = root.join(folder);
            println!("cargo::rerun-if-changed={}", dir.display());
            let mut files = Vec::new();
            walk(&dir, &mut files)?;
            files.sort();
            for file in files {
                let relative =
                    file.strip_prefix(&dir).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
                let path = format!("{prefix}{relative}");
                let _ = writeln!(out, "    ({path:?}, include_bytes!({:?})),", file.display().to_string());
            }
        }
        out.push_str("];\n");
    }
    let target = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("embedded.rs");
    fs::write(target, out)
}

/// Has the linker place the program at a fixed address, as Go's is. At any other the loader writes the 84,000 addresses
/// in its constant tables before `main`, which is half of what `kustomize build` of a few objects takes.
fn link_at_a_fixed_address() {
    let target = |name| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
