//! Makes the compact data of the built-in kinds in `crates/schema/data` from OpenAPI v3 documents and discovery, and
//! from what reflection over the Go types says (`xtask/gofacts`).

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("input").required(true))]
pub struct Args {
    /// Folder with `discovery.json` and `openapi-v3/*.json`, as a server's answers.
    #[arg(long, group = "input")]
    from: Option<PathBuf>,
    /// A running API server's address: plain HTTP, such as what `kubectl proxy` opens.
    #[arg(long, group = "input")]
    server: Option<String>,
    /// Runs `xtask/gofacts` and renews `go.json`, `former.json` and devcluster's `messages.txt` alone. Needs Go.
    #[arg(long, group = "input")]
    go: bool,
    /// Reads the committed data and checks that it is what this command would write, without any input.
    #[arg(long, group = "input")]
    check: bool,
    /// Folder to write to.
    #[arg(long, default_value = "crates/schema/data")]
    out: PathBuf,
}

/// What a server says of itself.
struct Input {
    /// OpenAPI v3 documents.
    documents: Vec<Value>,
    /// Path such as `/apis/apps/v1` to its resource list, in the server's order of groups.
    discovery: Vec<(String, Value)>,
}

pub fn main(args: Args) -> anyhow::Result<()> {
    if args.check {
        return check(&args.out);
    }
    if args.go {
        return renew_go_facts(&args.out);
    }
    let input = match (&args.from, &args.server) {
        (Some(dir), _) => read_folder(dir)?,
        (None, Some(url)) => read_server(url)?,
        (None, None) => bail!("pass --from, --server, --go or --check"),
    };
    let facts = read_facts(&args.out.join("go.json"))?;
    std::fs::write(args.out.join("types.json"), types(&input.documents, &facts)?)?;
    std::fs::write(args.out.join("resources.json"), resources(&input.discovery)?)?;
    write_descriptions(&input.documents, Path::new("crates/devcluster/data/descriptions.json.zlib"))
}

/// Packs what the documents say of types and fields. Documents without descriptions leave the file as it is.
fn write_descriptions(documents: &[Value], path: &Path) -> anyhow::Result<()> {
    let mut texts: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, schema) in
        documents.iter().filter_map(|d| d.pointer("/components/schemas")?.as_object()).flatten()
    {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let all = std::iter::once(("", schema)).chain(properties.map(|(field, of)| (field.as_str(), of)));
        let described: BTreeMap<&str, &str> =
            all.filter_map(|(field, of)| Some((field, of["description"].as_str()?))).collect();
        if !described.is_empty() {
            texts.insert(name, described);
        }
    }
    if texts.is_empty() {
        println!("the documents describe nothing; {} stays as it is", path.display());
        return Ok(());
    }
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&serde_json::to_vec(&texts)?)?;
    std::fs::write(path, packer.finish()?)?;
    Ok(())
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}

fn read_folder(dir: &Path) -> anyhow::Result<Input> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(dir.join("openapi-v3"))?.map(|e| Ok(e?.path())).collect::<anyhow::Result<_>>()?;
    paths.sort();
    let documents = paths
        .iter()
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("api")))
        .map(|p| read_json(p))
        .collect::<anyhow::Result<_>>()?;
    let text = std::fs::read_to_string(dir.join("discovery.json"))?;
    let Value::Object(lists) = serde_json::from_str(&text)? else { bail!("discovery.json is no map") };
    // The map's own order is the server's order of groups, which a sorted map loses.
    let mut discovery: Vec<(String, Value)> = lists.into_iter().collect();
    discovery.sort_by_key(|(path, _)| text.find(&format!("\"{path}\": {{")));
    Ok(Input { documents, discovery })
}

fn read_server(url: &str) -> anyhow::Result<Input> {
    let index = http_get(url, "/openapi/v3")?;
    let Some(paths) = index["paths"].as_object() else { bail!("{url}/openapi/v3 has no paths") };
    let documents = paths
        .iter()
        .filter(|(path, _)| path.starts_with("api"))
        .map(|(_, entry)| http_get(url, entry["serverRelativeURL"].as_str().unwrap_or_default()))
        .collect::<anyhow::Result<_>>()?;
    let mut discovery = vec![("/api/v1".to_owned(), http_get(url, "/api/v1")?)];
    for group in http_get(url, "/apis")?["groups"].as_array().into_iter().flatten() {
        for version in group["versions"].as_array().into_iter().flatten() {
            let path = format!("/apis/{}", version["groupVersion"].as_str().unwrap_or_default());
            let list = http_get(url, &path)?;
            discovery.push((path, list));
        }
    }
    Ok(Input { documents, discovery })
}

