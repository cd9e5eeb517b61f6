//! `fairway app create`, `set`, `unset`, `patch` and `edit`.

use super::spec_flags::{SpecFlags, put_source, source_of};
use crate::cli::client::{AppName, Client, Connection, object, text};
use crate::cli::exit::{Failure, GENERAL};
use crate::cli::input::read_yaml;
use crate::cli::output::print;
use anyhow::Context as _;
use fairway_value::Value;
use reqwest::Method;
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
pub(super) struct CreateArgs {
    /// The Application: NAME or NAMESPACE/NAME; the file's own name without it.
    #[arg(required_unless_present = "file")]
    app: Option<AppName>,
    /// File with an Application as YAML or JSON; - reads the standard input. Flags change what it says.
    #[arg(long, short = 'f', value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replaces an Application of this name.
    #[arg(long)]
    upsert: bool,
    /// Does not check sources, destination and project.
    #[arg(long)]
    no_validate: bool,
    /// Label of the Application.
    #[arg(long, short = 'l', value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Annotation of the Application.
    #[arg(long, value_name = "KEY=VALUE")]
    annotations: Vec<String>,
    /// Deletes its resources when it is deleted.
    #[arg(long)]
    set_finalizer: bool,
    #[command(flatten)]
    spec: SpecFlags,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn create(args: CreateArgs) -> anyhow::Result<()> {
    let mut app = match &args.file {
        Some(file) => read_yaml(file)?,
        None => Value::object(),
    };
    if let Some(name) = &args.app {
        app.set_path(&["metadata", "name"], name.name.as_str());
        if let Some(namespace) = &name.namespace {
            app.set_path(&["metadata", "namespace"], namespace.as_str());
        }
    }
    for (kind, pairs) in [("labels", &args.label), ("annotations", &args.annotations)] {
        for (key, value) in pairs.iter().filter_map(|p| p.split_once('=')) {
            app.set_path(&["metadata", kind, key], value);
        }
    }
    if args.set_finalizer {
        let finalizer = Value::from(fairway_argocd::FINALIZER_RESOURCES);
        app.set_path(&["metadata", "finalizers"], vec![finalizer]);
    }
    let mut spec = app.get("spec").cloned().unwrap_or_else(Value::object);
    args.spec.apply(&mut spec, 0);
    if text(&spec, &["project"]).is_empty() {
        spec.set_path(&["project"], "default");
    }
    app.set_path(&["spec"], spec);
    let client = Client::connect(&args.connection).await?;
    let (upsert, validate) = (args.upsert.to_string(), (!args.no_validate).to_string());
    let query = [("upsert", upsert.as_str()), ("validate", validate.as_str())];
    let made = client.call(Method::POST, &["applications"], &query, Some(&app)).await?;
    print(&format!("application '{}' created\n", text(&made, &["metadata", "name"])))
}

#[derive(clap::Args, Debug)]
pub(super) struct SetArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Which of several sources is meant, from 1.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    source_position: u16,
    #[command(flatten)]
    spec: SpecFlags,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn set(args: SetArgs) -> anyhow::Result<()> {
    if args.spec.is_empty() {
        return Err(Failure::error(2, "nothing is to be set; name a flag, see --help"));
    }
    let client = Client::connect(&args.connection).await?;
    let mut spec = client.application(&args.app).await?.get("spec").cloned().unwrap_or_default();
    args.spec.apply(&mut spec, usize::from(args.source_position) - 1);
    client.on_app(Method::PUT, &args.app, &["spec"], &[], Some(&spec)).await?;
    print(&format!("application '{}' set\n", args.app))
}

#[derive(clap::Args, Debug)]
pub(super) struct UnsetArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// Which of several sources is meant, from 1.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    source_position: u16,
    /// Parameter of a chart that goes.
    #[arg(long, short = 'p', value_name = "NAME")]
    parameter: Vec<String>,
    /// Value file of a chart that goes.
    #[arg(long, value_name = "FILE")]
    values: Vec<String>,
    /// The values written in the Application go.
    #[arg(long)]
    values_literal: bool,
    /// Image override of a kustomization that goes.
    #[arg(long, value_name = "IMAGE")]
    kustomize_image: Vec<String>,
    /// The name prefix goes.
    #[arg(long)]
    nameprefix: bool,
    /// The name suffix goes.
    #[arg(long)]
    namesuffix: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn unset(args: UnsetArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let mut spec = client.application(&args.app).await?.get("spec").cloned().unwrap_or_default();
    let at = usize::from(args.source_position) - 1;
    let Some(mut source) = source_of(&spec, at).cloned() else {
        return Err(Failure::error(GENERAL, format!("{} has no source {}", args.app, args.source_position)));
    };
    let before = source.clone();
    let mut keep = |path: &[&str], goes: &dyn Fn(&Value) -> bool| {
        let Some(entries) = source.get_path(path).and_then(Value::as_array) else { return };
        let kept: Vec<Value> = entries.iter().filter(|e| !goes(e)).cloned().collect();
        source.set_path(path, kept);
    };
    keep(&["helm", "parameters"], &|e| args.parameter.iter().any(|p| text(e, &["name"]) == p));
    keep(&["helm", "valueFiles"], &|e| args.values.iter().any(|v| e.as_str() == Some(v.as_str())));
    keep(&["kustomize", "images"], &|e| args.kustomize_image.iter().any(|i| e.as_str() == Some(i.as_str())));
    let gone: [(bool, &[&str]); 4] = [
        (args.values_literal, &["helm", "values"]),
        (args.values_literal, &["helm", "valuesObject"]),
        (args.nameprefix, &["kustomize", "namePrefix"]),
        (args.namesuffix, &["kustomize", "nameSuffix"]),
    ];
    for (goes, path) in gone {
        if goes {
            source.remove_path(path);
        }
    }
    if source == before {
        return Err(Failure::error(2, format!("{} has nothing of what is to be unset", args.app)));
    }
    put_source(&mut spec, at, source);
    client.on_app(Method::PUT, &args.app, &["spec"], &[], Some(&spec)).await?;
    print(&format!("application '{}' changed\n", args.app))
}

#[derive(clap::Args, Debug)]
pub(super) struct PatchArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    /// The patch, as JSON.
    #[arg(long)]
    patch: String,
    /// Its kind: RFC 6902 or RFC 7386.
    #[arg(long, default_value = "json", value_parser = ["json", "merge"])]
    r#type: String,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn patch(args: PatchArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let body = object([("patch", args.patch.as_str().into()), ("patchType", args.r#type.as_str().into())]);
    let app = client.on_app(Method::PATCH, &args.app, &[], &[], Some(&body)).await?;
    print(&fairway_yaml::to_string(&app))
}

