//! Charts of repositories: the flags that say how to reach one, and what Helm's own files know of them.

use super::chart::fail;
use super::verify::VerifyFlags;
use crate::cli::elsewhere::{CACHE_DIR, Elsewhere};
use crate::cli::exit::{DIFFERENT, Failure};
use crate::cli::network::network_runtime;
use crate::cli::system::given;
use anyhow::Context as _;
use base64::Engine as _;
use fairway_helm::{ChartFetcher, Dependency};
use fairway_source::{AddressMirrors, CredentialLookup, Credentials, SecretString, Sources, SourcesOptions};
use fairway_value::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;

/// Any version, those before a release too: what `--devel` asks for.
const ANY_VERSION: &str = ">0.0.0-0";

/// How repositories are reached.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct AccessFlags {
    /// User of the repository.
    #[arg(long, default_value = "")]
    username: String,
    /// Password of the repository.
    #[arg(long, default_value = "", value_parser = secret, hide_default_value = true)]
    password: SecretString,
    /// Sends user and password to any host at which the repository says that its charts lie.
    #[arg(long)]
    pass_credentials: bool,
    /// CA certificates (PEM) for the server.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// Key of the client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
    /// Does not check the server's certificate.
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Speaks to OCI registries without TLS.
    #[arg(long)]
    plain_http: bool,
    /// Names and addresses of repositories, as `helm repo add` writes them.
    #[arg(long, value_name = "FILE", env = "HELM_REPOSITORY_CONFIG", hide = true)]
    repository_config: Option<PathBuf>,
    /// Logins of OCI registries, as `helm registry login` writes them.
    #[arg(long, value_name = "FILE", env = "HELM_REGISTRY_CONFIG", hide = true)]
    registry_config: Option<PathBuf>,
    /// Addresses that stand in for others, as YAML: PREFIX: MIRROR.
    #[arg(long, value_name = "FILE", env = "FAIRWAY_MIRRORS")]
    mirrors: Option<PathBuf>,
    /// Folder for what is fetched.
    #[arg(long, value_name = "DIR", default_value = CACHE_DIR, env = "FAIRWAY_CACHE_DIR")]
    cache_dir: PathBuf,
}

impl Default for AccessFlags {
    fn default() -> Self {
        Self {
            username: String::new(),
            password: SecretString::new(""),
            pass_credentials: false,
            ca_file: None,
            cert_file: None,
            key_file: None,
            insecure_skip_tls_verify: false,
            plain_http: false,
            repository_config: None,
            registry_config: None,
            mirrors: None,
            cache_dir: PathBuf::from(CACHE_DIR),
        }
    }
}

/// Which chart of a repository is meant.
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct ChartFlags {
    /// Address of the repository in which CHART is looked for.
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    /// Version or range of versions; the newest without.
    #[arg(long, default_value = "")]
    version: String,
    /// Takes versions before a release too, where --version does not say.
    #[arg(long)]
    devel: bool,
    #[command(flatten)]
    pub(super) verify: VerifyFlags,
    #[command(flatten)]
    pub(super) access: AccessFlags,
}

impl ChartFlags {
    /// Whether `--repo` says where the chart is.
    pub(super) fn names_repository(&self) -> bool {
        self.repo.is_some()
    }
}

fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::new(text))
}

/// A repository that Helm knows, with the CA certificates for its server.
struct Registered {
    credentials: Arc<Credentials>,
    ca: Option<String>,
}

impl Registered {
    fn is_for(&self, address: &str) -> bool {
        address.starts_with(self.credentials.url.trim_end_matches('/'))
    }
}

/// What is known of repositories: the flags first, then Helm's files.
struct Known {
    given: Option<Arc<Credentials>>,
    ca: Option<String>,
    repositories: Vec<Registered>,
    /// OCI hosts with their logins.
    registries: Vec<(String, Arc<Credentials>)>,
    mirrors: AddressMirrors,
}

impl CredentialLookup for Known {
    fn find(&self, repo_url: &str) -> Option<Arc<Credentials>> {
        let host = host_of(repo_url);
        let registered = || self.repositories.iter().find(|r| r.is_for(repo_url)).map(|r| &r.credentials);
        let login = || self.registries.iter().find(|(name, _)| name == host).map(|(_, c)| c);
        self.given.as_ref().or_else(registered).or_else(login).cloned()
    }