/// Fetches a JSON document over plain HTTP/1.0.
fn http_get(url: &str, path: &str) -> anyhow::Result<Value> {
    let host =
        url.trim_end_matches('/').strip_prefix("http://").context("the address must start with http://")?;
    let mut stream = std::net::TcpStream::connect(host).with_context(|| format!("connecting to {host}"))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let at = answer.windows(4).position(|w| w == b"\r\n\r\n").context("an answer without a head")?;
    serde_json::from_slice(&answer[at + 4..]).with_context(|| format!("reading {url}{path}"))
}

type Facts = BTreeMap<String, BTreeMap<String, String>>;

fn read_facts(path: &Path) -> anyhow::Result<Facts> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.lines()
        .map(|line| {
            let entry: Value = serde_json::from_str(line)?;
            let name = entry["type"].as_str().context("an entry without type")?.to_owned();
            Ok((name, serde_json::from_value(entry["fields"].clone())?))
        })
        .collect()
}

fn renew_go_facts(out: &Path) -> anyhow::Result<()> {
    std::fs::write(out.join("go.json"), go_facts(&[])?)?;
    std::fs::write(out.join("former.json"), go_facts(&["former"])?)?;
    std::fs::write("crates/devcluster/data/messages.txt", go_facts(&["protobuf"])?)?;
    Ok(())
}

fn go_facts(args: &[&str]) -> anyhow::Result<Vec<u8>> {
    let done = std::process::Command::new("go")
        .args(["run", "."])
        .args(args)
        .current_dir("xtask/gofacts")
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("running go; install Go to renew these facts")?;
    if !done.status.success() {
        bail!("xtask/gofacts failed");
    }
    Ok(done.stdout)
}

/// One line a type, ordered by name.
fn types(documents: &[Value], facts: &Facts) -> anyhow::Result<String> {
    let mut all: BTreeMap<&String, &Value> = BTreeMap::new();
    for document in documents {
        for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
            all.insert(name, schema);
        }
    }
    let none = BTreeMap::new();
    let mut out = String::new();
    for (name, schema) in all {
        let mut line = Map::new();
        line.insert("n".into(), shorten(name).into());
        let classes = facts.get(name).unwrap_or(&none);
        match schema["properties"].as_object() {
            Some(properties) => {
                let fields: Map<String, Value> = properties
                    .iter()
                    .map(|(field, s)| {
                        Ok((field.clone(), field_json(s, classes.get(field).map_or("", |c| c))))
                    })
                    .collect::<anyhow::Result<_>>()?;
                line.insert("f".into(), Value::Object(fields));
            }
            None => {
                line.insert("t".into(), type_json(schema));
            }
        }
        copy(schema, "required", &mut line, "r");
        if schema["x-kubernetes-map-type"] == "atomic" {
            line.insert("a".into(), 1.into());
        }
        copy(schema, "x-kubernetes-unions", &mut line, "u");
        copy(schema, "x-kubernetes-group-version-kind", &mut line, "gvk");
        out.push_str(&serde_json::to_string(&line)?);
        out.push('\n');
    }
    Ok(out)
}

fn copy(from: &Value, key: &str, to: &mut Map<String, Value>, name: &str) {
    if let Some(value) = from.get(key) {
        to.insert(name.into(), value.clone());
    }
}

fn shorten(name: &str) -> String {
    name.strip_prefix("io.k8s.api.").map_or_else(|| name.to_owned(), |rest| format!(".{rest}"))
}

fn field_json(schema: &Value, class: &str) -> Value {
    let mut field = Map::new();
    field.insert("t".into(), type_json(schema));
    if !class.is_empty() {
        field.insert("g".into(), class.into());
    }
    copy(schema, "default", &mut field, "d");
    copy(schema, "enum", &mut field, "e");
    copy(schema, "x-kubernetes-patch-merge-key", &mut field, "k");
    copy(schema, "x-kubernetes-patch-strategy", &mut field, "p");
    Value::Object(field)
}

