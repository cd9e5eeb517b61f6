use crate::AddressMirrors;
use crate::repo_url::{normalize_prefix, normalize_repo_url};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Text that is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretString(String);

impl SecretString {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for sending.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

/// How to reach a repository. Field names follow Argo CD's repository Secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The URL, or for templates the prefix, that they are for.
    pub url: String,
    /// `git` (or empty), `helm` or `oci`.
    pub repo_type: String,
    /// Name by which Helm dependencies refer to a repository (`@name`).
    pub name: String,
    /// User for basic authentication.
    pub username: String,
    /// Password or token for basic authentication.
    pub password: SecretString,
    /// Token for `Authorization: Bearer`.
    pub bearer_token: SecretString,
    /// Private key in PEM, for ssh.
    pub ssh_private_key: SecretString,
    /// Client certificate in PEM.
    pub tls_client_cert: String,
    /// Key of the client certificate in PEM.
    pub tls_client_key: SecretString,
    /// GitHub App id; present means that an installation token is asked for.
    pub github_app_id: String,
    /// GitHub App installation id; empty for discovery by organisation.
    pub github_app_installation_id: String,
    /// GitHub App private key in PEM.
    pub github_app_private_key: SecretString,
    /// API address for GitHub Enterprise; empty for github.com.
    pub github_app_enterprise_base_url: String,
    /// Google service account key, JSON.
    pub gcp_service_account_key: SecretString,
    /// Whether Azure's workload identity is to be used, which is not built: an error says so.
    pub azure_workload_identity: bool,
    /// Whether the server's certificate or host key is not checked.
    pub insecure: bool,
    /// Whether a Helm repository is an OCI registry.
    pub enable_oci: bool,
    /// Whether an OCI registry is spoken to without TLS.
    pub force_http: bool,
    /// Whether LFS objects are wanted.
    pub enable_lfs: bool,
    /// Whether basic authentication is sent without being asked.
    pub force_http_basic_auth: bool,
    /// Whether they are sent to any host at which a chart repository's index says that a chart lies, as Helm's
    /// `--pass-credentials`; to its own alone otherwise.
    pub pass_credentials: bool,
    /// Proxy URL; empty for the environment's.
    pub proxy: String,
    /// Hosts that bypass the proxy, as `NO_PROXY`.
    pub no_proxy: String,
    /// Commits of history to fetch; 0 for all.
    pub depth: u32,
    /// Project the repository belongs to; empty for all.
    pub project: String,
    /// Public keys of OpenPGP, armoured: charts of the repository are taken only where one of them has signed them. Empty
    /// where nothing is checked.
    pub provenance_keyring: String,
}

impl Credentials {
    /// Whether anything proves who is asking.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        !(self.username.is_empty()
            && self.password.is_empty()
            && self.bearer_token.is_empty()
            && self.ssh_private_key.is_empty()
            && self.tls_client_cert.is_empty()
            && self.github_app_id.is_empty()
            && self.gcp_service_account_key.is_empty()
            && !self.azure_workload_identity)
    }

    /// Reads a Secret's decoded data.
    #[must_use]
    pub fn from_secret_data(data: &BTreeMap<String, String>) -> Self {
        from_secret(data)
    }

    fn take_identity_of(&mut self, template: &Self) {
        self.username.clone_from(&template.username);
        self.password.clone_from(&template.password);
        self.bearer_token.clone_from(&template.bearer_token);
        self.ssh_private_key.clone_from(&template.ssh_private_key);
        self.tls_client_cert.clone_from(&template.tls_client_cert);
        self.tls_client_key.clone_from(&template.tls_client_key);
        self.github_app_id.clone_from(&template.github_app_id);
        self.github_app_installation_id.clone_from(&template.github_app_installation_id);
        self.github_app_private_key.clone_from(&template.github_app_private_key);
        self.github_app_enterprise_base_url.clone_from(&template.github_app_enterprise_base_url);
        self.gcp_service_account_key.clone_from(&template.gcp_service_account_key);
        self.azure_workload_identity = template.azure_workload_identity;
        self.force_http_basic_auth |= template.force_http_basic_auth;
        if self.provenance_keyring.is_empty() {
            self.provenance_keyring.clone_from(&template.provenance_keyring);
        }
        if self.proxy.is_empty() {
            self.proxy.clone_from(&template.proxy);
            self.no_proxy.clone_from(&template.no_proxy);
        }
    }
}

