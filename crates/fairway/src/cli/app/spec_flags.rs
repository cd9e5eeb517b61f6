//! The flags of `create`, `set` and `unset` that make or change an Application's spec, named as `argocd`'s.

use fairway_value::Value;

/// Flags that change a spec.
#[derive(clap::Args, Debug, Default)]
pub(super) struct SpecFlags {
    /// Repository of the source.
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    /// Folder inside the repository.
    #[arg(long)]
    path: Option<String>,
    /// Chart of a Helm repository, instead of a path.
    #[arg(long, value_name = "CHART")]
    helm_chart: Option<String>,
    /// Branch, tag, commit or chart version.
    #[arg(long)]
    revision: Option<String>,
    /// Address of the cluster.
    #[arg(long, value_name = "URL")]
    dest_server: Option<String>,
    /// Name of the cluster, instead of its address.
    #[arg(long, value_name = "NAME", conflicts_with = "dest_server")]
    dest_name: Option<String>,
    /// Namespace of objects that name none.
    #[arg(long)]
    dest_namespace: Option<String>,
    /// Project.
    #[arg(long)]
    project: Option<String>,
    /// Whether syncs happen by themselves.
    #[arg(long, value_parser = ["none", "manual", "automated", "auto"])]
    sync_policy: Option<String>,
    /// Deletes in automatic syncs what is no longer wanted.
    #[arg(long)]
    auto_prune: bool,
    /// Undoes changes made in the cluster.
    #[arg(long)]
    self_heal: bool,
    /// Sync option, such as CreateNamespace=true; a leading ! takes one away.
    #[arg(long, value_name = "OPTION")]
    sync_option: Vec<String>,
    /// Tries of a failed sync; negative for no end.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    sync_retry_limit: Option<i64>,
    /// Value file of a chart.
    #[arg(long, value_name = "FILE")]
    values: Vec<String>,
    /// Parameter of a chart.
    #[arg(long, short = 'p', value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    /// Parameter of a chart, as `helm --set`.
    #[arg(long, value_name = "NAME=VALUE")]
    helm_set: Vec<String>,
    /// Parameter of a chart that stays text, as `helm --set-string`.
    #[arg(long, value_name = "NAME=VALUE")]
    helm_set_string: Vec<String>,
    /// Release name of a chart.
    #[arg(long)]
    release_name: Option<String>,
    /// Image override of a kustomization, such as nginx=nginx:1.28.
    #[arg(long, value_name = "IMAGE")]
    kustomize_image: Vec<String>,
    /// Name prefix of a kustomization.
    #[arg(long, value_name = "PREFIX")]
    nameprefix: Option<String>,
    /// Name suffix of a kustomization.
    #[arg(long, value_name = "SUFFIX")]
    namesuffix: Option<String>,
    /// Looks into the folders below the path too.
    #[arg(long)]
    directory_recurse: bool,
    /// Entries of the history that are kept.
    #[arg(long, value_name = "N")]
    revision_history_limit: Option<i64>,
}

impl SpecFlags {
    /// Whether no flag is given.
    pub(super) fn is_empty(&self) -> bool {
        let mut spec = Value::object();
        self.apply(&mut spec, 0);
        spec == Value::object()
    }

    /// Writes what is given into a spec; `source` is which of several sources is meant.
    pub(super) fn apply(&self, spec: &mut Value, source: usize) {
        self.apply_destination(spec);
        self.apply_policy(spec);
        let mut changed = source_of(spec, source).cloned().unwrap_or_else(Value::object);
        let before = changed.clone();
        self.apply_source(&mut changed);
        if changed != before {
            put_source(spec, source, changed);
        }
    }

    fn apply_destination(&self, spec: &mut Value) {
        if let Some(server) = &self.dest_server {
            spec.set_path(&["destination", "server"], server.as_str());
            spec.remove_path(&["destination", "name"]);
        }
        if let Some(name) = &self.dest_name {
            spec.set_path(&["destination", "name"], name.as_str());
            spec.remove_path(&["destination", "server"]);
        }
        if let Some(namespace) = &self.dest_namespace {
            spec.set_path(&["destination", "namespace"], namespace.as_str());
        }
        if let Some(project) = &self.project {
            spec.set_path(&["project"], project.as_str());
        }
        if let Some(limit) = self.revision_history_limit {
            spec.set_path(&["revisionHistoryLimit"], limit);
        }
    }

    fn apply_policy(&self, spec: &mut Value) {
        match self.sync_policy.as_deref() {
            Some("none" | "manual") => {
                spec.remove_path(&["syncPolicy", "automated"]);
            }
            Some(_) if spec.get_path(&["syncPolicy", "automated"]).is_none_or(Value::is_null) => {
                spec.set_path(&["syncPolicy", "automated"], Value::object());
            }
            _ => {}
        }
        for (on, field) in [(self.auto_prune, "prune"), (self.self_heal, "selfHeal")] {
            if on {
                spec.set_path(&["syncPolicy", "automated", field], true);
            }
        }
        if let Some(limit) = self.sync_retry_limit {
            spec.set_path(&["syncPolicy", "retry", "limit"], limit);
        }
        if !self.sync_option.is_empty() {
            let known = spec.get_path(&["syncPolicy", "syncOptions"]).and_then(Value::as_array);
            let mut options: Vec<String> =
                known.unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect();
            for option in &self.sync_option {
                let (wanted, name) = option.strip_prefix('!').map_or((true, option.as_str()), |o| (false, o));
                let key = name.split('=').next().unwrap_or(name);
                options.retain(|o| o.split('=').next() != Some(key));
                if wanted {
                    options.push(name.to_owned());
                }
            }
            spec.set_path(
                &["syncPolicy", "syncOptions"],
                options.into_iter().map(Value::from).collect::<Value>(),
            );
        }
    }