    fn find_named(&self, name: &str) -> Option<Arc<Credentials>> {
        self.repositories.iter().map(|r| &r.credentials).find(|c| c.name == name).cloned()
    }

    fn ca_certificates(&self, host: &str) -> Option<String> {
        let of = |r: &&Registered| r.ca.is_some() && same_host(host_of(&r.credentials.url), host);
        self.ca.clone().or_else(|| self.repositories.iter().find(of)?.ca.clone())
    }

    fn mirror_of(&self, address: &str) -> Option<String> {
        self.mirrors.of(address)
    }
}

fn host_of(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest).split('/').next().unwrap_or_default()
}

/// Whether a host with its port, or without, is this one.
fn same_host(with_port: &str, host: &str) -> bool {
    with_port == host || with_port.rsplit_once(':').is_some_and(|(name, _)| name == host)
}

/// Returns where Helm keeps a file of its own.
fn helm_file(given: Option<&PathBuf>, name: &str) -> Option<PathBuf> {
    let below = |variable: &str, rest: &str| std::env::var_os(variable).map(|d| Path::new(&d).join(rest));
    given.cloned().or_else(|| {
        let home = below("HELM_CONFIG_HOME", "")
            .or_else(|| below("XDG_CONFIG_HOME", "helm"))
            .or_else(|| below("HOME", ".config/helm"))?;
        Some(home.join(name))
    })
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl AccessFlags {
    fn known(&self) -> anyhow::Result<Known> {
        let read =
            |file: &Path| std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()));
        let optional = |file: &Option<PathBuf>| given(file.as_deref()).map(read).transpose();
        let given = Credentials {
            username: self.username.clone(),
            password: self.password.clone(),
            tls_client_cert: optional(&self.cert_file)?.unwrap_or_default(),
            tls_client_key: SecretString::new(optional(&self.key_file)?.unwrap_or_default()),
            insecure: self.insecure_skip_tls_verify,
            force_http: self.plain_http,
            ..Credentials::default()
        };
        let is_given = given != Credentials::default();
        let given = Credentials { pass_credentials: self.pass_credentials, ..given };
        Ok(Known {
            given: is_given.then(|| Arc::new(given)),
            ca: optional(&self.ca_file)?,
            repositories: self.repositories()?,
            registries: self.registries()?,
            mirrors: self.mirrors()?,
        })
    }

    /// Returns where single files come from.
    pub(super) fn elsewhere(&self) -> anyhow::Result<Elsewhere> {
        Ok(Elsewhere::new(&self.cache_dir).with_mirrors(self.mirrors()?))
    }

    fn mirrors(&self) -> anyhow::Result<AddressMirrors> {
        let Some(file) = given(self.mirrors.as_deref()) else { return Ok(AddressMirrors::default()) };
        let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        AddressMirrors::parse(&text).map_err(|why| Failure::error(DIFFERENT, format!("--mirrors: {why}")))
    }

    /// Reads one of Helm's files; nothing where there is none.
    fn helm_document(named: Option<&PathBuf>, name: &str) -> anyhow::Result<Value> {
        let Some(file) = helm_file(named, name).filter(|f| f.is_file()) else { return Ok(Value::Null) };
        let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        // JSON is YAML too.
        fairway_yaml::parse(&text).with_context(|| format!("read {}", file.display()))
    }

    fn repositories(&self) -> anyhow::Result<Vec<Registered>> {
        let document = Self::helm_document(self.repository_config.as_ref(), "repositories.yaml")?;
        let list = document.get("repositories").and_then(Value::as_array).unwrap_or_default();
        Ok(list.iter().filter(|entry| !text(entry, "url").is_empty()).map(registered).collect())
    }

    fn registries(&self) -> anyhow::Result<Vec<(String, Arc<Credentials>)>> {
        let document = Self::helm_document(self.registry_config.as_ref(), "registry/config.json")?;
        let auths = document.get("auths").and_then(Value::as_object).cloned().unwrap_or_default();
        let one = |(host, entry): (&fairway_value::Str, &Value)| {
            let login = base64::engine::general_purpose::STANDARD.decode(text(entry, "auth")).ok()?;
            let login = String::from_utf8(login).ok()?;
            let (username, password) = login.split_once(':')?;
            let credentials = Credentials {
                username: username.to_owned(),
                password: SecretString::new(password),
                ..Credentials::default()
            };
            Some((host.to_string(), Arc::new(credentials)))
        };
        Ok(auths.iter().filter_map(one).collect())
    }
}