/// Where [`crate::Sources`] gets credentials from. Asked before every contact, so changes count at once.
pub trait CredentialLookup: Send + Sync {
    /// Returns how to reach a repository; nothing for an open one.
    fn find(&self, repo_url: &str) -> Option<Arc<Credentials>>;

    /// Returns the credentials of the Helm repository with a name, for dependencies that say `@name` or `alias:name`.
    fn find_named(&self, name: &str) -> Option<Arc<Credentials>> {
        let _ = name;
        None
    }

    /// Returns more CA certificates (PEM) for a host, as `argocd-tls-certs-cm`.
    fn ca_certificates(&self, host: &str) -> Option<String> {
        let _ = host;
        None
    }

    /// Returns known ssh host keys in `known_hosts` format, as `argocd-ssh-known-hosts-cm`.
    fn ssh_known_hosts(&self) -> Option<String> {
        None
    }

    /// Returns the address to ask in place of a repository's or file's; nothing where it is asked itself.
    fn mirror_of(&self, address: &str) -> Option<String> {
        let _ = address;
        None
    }
}

/// Knows nothing: every repository is open.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl CredentialLookup for NoCredentials {
    fn find(&self, _repo_url: &str) -> Option<Arc<Credentials>> {
        None
    }
}

/// The label `argocd.argoproj.io/secret-type`, as far as sources go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// `repository`: for one URL.
    Repository,
    /// `repo-creds`: for every URL with a prefix.
    RepoCreds,
}

impl SecretKind {
    /// Reads the label's value; nothing for other kinds of Secret.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "repository" => Some(Self::Repository),
            "repo-creds" => Some(Self::RepoCreds),
            _ => None,
        }
    }
}

/// Credentials from Argo CD's Secrets and config maps, a value that is replaced as a whole when they change.
#[derive(Clone, Debug, Default)]
pub struct SecretCredentials {
    repositories: Vec<Arc<Credentials>>,
    templates: Vec<Arc<Credentials>>,
    ca_by_host: BTreeMap<String, String>,
    known_hosts: Option<String>,
    mirrors: AddressMirrors,
}

impl SecretCredentials {
    /// Starts with none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a Secret's decoded data.
    pub fn add_secret(&mut self, kind: SecretKind, data: &BTreeMap<String, String>) {
        let credentials = Arc::new(from_secret(data));
        match kind {
            SecretKind::Repository => self.repositories.push(credentials),
            SecretKind::RepoCreds => self.templates.push(credentials),
        }
    }

    /// Sets `argocd-tls-certs-cm`: PEM by host.
    pub fn set_tls_certificates(&mut self, by_host: BTreeMap<String, String>) {
        self.ca_by_host = by_host;
    }

    /// Sets `argocd-ssh-known-hosts-cm`'s `ssh_known_hosts`.
    pub fn set_ssh_known_hosts(&mut self, known_hosts: String) {
        self.known_hosts = Some(known_hosts);
    }

    /// Sets the addresses that stand in for others.
    pub fn set_mirrors(&mut self, mirrors: AddressMirrors) {
        self.mirrors = mirrors;
    }

    /// Iterates over the repositories, templates left out.
    pub fn repositories(&self) -> impl Iterator<Item = &Credentials> {
        self.repositories.iter().map(AsRef::as_ref)
    }

    fn template(&self, wanted: &str) -> Option<&Arc<Credentials>> {
        self.templates
            .iter()
            .map(|t| (normalize_prefix(&t.url), t))
            .filter(|(prefix, _)| wanted.starts_with(prefix.as_str()))
            .max_by_key(|(prefix, _)| prefix.len())
            .map(|(_, t)| t)
    }
}

impl CredentialLookup for SecretCredentials {
    /// The repository's own Secret; where that proves nothing, the template with the longest matching prefix.
    /// As Argo CD 3.x `util/db/repository.go` `GetRepository` and `enrichCredsToRepo`.
    fn find(&self, repo_url: &str) -> Option<Arc<Credentials>> {
        let wanted = normalize_repo_url(repo_url);
        let own = self.repositories.iter().find(|r| normalize_repo_url(&r.url) == wanted);
        let template = self.template(&wanted);
        match (own, template) {
            (Some(own), Some(template)) if !own.has_identity() => {
                let mut merged = Credentials::clone(own);
                merged.take_identity_of(template);
                Some(Arc::new(merged))
            }
            (Some(own), _) => Some(own.clone()),
            (None, template) => template.cloned(),
        }
    }