/// A scalar's word, `@type`, `{"l": items, "y": set|map, "k": keys}` or `{"m": values, "a": 1 if atomic}`.
fn type_json(schema: &Value) -> Value {
    let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    if let Some(reference) = reference {
        let name = format!("@{}", shorten(reference.rsplit('/').next().unwrap_or_default()));
        return match schema["x-kubernetes-map-type"].as_str() {
            Some("atomic") => json!({"o": name, "a": 1}),
            Some(_) => json!({"o": name, "a": 0}),
            None => name.into(),
        };
    }
    let format = schema["format"].as_str().unwrap_or_default();
    match (schema["type"].as_str().unwrap_or_default(), format) {
        ("array", _) => {
            let mut list = Map::new();
            list.insert("l".into(), type_json(&schema["items"]));
            copy(&schema["items"], "enum", &mut list, "e");
            if let Some(kind @ ("set" | "map")) = schema["x-kubernetes-list-type"].as_str() {
                list.insert("y".into(), kind.into());
            }
            copy(schema, "x-kubernetes-list-map-keys", &mut list, "k");
            Value::Object(list)
        }
        ("object", _) if schema.get("additionalProperties").is_some() => {
            let mut map = Map::new();
            map.insert("m".into(), type_json(&schema["additionalProperties"]));
            if schema["x-kubernetes-map-type"] == "atomic" {
                map.insert("a".into(), 1.into());
            }
            Value::Object(map)
        }
        ("object", _) => "object".into(),
        ("integer" | "number" | "string", format) if !format.is_empty() => format.into(),
        ("", "int-or-string") => "int-or-string".into(),
        ("", _) if schema.get("oneOf").is_some() => "quantity".into(),
        ("", _) => "any".into(),
        (word, _) => word.into(),
    }
}

/// One line a resource: the groups in the server's order, resources by name, subresources inside theirs.
fn resources(discovery: &[(String, Value)]) -> anyhow::Result<String> {
    let mut out = String::new();
    for (path, list) in discovery {
        let group_version = path.trim_start_matches("/apis/").trim_start_matches("/api/");
        let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
        let entries = list["resources"].as_array().with_context(|| format!("{path} has no resources"))?;
        for entry in entries {
            let name = entry["name"].as_str().context("a resource without name")?;
            if name.contains('/') {
                continue;
            }
            let mut line = Map::new();
            line.insert("g".into(), group.into());
            line.insert("v".into(), version.into());
            for (from, to) in [
                ("name", "p"),
                ("kind", "k"),
                ("singularName", "s"),
                ("shortNames", "sn"),
                ("categories", "c"),
                ("verbs", "vb"),
                ("storageVersionHash", "h"),
            ] {
                copy(entry, from, &mut line, to);
            }
            line.insert("ns".into(), entry["namespaced"].clone());
            let subs: Vec<Value> = entries
                .iter()
                .filter_map(|sub| {
                    let short = sub["name"].as_str()?.strip_prefix(name)?.strip_prefix('/')?;
                    let mut line = Map::new();
                    line.insert("n".into(), short.into());
                    for (from, to) in [("kind", "k"), ("group", "g"), ("version", "v"), ("verbs", "vb")] {
                        copy(sub, from, &mut line, to);
                    }
                    Some(Value::Object(line))
                })
                .collect();
            if !subs.is_empty() {
                line.insert("sub".into(), subs.into());
            }
            out.push_str(&serde_json::to_string(&line)?);
            out.push('\n');
        }
    }
    Ok(out)
}

/// Each line of each file must be compact JSON with sorted keys; types and facts must be ordered by name.
fn check(dir: &Path) -> anyhow::Result<()> {
    for (file, key) in [
        ("types.json", Some("n")),
        ("former.json", Some("n")),
        ("go.json", Some("type")),
        ("resources.json", None),
    ] {
        let path = dir.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let mut last = String::new();
        for (n, line) in text.lines().enumerate() {
            let entry: Value = serde_json::from_str(line).with_context(|| format!("{file}:{}", n + 1))?;
            if serde_json::to_string(&entry)? != line {
                bail!("{file}:{}: not as `cargo xtask schema` writes it", n + 1);
            }
            if let Some(name) = key.and_then(|k| entry[k].as_str()) {
                let name =
                    name.strip_prefix('.').map_or_else(|| name.to_owned(), |r| format!("io.k8s.api.{r}"));
                if name <= last {
                    bail!("{file}:{}: out of order", n + 1);
                }
                last = name;
            }
        }
    }
    Ok(())
}
