use crate::chart::{late, read_body};
use crate::http::{HttpContext, basic_value, request_error, status_error};
use crate::jwt;
use crate::repo_url::{split_scp, without_credentials};
use crate::{Credentials, SecretString, SourceError, SourceErrorKind};
use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use url::Url;

/// How long a token is used. GitHub's and Google's last an hour.
const TOKEN_KEPT: Duration = Duration::from_secs(50 * 60);
/// How long a refusal is not asked for again: all Apps of an organisation meet it in the same moment.
const FAILURE_KEPT: Duration = Duration::from_secs(10);
/// Tokens kept; more are asked for anew.
const TOKENS_MAX: usize = 1000;
/// Largest answer, bytes: 100 installations are 300 KB.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// Installations a page; GitHub's most.
const INSTALLATIONS_A_PAGE: usize = 100;
/// Most pages of installations.
const PAGES_MAX: usize = 100;
const GITHUB_API: &str = "https://api.github.com";
const GOOGLE_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Short-lived tokens that were got for long-lived keys.
#[derive(Default)]
pub(crate) struct Tokens {
    known: Mutex<HashMap<[u8; 32], Arc<Slot>>>,
}

/// The token for one key. Whoever comes while it is asked for waits: a hundred Apps of one organisation ask at once,
/// and those of another must not wait for a host that is silent.
type Slot = tokio::sync::Mutex<Option<(Result<SecretString, SourceError>, Instant)>>;

#[derive(Deserialize)]
struct GitHubToken {
    token: String,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
    account: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
struct GoogleKey {
    client_email: String,
    private_key: String,
    token_uri: String,
}

#[derive(Deserialize)]
struct GoogleToken {
    access_token: String,
}

impl HttpContext {
    /// Returns the `Authorization` header for an address: of GitHub Apps and Google's service accounts with a token
    /// that is asked for first.
    pub async fn login(
        &self,
        url: &Url,
        credentials: Option<&Credentials>,
    ) -> Result<Option<HeaderValue>, SourceError> {
        match credentials {
            Some(c) if !c.github_app_id.is_empty() => {
                let organization = organization_of(url.as_str());
                let token =
                    self.github_app_token(c, &c.github_app_enterprise_base_url, &organization).await?;
                basic_value("x-access-token", token.expose()).map(Some)
            }
            Some(c) if !c.gcp_service_account_key.is_empty() => {
                let (user, token) = self.google_token(c).await?;
                basic_value(&user, token.expose()).map(Some)
            }
            Some(c) if c.azure_workload_identity => {
                let shown = crate::http::shown(url);
                Err(SourceError::unsupported(format_args!(
                    "useAzureWorkloadIdentity for {shown}; use a token"
                )))
            }
            _ => crate::http::authorization(url, credentials),
        }
    }

    /// Returns a token of a GitHub App's installation. Where no installation is named, the one of the organisation is
    /// looked for. As Argo CD 3.x `util/git/creds.go` `GitHubAppCreds`.
    pub async fn github_app_token(
        &self,
        credentials: &Credentials,
        api: &str,
        organization: &str,
    ) -> Result<SecretString, SourceError> {
        let api = if api.is_empty() { &credentials.github_app_enterprise_base_url } else { api };
        let api = if api.is_empty() { GITHUB_API } else { api.trim_end_matches('/') };
        let installation = &credentials.github_app_installation_id;
        let whose = if installation.is_empty() { organization } else { installation };
        let key = credentials.github_app_private_key.expose();
        let slot = slot(&[key, &credentials.github_app_id, whose, api]);
        let ask = async {
            let jwt = app_jwt(credentials)?;
            let id = if installation.is_empty() {
                self.installation(credentials, api, organization, &jwt).await?
            } else {
                installation.clone()
            };
            let url = api_url(api, &format!("app/installations/{id}/access_tokens"))?;
            let request = self.client_for(&url, credentials)?.post(url.clone());
            let answer: GitHubToken = self.github(&url, request, &jwt).await?;
            Ok(SecretString::new(answer.token))
        };
        self.tokens.get(slot, ask).await
    }

    async fn installation(
        &self,
        credentials: &Credentials,
        api: &str,
        organization: &str,
        jwt: &str,
    ) -> Result<String, SourceError> {
        for page in 1..=PAGES_MAX {
            let path = format!("app/installations?per_page={INSTALLATIONS_A_PAGE}&page={page}");
            let url = api_url(api, &path)?;
            let request = self.client_for(&url, credentials)?.get(url.clone());
            let found: Vec<Installation> = self.github(&url, request, jwt).await?;
            let is_last = found.len() < INSTALLATIONS_A_PAGE;
            let of_organization = |i: &Installation| {
                i.account.as_ref().is_some_and(|a| a.login.eq_ignore_ascii_case(organization))
            };
            if let Some(installation) = found.into_iter().find(of_organization) {
                return Ok(installation.id.to_string());
            }
            if is_last {
                break;
            }
        }
        let message = format!(
            "failed to discover GitHub App installation ID for organization {organization}: ensure the GitHub App \
             (ID: {}) is installed for this organization",
            credentials.github_app_id
        );
        Err(SourceError::new(SourceErrorKind::Denied, message))
    }