    fn apply_source(&self, source: &mut Value) {
        let texts: [(&[&str], &Option<String>); 7] = [
            (&["repoURL"], &self.repo),
            (&["path"], &self.path),
            (&["chart"], &self.helm_chart),
            (&["targetRevision"], &self.revision),
            (&["helm", "releaseName"], &self.release_name),
            (&["kustomize", "namePrefix"], &self.nameprefix),
            (&["kustomize", "nameSuffix"], &self.namesuffix),
        ];
        for (path, text) in texts {
            if let Some(text) = text {
                source.set_path(path, text.as_str());
            }
        }
        if self.directory_recurse {
            source.set_path(&["directory", "recurse"], true);
        }
        if !self.values.is_empty() {
            let files: Value = self.values.iter().map(|f| Value::from(f.as_str())).collect();
            source.set_path(&["helm", "valueFiles"], files);
        }
        let texts = self.parameter.iter().chain(&self.helm_set).map(|p| (p, false));
        for (parameter, is_text) in texts.chain(self.helm_set_string.iter().map(|p| (p, true))) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let mut entry = Value::object();
            entry.set_path(&["name"], name);
            entry.set_path(&["value"], value);
            if is_text {
                entry.set_path(&["forceString"], true);
            }
            replace(source, &["helm", "parameters"], entry, |e| {
                e.get("name").and_then(Value::as_str) == Some(name)
            });
        }
        for image in &self.kustomize_image {
            let name = image_name(image);
            let same = |e: &Value| e.as_str().is_some_and(|known| image_name(known) == name);
            replace(source, &["kustomize", "images"], Value::from(image.as_str()), same);
        }
    }
}

/// Returns the name that an image override is for: `nginx` of `nginx=other:1`, `nginx:1` and `nginx@sha256:…`.
fn image_name(image: &str) -> &str {
    if let Some((name, _)) = image.split_once('=') {
        return name;
    }
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

/// Puts an entry into a list in the place of the one that is the same, or at the end.
fn replace(source: &mut Value, path: &[&str], entry: Value, same: impl Fn(&Value) -> bool) {
    let mut entries = source.get_path(path).and_then(Value::as_array).unwrap_or_default().to_vec();
    match entries.iter_mut().find(|e| same(e)) {
        Some(known) => *known = entry,
        None => entries.push(entry),
    }
    source.set_path(path, entries);
}

/// Returns a source of a spec.
pub(super) fn source_of(spec: &Value, at: usize) -> Option<&Value> {
    let several = spec.get("sources").and_then(Value::as_array).filter(|s| !s.is_empty());
    several.map_or_else(|| spec.get("source"), |sources| sources.get(at))
}

/// Writes a source of a spec.
pub(super) fn put_source(spec: &mut Value, at: usize, source: Value) {
    let several =
        spec.get("sources").and_then(Value::as_array).filter(|s| !s.is_empty()).map(<[Value]>::to_vec);
    match several {
        Some(mut sources) => {
            if let Some(known) = sources.get_mut(at) {
                *known = source;
            }
            spec.set_path(&["sources"], sources);
        }
        None => {
            spec.set_path(&["source"], source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: SpecFlags,
    }

    fn applied(spec: &str, line: &str) -> Value {
        let flags =
            Line::try_parse_from(std::iter::once("x").chain(line.split(' ').filter(|w| !w.is_empty())))
                .unwrap()
                .flags;
        let mut spec = fairway_value::from_json(spec.as_bytes()).unwrap();
        flags.apply(&mut spec, 0);
        spec
    }

    fn read(text: &str) -> Value {
        fairway_value::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn flags_make_a_spec() {
        let line = "--repo https://g/r.git --path web --revision main --dest-server https://k --dest-namespace web --project shop \
                    --sync-policy automated --auto-prune --self-heal --sync-option CreateNamespace=true --values a.yaml --helm-set a.b=1";
        assert_eq!(
            applied("{}", line),
            read(
                r#"{"destination":{"namespace":"web","server":"https://k"},"project":"shop",
                "source":{"helm":{"parameters":[{"name":"a.b","value":"1"}],"valueFiles":["a.yaml"]},"path":"web","repoURL":"https://g/r.git","targetRevision":"main"},
                "syncPolicy":{"automated":{"prune":true,"selfHeal":true},"syncOptions":["CreateNamespace=true"]}}"#
            )
        );
    }

    #[test]
    fn flags_change_what_they_name_alone() {
        let spec = r#"{"source":{"repoURL":"r","kustomize":{"images":["nginx:1","redis:7"]}},"syncPolicy":{"automated":{},"syncOptions":["Validate=false","PruneLast=true"]}}"#;
        let after =
            applied(spec, "--kustomize-image nginx=nginx:2 --sync-option !Validate=false --sync-policy none");
        assert_eq!(
            after,
            read(
                r#"{"source":{"repoURL":"r","kustomize":{"images":["nginx=nginx:2","redis:7"]}},"syncPolicy":{"syncOptions":["PruneLast=true"]}}"#
            )
        );
        assert!(SpecFlags::default().is_empty());
    }

    #[test]
    fn image_overrides_have_the_name_of_what_they_replace() {
        for (image, name) in [
            ("nginx:1", "nginx"),
            ("h:5000/nginx", "h:5000/nginx"),
            ("a=b:1", "a"),
            ("nginx@sha256:00", "nginx"),
        ] {
            assert_eq!(image_name(image), name);
        }
    }
}
