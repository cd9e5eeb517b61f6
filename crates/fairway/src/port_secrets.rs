//! Secrets of the control namespace that the HTTP server writes and reads: repositories, credential templates, accounts.

use crate::port::{Port, api, invalid};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use fairway_argocd::LABEL_SECRET_TYPE;
use fairway_core::{GroupKind, Live, LiveView as _, Object, ObjectKey};
use fairway_server::{AccessData, CredentialKind, EngineError, ErrorKind};
use fairway_value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a repository that is asked whether it answers.
const CHECK_WAIT: Duration = Duration::from_secs(15);

/// The fields of `Repository` and `RepoCreds`, and the keys of their Secrets (Argo CD `util/db/repository_secrets.go`).
const FIELDS: [(&str, &str); 22] = [
    ("name", "name"),
    ("repo", "url"),
    ("url", "url"),
    ("type", "type"),
    ("project", "project"),
    ("username", "username"),
    ("password", "password"),
    ("bearerToken", "bearerToken"),
    ("sshPrivateKey", "sshPrivateKey"),
    ("tlsClientCertData", "tlsClientCertData"),
    ("tlsClientCertKey", "tlsClientCertKey"),
    ("insecure", "insecure"),
    ("insecureIgnoreHostKey", "insecureIgnoreHostKey"),
    ("enableLfs", "enableLfs"),
    ("enableOCI", "enableOCI"),
    ("githubAppPrivateKey", "githubAppPrivateKey"),
    ("githubAppEnterpriseBaseUrl", "githubAppEnterpriseBaseUrl"),
    ("githubAppID", "githubAppID"),
    ("githubAppInstallationID", "githubAppInstallationID"),
    ("proxy", "proxy"),
    ("noProxy", "noProxy"),
    ("forceHttpBasicAuth", "forceHttpBasicAuth"),
];

/// Fields that an answer shows; every other one may be a secret.
const SHOWN: [&str; 10] = [
    "name",
    "url",
    "type",
    "project",
    "insecure",
    "enableLfs",
    "enableOCI",
    "proxy",
    "noProxy",
    "forceHttpBasicAuth",
];

fn label(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Repository => "repository",
        CredentialKind::Template => "repo-creds",
    }
}

impl Port {
    fn secrets(&self, kind: CredentialKind) -> Vec<Arc<Live>> {
        let mut all = self.engine().home().cache().of_kind(&GroupKind::new("", "Secret"));
        let namespace = self.engine().namespace();
        all.retain(|s| {
            s.namespace() == namespace.as_str() && s.label(LABEL_SECRET_TYPE) == Some(label(kind))
        });
        all
    }

    /// Returns repositories or templates, without credentials.
    pub fn credentials(&self, kind: CredentialKind) -> Vec<Value> {
        let mut out: Vec<Value> =
            self.secrets(kind).iter().map(|s| shown(kind, &decoded(s.value()))).collect();
        let url = |v: &Value| ["repo", "url"].iter().find_map(|k| v.get(k)?.as_str().map(str::to_owned));
        out.sort_by_key(url);
        out
    }