#[derive(clap::Args, Debug)]
pub(super) struct EditArgs {
    /// The Application: NAME or NAMESPACE/NAME.
    app: AppName,
    #[command(flatten)]
    connection: Connection,
}

pub(super) async fn edit(args: EditArgs) -> anyhow::Result<()> {
    let client = Client::connect(&args.connection).await?;
    let spec = client.application(&args.app).await?.get("spec").cloned().unwrap_or_default();
    let before = fairway_yaml::to_string(&spec);
    let name = format!("fairway-edit-{}.yaml", crate::data_dir::random_hex(8)?);
    let file = std::env::temp_dir().join(name);
    let after = edited(&file, &before);
    // The file is temporary, whatever became of it.
    let _ = std::fs::remove_file(&file);
    let after = after?;
    if after.trim() == before.trim() {
        return print("Edit cancelled, no changes made.\n");
    }
    let spec = fairway_yaml::parse(&after).context("read what was edited")?;
    client.on_app(Method::PUT, &args.app, &["spec"], &[], Some(&spec)).await?;
    print(&format!("application '{}' updated\n", args.app))
}

fn edited(file: &PathBuf, content: &str) -> anyhow::Result<String> {
    std::fs::write(file, content).with_context(|| format!("write {}", file.display()))?;
    let editor = ["KUBE_EDITOR", "VISUAL", "EDITOR"].iter().find_map(|v| std::env::var(v).ok());
    let editor = editor.filter(|e| !e.trim().is_empty()).unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = std::process::Command::new(program).args(words).arg(file).status();
    let status = status.with_context(|| format!("start {program}; set EDITOR"))?;
    anyhow::ensure!(status.success(), "{program} ended with {status}; nothing is changed");
    std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}
