//! Lays kustomize's built-in tables out as constants, so that a build begins without reading them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    for (table, code) in
        [("config/defaults", defaults as fn(&str) -> Option<String>), ("openapi/builtin", builtin)]
    {
        let from = source.join(table).with_extension("txt");
        println!("cargo::rerun-if-changed={}", from.display());
        let text = code(&fs::read_to_string(&from)?)
            .ok_or_else(|| io::Error::other(format!("{}: a line is cut short", from.display())))?;
        let name = Path::new(table).with_extension("rs");
        fs::write(out.join(name.file_name().unwrap_or_default()), text)?;
    }
    Ok(())
}

/// Writes `config/defaults.txt` as `SECTIONS`, `NAME_REFERENCES` and `REFERRING_KINDS`; `config/defaults.rs` says what
/// they hold.
fn defaults(text: &str) -> Option<String> {
    let (mut sections, mut references, mut named) = (String::new(), String::new(), String::new());
    let mut kinds = BTreeSet::new();
    let mut is_reference = false;
    let mut count = 0;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            is_reference = name == "nameReference";
            if !is_reference {
                let end = if sections.is_empty() { "" } else { "]),\n" };
                let _ = write!(sections, "{end}({name:?}, &[");
            }
            continue;
        }
        let mut words = line.split(' ').map(|w| if w == "-" { "" } else { w });
        let first = words.next()?;
        let mut word = || words.next().unwrap_or_default();
        let (kind, group, version, create) = (word(), word(), word(), word() == "+");
        if let Some(kind_named) = first.strip_prefix('@') {
            let end = if references.is_empty() { "" } else { "];\n" };
            let (group, version) = (kind, group);
            let _ = write!(references, "{end}static REFERRERS_{count}: &[FieldSpec] = &[");
            let _ = writeln!(named, "named({kind_named:?}, {group:?}, {version:?}, REFERRERS_{count}),");
            count += 1;
            continue;
        }
        if is_reference {
            kinds.insert(kind);
        }
        let into = if is_reference { &mut references } else { &mut sections };
        let _ = write!(into, "spec({first:?}, {kind:?}, {group:?}, {version:?}, {create}), ");
    }
    let kinds: Vec<&str> = kinds.into_iter().collect();
    Some(format!(
        "pub static SECTIONS: &[(&str, &[FieldSpec])] = &[{sections}])];\n\
         {references}];\n\
         pub static NAME_REFERENCES: &[NameReference] = &[{named}];\n\
         pub static REFERRING_KINDS: [&str; {}] = {kinds:?};\n",
        kinds.len()
    ))
}

/// Writes `openapi/builtin.txt` as `TYPES` and `DEFINITIONS`; `openapi/builtin.rs` says what they hold.
fn builtin(text: &str) -> Option<String> {
    let (types, definitions) = text.split_once("\n\n")?;
    let mut out = String::from("static TYPES: &[(&str, &str, BuiltinType)] = &[\n");
    for line in types.lines() {
        let mut words = line.split(' ');
        let (scope, version, kind, definition) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let namespaced = match scope {
            "N" | "n" => Some(true),
            "C" | "c" => Some(false),
            _ => None,
        };
        let is_precomputed = matches!(scope, "N" | "C");
        let definition = Some(definition).filter(|d| *d != "-");
        let _ = writeln!(
            out,
            "({version:?}, {kind:?}, BuiltinType {{ namespaced: {namespaced:?}, is_precomputed: {is_precomputed}, \
             definition: {definition:?} }}),"
        );
    }
    let count = definitions.lines().count();
    let _ = writeln!(out, "];\nstatic DEFINITIONS: [(&str, &[(&str, &str)]); {count}] = [");
    for line in definitions.lines() {
        let mut words = line.split(' ');
        let name = words.next()?;
        let fields: Vec<(&str, &str)> = words.filter_map(|w| w.split_once('=')).collect();
        let _ = writeln!(out, "({name:?}, &{fields:?}),");
    }
    out.push_str("];\n");
    Some(out)
}
