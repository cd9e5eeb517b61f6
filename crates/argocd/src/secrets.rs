use crate::words::LABEL_SECRET_TYPE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use fairway_core::{Map, Object, Str, Value};
use std::fmt;

/// A text that must not be seen: `Debug` hides it, and it has no `Display`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Str);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<Str>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for handing it to what authenticates.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

/// What `argocd.argoproj.io/secret-type` says a Secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepositoryKind {
    /// `repository`: one repository.
    Repository,
    /// `repo-creds`: every repository whose address starts with the URL; the longest wins.
    Template,
}

/// A `repository` or `repo-creds` Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositorySecret {
    /// Which of the two.
    pub kind: RepositoryKind,
    /// Name of the Secret.
    pub secret_name: Str,
    /// Address, or start of addresses.
    pub url: Str,
    /// `git` (default), `helm` or `oci`.
    pub repository_type: Str,
    /// Name for people, and for Helm dependencies.
    pub name: Str,
    /// Project that the repository belongs to; empty for all.
    pub project: Str,
    /// User name.
    pub username: Str,
    /// Password or token.
    pub password: Secret,
    /// Bearer token.
    pub bearer_token: Secret,
    /// SSH private key.
    pub ssh_private_key: Secret,
    /// TLS client certificate.
    pub tls_client_cert: Secret,
    /// TLS client key.
    pub tls_client_key: Secret,
    /// Whether the server's certificate or host key is not checked.
    pub insecure: bool,
    /// Whether LFS content is fetched.
    pub enable_lfs: bool,
    /// Whether a Helm repository is an OCI registry.
    pub enable_oci: bool,
    /// Whether basic authentication is sent without being asked for.
    pub force_http_basic_auth: bool,
    /// Proxy address.
    pub proxy: Str,
    /// Hosts not reached through the proxy.
    pub no_proxy: Str,
    /// GitHub App: its id.
    pub github_app_id: Str,
    /// GitHub App: its installation id; empty to find it.
    pub github_app_installation_id: Str,
    /// GitHub App: its private key.
    pub github_app_private_key: Secret,
    /// GitHub App: address of GitHub Enterprise's API; empty for github.com.
    pub github_app_base_url: Str,
    /// Keys that are there and have no effect here.
    pub unsupported: Vec<Str>,
}

/// A `cluster` Secret.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSecret {
    /// Name of the Secret.
    pub secret_name: Str,
    /// Cluster name.
    pub name: Str,
    /// API server address.
    pub server: Str,
    /// Project that the cluster belongs to; empty for all.
    pub project: Str,
    /// Namespaces that are looked at; empty for all.
    pub namespaces: Vec<Str>,
    /// Whether cluster-scoped objects are looked at although namespaces are named.
    pub cluster_resources: bool,
    /// Shard number, if fixed.
    pub shard: Option<i64>,
    /// Labels of the Secret, which ApplicationSets select by.
    pub labels: Map,
    /// Annotations of the Secret.
    pub annotations: Map,
    /// User name.
    pub username: Str,
    /// Password.
    pub password: Secret,
    /// Bearer token.
    pub bearer_token: Secret,
    /// Whether the server's certificate is not checked.
    pub insecure: bool,
    /// Name that the server's certificate is checked for.
    pub tls_server_name: Str,
    /// Certificate authorities, base64 of PEM.
    pub ca_data: Str,
    /// Client certificate, base64 of PEM.
    pub cert_data: Secret,
    /// Client key, base64 of PEM.
    pub key_data: Secret,
    /// Proxy address.
    pub proxy_url: Str,
    /// Parts of `config` that have no effect here.
    pub unsupported: Vec<Str>,
}

/// Returns a Secret's text values: `stringData` over decoded `data`. Values that are no text are left out.
fn texts(secret: &Object) -> Map {
    let mut out = Map::new();
    let part = |key: &str| secret.value().get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in part("data").iter() {
        let decoded = value.as_str().and_then(decode_base64).and_then(|b| String::from_utf8(b).ok());
        if let Some(text) = decoded {
            out.insert(key.clone(), text);
        }
    }
    out.extend(part("stringData"));
    out
}

/// Reads standard base64 with or without padding; white space is passed over.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let digits: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    LENIENT.decode(digits).ok()
}

struct Texts {
    map: Map,
    read: Vec<&'static str>,
}

impl Texts {
    fn text(&mut self, key: &'static str) -> Str {
        self.read.push(key);
        self.map.get(key).and_then(Value::as_str).map(|t| t.trim_end_matches('\n').into()).unwrap_or_default()
    }
    fn secret(&mut self, key: &'static str) -> Secret {
        self.read.push(key);
        Secret::new(self.map.get(key).and_then(Value::as_str).unwrap_or_default())
    }
    fn flag(&mut self, key: &'static str) -> bool {
        self.text(key) == "true"
    }
    fn rest(self) -> Vec<Str> {
        self.map.keys().filter(|k| !self.read.contains(&k.as_str())).cloned().collect()
    }
}

