//! Embeds the example repositories, so that the binary alone can start them, and says how it is linked.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// The constants, and for each the folders at the workspace root that it holds and where their files appear in it.
const EMBEDDED: [(&str, &[(&str, &str)]); 2] = [
    ("CONFIG_REPO", &[("config-repo-example", ""), ("charts/service", "charts/service/")]),
    ("SERVICE_TEMPLATE", &[("service-template", "")]),
];

fn main() -> io::Result<()> {
    link_for_a_quick_start();
    link_in_order_of_use();
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

/// Has the linker place the program at a fixed address and the C library into it, as Go does with its own. At any other
/// address the loader writes the 84,000 addresses in the constant tables before `main`; shared libraries cost a start
/// their mapping and 250,000 instructions of looking symbols up, and libgcc asks the processor for its features a second
/// time, which is dear on a virtual machine. Together they were two thirds of a `kustomize build` of a few objects.
fn link_for_a_quick_start() {
    let target = |name| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") != "linux" || target("ENV") != "gnu" {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    if env::var("HOST") == env::var("TARGET") {
        for argument in static_libraries().unwrap_or_default() {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

/// Has the linker place what builds and renderings run beside each other: a start maps 15 windows of its code
/// then and not 85, and each takes 5 to 10 µs where the machine keeps files page by page. `start.order` lists the
/// functions as `cargo xtask start-order` found them; one that the compiler spells otherwise by now stays where it was.
/// At the level 0 the linker does not gather the texts of all units into one table, which would scatter those of a start.
fn link_in_order_of_use() {
    let order = Path::new(env!("CARGO_MANIFEST_DIR")).join("start.order");
    println!("cargo::rerun-if-changed={}", order.display());
    let of = |name: &str| env::var(name).unwrap_or_default();
    if of("PROFILE") != "release" || of("HOST") != of("TARGET") {
        return;
    }
    let arguments = [
        format!("-Wl,--symbol-ordering-file={}", order.display()),
        "-Wl,--no-warn-symbol-ordering".to_owned(),
        "-Wl,-O0".to_owned(),
    ];
    if takes(&arguments).unwrap_or_default() {
        for argument in arguments {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

/// Whether the linker that the compiler uses takes arguments, which not every one does.
fn takes(arguments: &[String]) -> io::Result<bool> {
    let of = |name: &str| env::var(name).map_err(io::Error::other);
    let out = PathBuf::from(of("OUT_DIR")?);
    let source = out.join("order.rs");
    fs::write(&source, "fn main() {}\n")?;
    let mut trial = Command::new(of("RUSTC")?);
    trial.args(env::var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}")));
    trial.args(of("CARGO_ENCODED_RUSTFLAGS")?.split('\x1f').filter(|flag| !flag.is_empty()));
    trial.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    trial.arg("-o").arg(out.join("order")).arg(&source);
    Ok(trial.output()?.status.success())
}

/// Returns what has the linker take the C library's archives: they are gathered in a folder that it looks into first,
/// under the names by which the standard library asks for shared ones. Nothing where one is missing or a trial fails:
/// some distributions have them in packages of their own, and the program is then linked as ever.
///
/// `-static` would do less well: its start files have the unwinder sort the tables of the whole program before the first
/// backtrace, which takes 25 ms.
fn static_libraries() -> Option<Vec<String>> {
    let out = PathBuf::from(env::var("OUT_DIR").ok()?);
    let folder = out.join("static");
    fs::create_dir_all(&folder).ok()?;
    // libgcc's unwinder is called otherwise as an archive.
    for (asked, archive) in [
        ("gcc_s", "gcc_eh"),
        ("c", "c"),
        ("m", "m"),
        ("dl", "dl"),
        ("rt", "rt"),
        ("util", "util"),
        ("pthread", "pthread"),
    ] {
        let found = Command::new("cc").arg(format!("-print-file-name=lib{archive}.a")).output().ok()?;
        let path = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim()).canonicalize().ok()?;
        let link = folder.join(format!("lib{asked}.a"));
        if !link.exists() {
            symlink(path, link).ok()?;
        }
    }
    let mut arguments = vec![format!("-L{}", folder.display())];
    arguments.extend(
        ["-Wl,--no-dynamic-linker", "-Wl,--start-group", "-lgcc", "-lgcc_eh", "-lc", "-Wl,--end-group"]
            .map(str::to_owned),
    );
    let (source, program) = (out.join("trial.c"), out.join("trial"));
    fs::write(&source, "#include <stdlib.h>\nint main(void) { return getenv(\"HOME\") == (char *)1; }\n")
        .ok()?;
    let mut trial = Command::new("cc");
    trial.args(["-no-pie", "-nodefaultlibs", "-o"]).arg(&program).arg(&source).args(&arguments);
    let links = trial.output().ok()?.status.success();
    (links && Command::new(program).status().ok()?.success()).then_some(arguments)
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