    /// Writes a repository or a template as a Secret.
    pub async fn write_credentials(
        &self,
        kind: CredentialKind,
        value: &Value,
        upsert: bool,
    ) -> Result<Value, EngineError> {
        let mut data = BTreeMap::new();
        for (field, key) in FIELDS {
            let text = match value.get(field) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => text.to_string(),
                Some(Value::Bool(on)) => on.to_string(),
                Some(number) => number.to_string(),
            };
            if !text.is_empty() && text != "false" {
                data.insert(key.to_owned(), text);
            }
        }
        let url = data.get("url").cloned().unwrap_or_default();
        let project = data.get("project").cloned().unwrap_or_default();
        let known = self.secrets(kind).into_iter().find(|s| {
            let known = decoded(s.value());
            let text = |key: &str| known.get(key).map(String::as_str).unwrap_or_default();
            text("url") == url && text("project") == project
        });
        if known.is_some() && !upsert {
            let why =
                format!("existing repository spec for {url} is different; use upsert flag to force update");
            return Err(EngineError::new(ErrorKind::AlreadyExists, why));
        }
        let name = known.as_ref().map_or_else(|| secret_name(kind, &url, &project), |s| s.name().to_owned());
        let mut secret = Value::object();
        secret.set_path(&["apiVersion"], "v1");
        secret.set_path(&["kind"], "Secret");
        secret.set_path(&["metadata", "name"], name);
        secret.set_path(&["metadata", "namespace"], self.engine().namespace().clone());
        secret.set_path(&["metadata", "labels", LABEL_SECRET_TYPE], label(kind));
        secret.set_path(&["metadata", "annotations", "managed-by"], "argocd.argoproj.io");
        secret.set_path(&["type"], "Opaque");
        secret.set_path(&["data"], encoded(&data));
        self.engine().put_object(Object::new(secret), true).await.map_err(|e| api(&e))?;
        Ok(shown(kind, &data))
    }

    /// Deletes the Secret of a repository or a template.
    pub async fn remove_credentials(&self, kind: CredentialKind, url: &str) -> Result<(), EngineError> {
        let found =
            self.secrets(kind).into_iter().find(|s| decoded(s.value()).get("url").is_some_and(|u| u == url));
        let found =
            found.ok_or_else(|| EngineError::new(ErrorKind::NotFound, format!("repo '{url}' not found")))?;
        self.engine().delete_object(found.key()).await.map_err(|e| api(&e))
    }

    /// Asks a repository for its default branch, and returns a `ConnectionState`.
    pub async fn connection(&self, url: &str) -> Value {
        let asked = tokio::time::timeout(CHECK_WAIT, self.engine().sources().refresh(url)).await;
        let (status, message) = match asked {
            Ok(Ok(_)) => ("Successful", String::new()),
            Ok(Err(error)) => ("Failed", error.to_string()),
            Err(_) => ("Failed", format!("no answer in {} s", CHECK_WAIT.as_secs())),
        };
        let mut out = Value::object();
        out.set_path(&["status"], status);
        out.set_path(&["message"], message);
        out.set_path(
            &["attemptedAt"],
            jiff::Timestamp::now().round(jiff::Unit::Second).map(|t| t.to_string()).unwrap_or_default(),
        );
        out
    }

    /// Returns what says who may do what.
    pub fn access_data(&self) -> AccessData {
        let cache = self.engine().home().cache();
        let namespace = self.engine().namespace();
        let data = |kind: &str, name: &str| {
            let live = cache.get(&ObjectKey::new("", kind, namespace.clone(), name));
            live.map(|l| if kind == "Secret" { decoded(l.value()) } else { texts(l.value()) })
                .unwrap_or_default()
        };
        AccessData {
            config: data("ConfigMap", "argocd-cm"),
            policy: data("ConfigMap", "argocd-rbac-cm"),
            secret: data("Secret", "argocd-secret"),
        }
    }

    /// Writes entries of `argocd-secret`; an empty one is taken away.
    pub async fn change_secret(&self, entries: BTreeMap<String, String>) -> Result<(), EngineError> {
        let namespace = self.engine().namespace().clone();
        let key = ObjectKey::new("", "Secret", namespace.clone(), "argocd-secret");
        let mut secret = match self.engine().home().cache().get(&key) {
            Some(live) => live.value().clone(),
            None => {
                let mut new = Value::object();
                new.set_path(&["apiVersion"], "v1");
                new.set_path(&["kind"], "Secret");
                new.set_path(&["metadata", "name"], "argocd-secret");
                new.set_path(&["metadata", "namespace"], namespace);
                new.set_path(&["type"], "Opaque");
                new
            }
        };
        for (key, text) in entries {
            if text.is_empty() {
                secret.remove_path(&["data", key.as_str()]);
            } else {
                secret.set_path(&["data", key.as_str()], B64.encode(text));
            }
        }
        // The version that was read goes along, so that two changes at once do not undo each other.
        self.engine().put_object(Object::new(secret), true).await.map_err(|e| api(&e))?;
        Ok(())
    }

    /// Writes an ApplicationSet.
    pub async fn write_set(&self, mut set: Value, upsert: bool) -> Result<Value, EngineError> {
        set.set_path(&["apiVersion"], fairway_argocd::API_VERSION);
        set.set_path(&["kind"], "ApplicationSet");
        if set.get_path(&["spec", "template"]).is_none() {
            return Err(invalid("spec.template is missing"));
        }
        self.engine().put_object(Object::new(set), upsert).await.map_err(|e| api(&e))
    }
}

fn texts(object: &Value) -> BTreeMap<String, String> {
    let data = object.get("data").and_then(Value::as_object);
    data.into_iter()
        .flat_map(|d| d.iter())
        .filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_owned())))
        .collect()
}

/// A Secret's data, decoded; what is no text is left out.
fn decoded(secret: &Value) -> BTreeMap<String, String> {
    let decode = |text: String| String::from_utf8(B64.decode(text.trim()).ok()?).ok();
    texts(secret).into_iter().filter_map(|(k, v)| Some((k, decode(v)?))).collect()
}

fn encoded(data: &BTreeMap<String, String>) -> Value {
    data.iter().map(|(k, v)| (k.as_str(), Value::from(B64.encode(v)))).collect()
}

/// Returns what may be shown of a repository or template.
fn shown(kind: CredentialKind, data: &BTreeMap<String, String>) -> Value {
    let mut out = Value::object();
    for (key, text) in data.iter().filter(|(k, _)| SHOWN.contains(&k.as_str())) {
        let field = if key == "url" && kind == CredentialKind::Repository { "repo" } else { key };
        if text == "true" {
            out.set_path(&[field], true);
        } else if text != "false" {
            out.set_path(&[field], text.as_str());
        }
    }
    if kind == CredentialKind::Repository && out.get("type").is_none() {
        out.set_path(&["type"], "git");
    }
    if let Some(user) = data.get("username") {
        out.set_path(&["username"], user.as_str());
    }
    out
}

/// Returns the name of a new Secret: `repo-` or `creds-` and a sum of the URL, as Argo CD's `RepoURLToSecretName`.
fn secret_name(kind: CredentialKind, url: &str, project: &str) -> String {
    let prefix = match kind {
        CredentialKind::Repository => "repo",
        CredentialKind::Template => "creds",
    };
    // FNV-1 of 32 bits, as Go's `fnv.New32a` is FNV-1a.
    let sum = url
        .bytes()
        .chain(project.bytes())
        .fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{prefix}-{sum}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        let data: BTreeMap<String, String> =
            ["url", "password", "sshPrivateKey", "bearerToken", "githubAppPrivateKey", "tlsClientCertKey"]
                .into_iter()
                .map(|k| (k.to_owned(), format!("value-of-{k}")))
                .collect();
        let out = shown(CredentialKind::Repository, &data).to_string();
        assert!(out.contains("value-of-url"));
        for secret in ["password", "sshPrivateKey", "bearerToken", "githubAppPrivateKey", "tlsClientCertKey"]
        {
            assert!(!out.contains(&format!("value-of-{secret}")), "{secret} is in {out}");
        }
    }

    #[test]
    fn names_of_secrets_are_go_fnv_sums() {
        // Go: fnv.New32a over "a" is 0xe40c292c.
        assert_eq!(secret_name(CredentialKind::Repository, "a", ""), format!("repo-{}", 0xe40c_292c_u32));
    }
}