/// Reads one of the entries that `helm repo add` writes. A file that it names and that cannot be read fails no other
/// repository: a warning says so, and this one is asked without.
fn registered(entry: &Value) -> Registered {
    let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or_default();
    let file = |key: &str| match text(entry, key) {
        "" => None,
        path => std::fs::read_to_string(path)
            .inspect_err(|e| eprintln!("repository {:?}: {key} {path}: {e}", text(entry, "name")))
            .ok(),
    };
    let credentials = Credentials {
        name: text(entry, "name").to_owned(),
        url: text(entry, "url").to_owned(),
        username: text(entry, "username").to_owned(),
        password: SecretString::new(text(entry, "password")),
        tls_client_cert: file("certFile").unwrap_or_default(),
        tls_client_key: SecretString::new(file("keyFile").unwrap_or_default()),
        insecure: flag("insecure_skip_tls_verify"),
        pass_credentials: flag("pass_credentials_all"),
        ..Credentials::default()
    };
    Registered { credentials: Arc::new(credentials), ca: file("caFile") }
}

/// Repositories as the flags let them be reached; nothing is opened before it is asked for.
pub(super) struct Repositories<'f> {
    access: &'f AccessFlags,
    made: OnceLock<Result<(Runtime, Sources), String>>,
}

impl<'f> Repositories<'f> {
    pub(super) fn new(access: &'f AccessFlags) -> Self {
        Self { access, made: OnceLock::new() }
    }

    fn made(&self) -> anyhow::Result<&(Runtime, Sources)> {
        let make = || {
            let known = self.access.known().map_err(|e| format!("{e:#}"))?;
            let runtime = network_runtime().map_err(|e| e.to_string())?;
            let inside = runtime.enter();
            let sources = Sources::new(SourcesOptions::new(&self.access.cache_dir), Arc::new(known));
            drop(inside);
            Ok((runtime, sources.map_err(|e| e.to_string())?))
        };
        self.made.get_or_init(make).as_ref().map_err(|why| Failure::error(DIFFERENT, why.clone()))
    }

    /// Returns a packed chart of a repository.
    pub(super) fn archive(&self, repository: &str, chart: &str, version: &str) -> anyhow::Result<Vec<u8>> {
        let (runtime, sources) = self.made()?;
        runtime.block_on(sources.chart_archive(repository, chart, version)).map_err(|e| fail(&e))
    }

    /// Returns the packed chart that a reference names: an address of an archive, `oci://`, `repository/chart`, or a
    /// chart of `--repo`.
    pub(super) fn find(&self, reference: &str, flags: &ChartFlags) -> anyhow::Result<Vec<u8>> {
        match named(reference, flags)? {
            Named::Chart { repository, chart, version } => self.archive(&repository, &chart, &version),
            Named::Address(address) => {
                let (runtime, sources) = self.made()?;
                runtime.block_on(sources.remote_file(&address)).map_err(|e| fail(&e))
            }
        }
    }

    /// Returns the provenance file of a dependency, with the archive's name.
    pub(super) fn dependency_provenance(&self, dependency: &Dependency) -> anyhow::Result<(String, Vec<u8>)> {
        let (runtime, sources) = self.made()?;
        let Dependency { repository, name, version, .. } = dependency;
        runtime.block_on(sources.chart_provenance(repository, name, version)).map_err(|e| fail(&e))
    }