/// Reads a `repository` or `repo-creds` Secret; nothing where the label says something else or no URL is there.
#[must_use]
pub fn parse_repository(secret: &Object) -> Option<RepositorySecret> {
    let kind = match secret.label(LABEL_SECRET_TYPE)? {
        "repository" => RepositoryKind::Repository,
        "repo-creds" => RepositoryKind::Template,
        _ => return None,
    };
    let mut t = Texts { map: texts(secret), read: Vec::new() };
    let url = t.text("url");
    if url.is_empty() {
        return None;
    }
    let repository_type = t.text("type");
    Some(RepositorySecret {
        kind,
        secret_name: secret.name().into(),
        url,
        repository_type: if repository_type.is_empty() { "git".into() } else { repository_type },
        name: t.text("name"),
        project: t.text("project"),
        username: t.text("username"),
        password: t.secret("password"),
        bearer_token: t.secret("bearerToken"),
        ssh_private_key: t.secret("sshPrivateKey"),
        tls_client_cert: t.secret("tlsClientCertData"),
        tls_client_key: t.secret("tlsClientCertKey"),
        insecure: t.flag("insecure") | t.flag("insecureIgnoreHostKey"),
        enable_lfs: t.flag("enableLfs"),
        enable_oci: t.flag("enableOCI"),
        force_http_basic_auth: t.flag("forceHttpBasicAuth"),
        proxy: t.text("proxy"),
        no_proxy: t.text("noProxy"),
        github_app_id: t.text("githubAppID"),
        github_app_installation_id: t.text("githubAppInstallationID"),
        github_app_private_key: t.secret("githubAppPrivateKey"),
        github_app_base_url: t.text("githubAppEnterpriseBaseUrl"),
        unsupported: t.rest(),
    })
}

/// Reads a `cluster` Secret; nothing where the label says something else.
///
/// # Errors
/// `config` is no JSON; the message shows none of it.
pub fn parse_cluster(secret: &Object) -> Option<Result<ClusterSecret, String>> {
    if secret.label(LABEL_SECRET_TYPE)? != "cluster" {
        return None;
    }
    let mut t = Texts { map: texts(secret), read: Vec::new() };
    let text = t.text("config");
    let config = if text.is_empty() {
        Value::object()
    } else {
        match fairway_value::from_json(text.as_bytes()) {
            Ok(config) => config,
            Err(_) => return Some(Err(format!("cluster Secret {}: config is no JSON", secret.name()))),
        }
    };
    let get = |path: &[&str]| config.get_path(path).and_then(Value::as_str).unwrap_or_default();
    let flag = |path: &[&str]| config.get_path(path).and_then(Value::as_bool).unwrap_or_default();
    let unsupported = ["awsAuthConfig", "execProviderConfig"]
        .into_iter()
        .filter(|key| config.get(key).is_some_and(|v| !v.is_null()))
        .map(|key| Str::from(format!("config.{key}")))
        .collect();
    let namespaces = t.text("namespaces");
    Some(Ok(ClusterSecret {
        secret_name: secret.name().into(),
        name: t.text("name"),
        server: t.text("server").trim_end_matches('/').into(),
        project: t.text("project"),
        namespaces: namespaces.split(',').map(str::trim).filter(|n| !n.is_empty()).map(Str::from).collect(),
        cluster_resources: t.flag("clusterResources"),
        shard: t.text("shard").parse().ok(),
        labels: secret.labels().cloned().unwrap_or_default(),
        annotations: secret.annotations().cloned().unwrap_or_default(),
        username: get(&["username"]).into(),
        password: Secret::new(get(&["password"])),
        bearer_token: Secret::new(get(&["bearerToken"])),
        insecure: flag(&["tlsClientConfig", "insecure"]),
        tls_server_name: get(&["tlsClientConfig", "serverName"]).into(),
        ca_data: get(&["tlsClientConfig", "caData"]).into(),
        cert_data: Secret::new(get(&["tlsClientConfig", "certData"])),
        key_data: Secret::new(get(&["tlsClientConfig", "keyData"])),
        proxy_url: get(&["proxyUrl"]).into(),
        unsupported,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(json: &str) -> Object {
        Object::new(fairway_value::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_repository_is_read_from_data_and_string_data() {
        let read = parse_repository(&secret(
            r#"{"metadata":{"name":"r","labels":{"argocd.argoproj.io/secret-type":"repository"}},
            "data":{"url":"aHR0cHM6Ly9nL3IuZ2l0","password":"cHc="},"stringData":{"username":"u","depth":"1"}}"#,
        ))
        .unwrap();
        assert_eq!((read.url.as_str(), read.username.as_str()), ("https://g/r.git", "u"));
        assert_eq!((read.password.reveal(), read.unsupported), ("pw", vec![Str::from("depth")]));
    }

    #[test]
    fn a_password_is_not_seen_in_debug() {
        let debug = format!("{:?}", Secret::new("hunter2"));
        assert!(!debug.contains("hunter2"));
    }

    #[test]
    fn a_cluster_is_read_and_what_it_cannot_do_is_named() {
        let read = parse_cluster(&secret(
            r#"{"metadata":{"name":"c","labels":{"argocd.argoproj.io/secret-type":"cluster"}},"stringData":{"name":"prod",
            "server":"https://p/","namespaces":"a, b","config":"{\"bearerToken\":\"t\",\"tlsClientConfig\":{\"insecure\":true},\"awsAuthConfig\":{}}"}}"#,
        ));
        let read = read.unwrap().unwrap();
        assert_eq!((read.server.as_str(), read.namespaces.len(), read.insecure), ("https://p", 2, true));
        assert_eq!(read.unsupported, ["config.awsAuthConfig"]);
    }
}