    fn find_named(&self, name: &str) -> Option<Arc<Credentials>> {
        let own = self.repositories.iter().find(|r| r.name == name)?;
        self.find(&own.url).or_else(|| Some(own.clone()))
    }

    fn ca_certificates(&self, host: &str) -> Option<String> {
        self.ca_by_host.get(host).cloned()
    }

    fn ssh_known_hosts(&self) -> Option<String> {
        self.known_hosts.clone()
    }

    fn mirror_of(&self, address: &str) -> Option<String> {
        self.mirrors.of(address)
    }
}

fn from_secret(data: &BTreeMap<String, String>) -> Credentials {
    let text = |key: &str| data.get(key).map(|v| v.trim_end_matches('\n').to_owned()).unwrap_or_default();
    let secret = |key: &str| SecretString::new(text(key));
    let flag = |key: &str| text(key).eq_ignore_ascii_case("true");
    Credentials {
        url: text("url"),
        repo_type: text("type"),
        name: text("name"),
        username: text("username"),
        password: secret("password"),
        bearer_token: secret("bearerToken"),
        ssh_private_key: secret("sshPrivateKey"),
        tls_client_cert: text("tlsClientCertData"),
        tls_client_key: secret("tlsClientCertKey"),
        github_app_id: text("githubAppID"),
        github_app_installation_id: text("githubAppInstallationID"),
        github_app_private_key: secret("githubAppPrivateKey"),
        github_app_enterprise_base_url: text("githubAppEnterpriseBaseUrl"),
        gcp_service_account_key: secret("gcpServiceAccountKey"),
        azure_workload_identity: flag("useAzureWorkloadIdentity"),
        insecure: flag("insecure") || flag("insecureIgnoreHostKey"),
        enable_oci: flag("enableOCI"),
        force_http: flag("insecureOCIForceHttp"),
        enable_lfs: flag("enableLfs"),
        force_http_basic_auth: flag("forceHttpBasicAuth"),
        // In Argo CD each source says so for itself.
        pass_credentials: false,
        proxy: text("proxy"),
        no_proxy: text("noProxy"),
        depth: text("depth").parse().unwrap_or(0),
        project: text("project"),
        provenance_keyring: text("provenanceKeyring"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn lookup() -> SecretCredentials {
        let mut secrets = SecretCredentials::new();
        secrets.add_secret(
            SecretKind::RepoCreds,
            &data(&[("url", "https://host/org"), ("username", "broad"), ("password", "p1")]),
        );
        secrets.add_secret(
            SecretKind::RepoCreds,
            &data(&[("url", "https://host/org/team"), ("username", "narrow"), ("password", "p2")]),
        );
        for url in ["git@git.example:", "https://slash/org/"] {
            secrets.add_secret(SecretKind::RepoCreds, &data(&[("url", url), ("username", "whole host")]));
        }
        secrets.add_secret(
            SecretKind::Repository,
            &data(&[("url", "https://host/org/own.git"), ("username", "own"), ("password", "p3")]),
        );
        secrets.add_secret(
            SecretKind::Repository,
            &data(&[("url", "https://host/org/open.git"), ("insecure", "true")]),
        );
        secrets
    }

    fn user(url: &str) -> Option<String> {
        lookup().find(url).map(|c| c.username.clone())
    }

    #[test]
    fn the_longest_prefix_wins_and_a_repository_of_its_own_before_it() {
        assert_eq!(user("https://host/org/a").as_deref(), Some("broad"));
        assert_eq!(user("https://host/org/team/a.git").as_deref(), Some("narrow"));
        assert_eq!(user("https://HOST/org/own").as_deref(), Some("own"));
        assert_eq!(user("https://other/org/a"), None);
        assert_eq!(user("git@git.example:org/a.git").as_deref(), Some("whole host"));
        assert_eq!(user("https://slash/org/a").as_deref(), Some("whole host"));
        assert_eq!(user("https://slash/organisation/a"), None);
    }

    #[test]
    fn a_repository_without_an_identity_takes_the_templates_and_keeps_its_settings() {
        let found = lookup().find("https://host/org/open").unwrap();
        assert_eq!((found.username.as_str(), found.insecure), ("broad", true));
    }

    #[test]
    fn secrets_are_not_printed() {
        let printed = format!("{:?}", lookup());
        assert!(!printed.contains("p1") && !printed.contains("p3"), "{printed}");
    }
}