    /// Returns the provenance file of the chart that a reference names, with the archive's name.
    pub(super) fn provenance(
        &self,
        reference: &str,
        flags: &ChartFlags,
    ) -> anyhow::Result<(String, Vec<u8>)> {
        let (runtime, sources) = self.made()?;
        match named(reference, flags)? {
            Named::Chart { repository, chart, version } => runtime
                .block_on(sources.chart_provenance(&repository, &chart, &version))
                .map_err(|e| fail(&e)),
            Named::Address(address) => {
                let path = address.split(['?', '#']).next().unwrap_or_default();
                let file = path.rsplit('/').next().unwrap_or_default().to_owned();
                let bytes = runtime.block_on(sources.remote_file(&format!("{path}.prov")));
                Ok((file, bytes.map_err(|e| fail(&e))?))
            }
        }
    }
}

/// What a reference names.
enum Named {
    Chart { repository: String, chart: String, version: String },
    Address(String),
}

fn named(reference: &str, flags: &ChartFlags) -> anyhow::Result<Named> {
    let version = match flags.version.as_str() {
        "" if flags.devel => ANY_VERSION,
        version => version,
    };
    let chart = |repository: String, chart: &str, version: &str| {
        Ok(Named::Chart { repository, chart: chart.to_owned(), version: version.to_owned() })
    };
    if let Some(repo) = &flags.repo {
        return chart(repo.clone(), reference, version);
    }
    if let Some(rest) = reference.strip_prefix("oci://") {
        let (rest, tag) = match rest.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((rest, tag)) => (rest, tag),
            None => (rest, version),
        };
        let (place, name) = rest.rsplit_once('/').unwrap_or((rest, ""));
        return chart(format!("oci://{place}"), name, tag);
    }
    if reference.contains("://") {
        return Ok(Named::Address(reference.to_owned()));
    }
    match reference.split_once('/') {
        Some((name, of)) if !name.is_empty() && !name.starts_with('.') => {
            chart(format!("@{name}"), of, version)
        }
        _ => {
            let message = format!(
                "non-absolute URLs should be in form of repo_name/path_to_chart, got: {reference}; it is no chart's folder or archive here either"
            );
            Err(Failure::error(DIFFERENT, message))
        }
    }
}

impl ChartFetcher for Repositories<'_> {
    fn fetch(&self, dependency: &Dependency) -> Result<Vec<u8>, String> {
        self.archive(&dependency.repository, &dependency.name, &dependency.version)
            .map_err(|e| format!("{e:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_before_what_helm_knows() {
        let at = |url: &str, user: &str| {
            Arc::new(Credentials { url: url.into(), username: user.into(), ..Credentials::default() })
        };
        let charts =
            Registered { credentials: at("https://charts.example.com:8443/", "a"), ca: Some("A".into()) };
        let mut known = Known {
            given: None,
            ca: None,
            repositories: vec![charts],
            registries: vec![("registry.example.com".to_owned(), at("", "b"))],
            mirrors: AddressMirrors::default(),
        };
        let user = |known: &Known, url: &str| known.find(url).map(|c| c.username.clone());
        assert_eq!(user(&known, "https://charts.example.com:8443/x").as_deref(), Some("a"));
        assert_eq!(user(&known, "oci://registry.example.com/x/y").as_deref(), Some("b"));
        assert_eq!(user(&known, "https://other.example.com"), None);
        assert_eq!(known.ca_certificates("charts.example.com").as_deref(), Some("A"));
        assert_eq!(known.ca_certificates("registry.example.com"), None);
        (known.given, known.ca) = (Some(at("", "c")), Some("C".into()));
        assert_eq!(user(&known, "https://charts.example.com:8443").as_deref(), Some("c"));
        assert_eq!(known.ca_certificates("charts.example.com").as_deref(), Some("C"));
    }

    #[test]
    fn entries_of_helms_file_say_how_a_repository_is_reached() {
        let entry = fairway_yaml::parse(
            "{name: a, url: 'https://charts.example.com', username: u, password: p, pass_credentials_all: true,
              caFile: /nowhere/ca.pem}",
        );
        let Registered { credentials, ca } = registered(&entry.unwrap());
        assert!(credentials.pass_credentials && !credentials.insecure);
        assert_eq!((credentials.username.as_str(), credentials.password.expose()), ("u", "p"));
        assert_eq!(ca, None);
    }
}