    async fn github<T: DeserializeOwned>(
        &self,
        url: &Url,
        request: RequestBuilder,
        jwt: &str,
    ) -> Result<T, SourceError> {
        let request = request.bearer_auth(jwt).header(ACCEPT, "application/vnd.github+json");
        self.ask(url, request)
            .await
            .map_err(|e| SourceError::new(e.kind, format!("GitHub App: {}", e.message)))
    }

    async fn google_token(&self, credentials: &Credentials) -> Result<(String, SecretString), SourceError> {
        let text = credentials.gcp_service_account_key.expose();
        let key: GoogleKey = serde_json::from_str(text).map_err(|_| {
            // The parser's words could show parts of the key.
            SourceError::invalid("gcpServiceAccountKey: not the JSON of a service account's key")
        })?;
        let slot = slot(&[&key.private_key, &key.client_email]);
        let token = self.tokens.get(slot, self.ask_google(credentials, &key)).await?;
        Ok((key.client_email, token))
    }

    async fn ask_google(
        &self,
        credentials: &Credentials,
        key: &GoogleKey,
    ) -> Result<SecretString, SourceError> {
        let now = unix_now();
        let claims = json!({ "iss": key.client_email, "scope": GOOGLE_SCOPE, "aud": key.token_uri,
            "iat": now, "exp": now + 3600 });
        let assertion = jwt::sign(&claims, &key.private_key, "gcpServiceAccountKey")?;
        let url = api_url(&key.token_uri, "")?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", &assertion)
            .finish();
        let request = self
            .client_for(&url, credentials)?
            .post(url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer: GoogleToken = self.ask(&url, request).await?;
        Ok(SecretString::new(answer.access_token))
    }

    fn client_for(&self, url: &Url, credentials: &Credentials) -> Result<reqwest::Client, SourceError> {
        self.clients.client_that_stays(url, Some(credentials), &*self.lookup)
    }

    async fn ask<T: DeserializeOwned>(&self, url: &Url, request: RequestBuilder) -> Result<T, SourceError> {
        let sent = tokio::time::timeout(self.request_timeout, request.send()).await;
        let response = sent.map_err(|_| late(url))?.map_err(|e| request_error(url, &e))?;
        if !response.status().is_success() {
            return Err(status_error(url, response.status()));
        }
        let bytes = read_body(response, url, ANSWER_BYTES_MAX).await?;
        // Its words could show parts of a token.
        serde_json::from_slice(&bytes).map_err(|_| {
            SourceError::invalid(format!("{}: an answer of another form", crate::http::shown(url)))
        })
    }
}

impl Tokens {
    /// Returns the token of a slot, asked for where none is known.
    async fn get(
        &self,
        slot: [u8; 32],
        ask: impl Future<Output = Result<SecretString, SourceError>>,
    ) -> Result<SecretString, SourceError> {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= TOKENS_MAX && !known.contains_key(&slot) {
                known.clear();
            }
            known.entry(slot).or_default().clone()
        };
        let mut held = slot.lock().await;
        if let Some((answer, until)) = &*held
            && *until > Instant::now()
        {
            return answer.clone();
        }
        let answer = ask.await;
        let kept = if answer.is_ok() { TOKEN_KEPT } else { FAILURE_KEPT };
        *held = Some((answer.clone(), Instant::now() + kept));
        answer
    }
}

fn slot(parts: &[&str]) -> [u8; 32] {
    Sha256::digest(parts.join("\n")).into()
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

fn app_jwt(credentials: &Credentials) -> Result<String, SourceError> {
    // Clocks differ: GitHub refuses a token from the future and one of more than 10 minutes.
    let now = unix_now().saturating_sub(30);
    let claims: Value = json!({ "iat": now, "exp": now + 150, "iss": credentials.github_app_id });
    jwt::sign(&claims, credentials.github_app_private_key.expose(), "githubAppPrivateKey")
}

fn api_url(api: &str, path: &str) -> Result<Url, SourceError> {
    let text = if path.is_empty() { api.to_owned() } else { format!("{api}/{path}") };
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        SourceError::invalid(format!("{}: use an http or https address", without_credentials(api)))
    })
}

/// Returns the first part of a repository's path.
fn organization_of(repo_url: &str) -> String {
    let path = match split_scp(repo_url) {
        Some((_, path)) => path.to_owned(),
        None => Url::parse(repo_url).map(|url| url.path().to_owned()).unwrap_or_default(),
    };
    path.trim_matches('/').split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_is_the_first_part_of_the_path() {
        assert_eq!(organization_of("https://github.com/acme/shop.git"), "acme");
        assert_eq!(organization_of("git@github.com:acme/shop.git"), "acme");
        assert_eq!(organization_of("https://github.com"), "");
    }
}
