//! What the generators of ApplicationSets ask for: trees, lists of forges, resources, answers of services.

use crate::engine::Engine;
use crate::forge;
use fairway_argocd::{DataRequest, Decisions, Environment, GitFiles, PullRequest, ScmRepository, selects};
use fairway_core::{ClusterWriter, GroupKind, Live, ObjectKey, Str};
use fairway_scm::{Forge, ForgeOptions, PluginService, ScmErrorKind};
use fairway_source::Credentials;
use fairway_value::{HtmlEscape, Map, Value, to_json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest request of a plugin that sets none, as Argo CD.
const PLUGIN_TIMEOUT: Duration = Duration::from_secs(30);

impl Engine {
    /// Fetches what a generator of an ApplicationSet in a namespace needs. A failure is an answer too, so that nothing is
    /// taken for empty.
    pub(crate) async fn fetch_data(
        &self,
        namespace: &str,
        need: &DataRequest,
        environment: &mut Environment,
    ) {
        let key = need.key();
        match need {
            DataRequest::Git { repo_url, revision } => {
                let answer = async {
                    let commit = self.sources().resolve(repo_url, revision).await?;
                    self.sources().open(repo_url, &commit).await
                };
                let files = match answer.await {
                    Ok(tree) => GitFiles::Tree(tree),
                    Err(error) => GitFiles::Failed(error.to_string().into()),
                };
                environment.git.insert(key, files);
            }
            DataRequest::Scm { block } => {
                environment.scm.insert(key, self.list_forge(namespace, block).await.map_err(Str::from));
            }
            DataRequest::PullRequests { block } => {
                let found = self.list_pull_requests(namespace, block).await.map_err(Str::from);
                environment.pull_requests.insert(key, found);
            }
            DataRequest::Decisions { block } => {
                environment.decisions.insert(key, self.decisions(namespace, block).await.map_err(Str::from));
            }
            DataRequest::Plugin { appset, block } => {
                let answer = self.ask_plugin(namespace, appset, block).await.map_err(Str::from);
                environment.plugins.insert(key, answer);
            }
        }
    }

    async fn list_forge(&self, namespace: &str, block: &Value) -> Result<Vec<ScmRepository>, String> {
        let secrets = self.referenced(namespace, block).await?;
        let mut options = forge::scm_options(block, &|reference| forge::looked_up(&secrets, reference))?;
        self.log_in(namespace, block, &mut options).await?;
        let forge = Forge::new(options).map_err(|e| e.to_string())?;
        let wanted_paths = forge::paths_in_filters(block);
        let mut out = Vec::new();
        for repository in forge.repositories().await.map_err(|e| e.to_string())? {
            let branches = forge.branches(&repository).await.map_err(|e| e.to_string())?;
            let mut paths: BTreeMap<Str, Vec<Str>> = BTreeMap::new();
            for branch in &branches {
                for path in &wanted_paths {
                    if forge.path_exists(&repository, branch, path).await.map_err(|e| e.to_string())? {
                        paths.entry(branch.name.as_str().into()).or_default().push(path.as_str().into());
                    }
                }
            }
            out.push(ScmRepository {
                organization: repository.organization.as_str().into(),
                repository: repository.repository.as_str().into(),
                id: repository.repository_id.as_str().into(),
                url: repository.url.as_str().into(),
                default_branch: repository.default_branch.as_str().into(),
                branches: branches.iter().map(|b| (b.name.as_str().into(), b.sha.as_str().into())).collect(),
                labels: repository.labels.iter().map(|l| l.as_str().into()).collect(),
                paths,
            });
        }
        Ok(out)
    }

    async fn list_pull_requests(&self, namespace: &str, block: &Value) -> Result<Vec<PullRequest>, String> {
        let secrets = self.referenced(namespace, block).await?;
        let (mut options, query) =
            forge::pull_request_options(block, &|reference| forge::looked_up(&secrets, reference))?;
        self.log_in(namespace, block, &mut options).await?;
        let forge = Forge::new(options).map_err(|e| e.to_string())?;
        let found = match forge.pull_requests(&query).await {
            Err(error)
                if error.kind == ScmErrorKind::NotFound && forge::goes_on_without_repository(block) =>
            {
                tracing::info!(error = %error, "the pull request generator goes on without the repository");
                Vec::new()
            }
            found => found.map_err(|e| e.to_string())?,
        };
        Ok(found
            .into_iter()
            .map(|p| PullRequest {
                number: i64::try_from(p.number).unwrap_or(i64::MAX),
                title: p.title.into(),
                branch: p.branch.into(),
                target_branch: p.target_branch.into(),
                head_sha: p.head_sha.into(),
                labels: p.labels.into_iter().map(Str::from).collect(),
                author: p.author.into(),
            })
            .collect())
    }

    /// Checks that a forge may be asked, and gets the token of a GitHub App where the block names the Secret of one.
    async fn log_in(&self, namespace: &str, block: &Value, options: &mut ForgeOptions) -> Result<(), String> {
        let allowed = &self.snapshot().settings.allowed_scm_providers;
        let is_ours = namespace == self.options.namespace.as_str();
        if !is_ours && !options.api.is_empty() && !allowed.iter().any(|api| *api == options.api) {
            return Err(format!(
                "scm provider not allowed: {}; see applicationsetcontroller.allowed.scm.providers",
                options.api
            ));
        }
        let Some(name) = forge::app_secret(block) else { return Ok(()) };
        let data = self.data_of(namespace, "Secret", name).await?;
        let credentials = Credentials::from_secret_data(&data);
        if credentials.github_app_id.is_empty() {
            return Err(format!("Secret {name}, which appSecretName names, has no githubAppID"));
        }
        let token = self.sources().github_app_token(&credentials, &options.api, &options.organization).await;
        options.token = token.map_err(|e| e.to_string())?.expose().to_owned();
        Ok(())
    }

    /// Reads the resources that a `clusterDecisionResource` generator names or selects, in its own namespace.
    async fn decisions(&self, namespace: &str, block: &Value) -> Result<Decisions, String> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).unwrap_or_default();
        let data = self.data_of(namespace, "ConfigMap", text("configMapRef")).await;
        let data = data.map_err(|why| format!("error reading configMapRef: {why}"))?;
        let setting = |key: &str| data.get(key).map(String::as_str).unwrap_or_default();
        let (group, kind) = (setting("apiVersion").split_once('/').map(|(group, _)| group), setting("kind"));
        let Some(group) = group.filter(|group| !group.is_empty() && !kind.is_empty()) else {
            return Err("there is a problem with the apiVersion, kind or resourceName provided".to_owned());
        };
        let selector = block.get("labelSelector").cloned().unwrap_or_default();
        let named = text("name");
        let mut resources = Vec::new();
        for live in self.home().cache().of_kind(&GroupKind::new(group, kind)) {
            if live.namespace() != namespace {
                continue;
            }
            let labels = live.labels().cloned().unwrap_or_default();
            let wanted = if named.is_empty() { selects(&selector, &labels)? } else { live.name() == named };
            if !wanted {
                continue;
            }
            // The cache may have left parts out.
            if let Some(whole) = self.home().get(&live.key()).await.map_err(|e| e.to_string())? {
                resources.push(whole.value().clone());
            }
        }
        let config = data.iter().map(|(k, v)| (Str::from(k.as_str()), Value::from(v.as_str()))).collect();
        Ok(Decisions { config, resources })
    }

    async fn ask_plugin(&self, namespace: &str, appset: &str, block: &Value) -> Result<Vec<Map>, String> {
        let name = block.get_path(&["configMapRef", "name"]).and_then(Value::as_str).unwrap_or_default();
        let wrong = |why: String| format!("error getting plugin from generator: {why}");
        let data = self.data_of(namespace, "ConfigMap", name).await;
        let data = data.map_err(|why| wrong(format!("error fetching ConfigMap: {why}")))?;
        let setting = |key: &str| data.get(key).map(String::as_str).filter(|text| !text.is_empty());
        let base_url =
            setting("baseUrl").ok_or_else(|| wrong("baseUrl not found in ConfigMap".to_owned()))?;
        let token = setting("token").and_then(|token| token.strip_prefix('$')).ok_or_else(|| {
            wrong("token is empty, or does not reference a secret key starting with '$'".to_owned())
        })?;
        let (secret, key) = token.split_once(':').unwrap_or(("argocd-secret", token));
        let secrets = self.data_of(namespace, "Secret", secret).await.map_err(wrong)?;
        let token = secrets.get(key).ok_or_else(|| wrong(format!("Secret {secret} has no key {key}")))?;
        let timeout = setting("requestTimeout").map(str::parse).transpose();
        let timeout = timeout.map_err(|e| wrong(format!("error set requestTimeout: {e}")))?;
        let service = PluginService {
            base_url: base_url.to_owned(),
            token: token.trim().to_owned(),
            request_timeout: timeout.map_or(PLUGIN_TIMEOUT, Duration::from_secs),
        };
        let input = block.get_path(&["input", "parameters"]).cloned().unwrap_or_else(Value::object);
        let input = serde_json::from_str(&to_json(&input, HtmlEscape::No)).map_err(|e| e.to_string())?;
        let found = service.parameters(appset, &input).await.map_err(|e| e.to_string())?;
        found
            .into_iter()
            .map(|params| {
                let value: Value = serde_json::from_value(params.into()).map_err(|e| e.to_string())?;
                Ok(value.as_object().cloned().unwrap_or_default())
            })
            .collect()
    }

    /// Reads every text that a forge's block refers to, by reference.
    async fn referenced(&self, namespace: &str, block: &Value) -> Result<BTreeMap<String, String>, String> {
        let mut out = BTreeMap::new();
        for (kind, name, key, reference) in forge::references(block) {
            let data = self.data_of(namespace, kind, &name).await?;
            let text = data.get(&key).ok_or_else(|| format!("key {key} not found in {kind} {name}"))?;
            out.insert(reference, text.trim().to_owned());
        }
        Ok(out)
    }

    /// Reads the data of a Secret or ConfigMap, decoded.
    async fn data_of(
        &self,
        namespace: &str,
        kind: &str,
        name: &str,
    ) -> Result<BTreeMap<String, String>, String> {
        let key = ObjectKey::new("", kind, namespace, name);
        let missing = |why: String| format!("{kind} {namespace}/{name}: {why}");
        let found = self.home().get(&key).await.map_err(|e| missing(e.to_string()))?;
        let live = found.ok_or_else(|| missing("not found".to_owned()))?;
        Ok(if kind == "Secret" { crate::snapshot::decoded(&live) } else { texts_of(&live) })
    }
}

fn texts_of(live: &Live) -> BTreeMap<String, String> {
    let data = live.value().get("data").and_then(Value::as_object);
    data.into_iter()
        .flat_map(Map::iter)
        .filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned())))
        .collect()
}
