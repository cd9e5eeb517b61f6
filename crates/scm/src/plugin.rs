use crate::rest::{Rest, base_url, secret_header};
use crate::{ForgeKind, ForgeOptions, ScmError};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt;
use std::time::Duration;

/// A service of the user's that answers with parameters, as the `plugin` generator of Argo CD 3.x calls it
/// (`applicationset/services/plugin/plugin_service.go`).
#[derive(Clone)]
pub struct PluginService {
    /// `baseUrl`.
    pub base_url: String,
    /// Bearer token.
    pub token: String,
    /// Longest request.
    pub request_timeout: Duration,
}

impl fmt::Debug for PluginService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginService").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    output: Output,
}

#[derive(Deserialize)]
struct Output {
    parameters: Vec<Map<String, Value>>,
}

impl PluginService {
    /// Asks for the sets of parameters of an ApplicationSet.
    ///
    /// # Errors
    /// Any; an answer without `output.parameters` is an error, never an empty list.
    pub async fn parameters(
        &self,
        applicationset: &str,
        input: &Value,
    ) -> Result<Vec<Map<String, Value>>, ScmError> {
        let mut options = ForgeOptions::new(ForgeKind::GitHub, "");
        options.request_timeout = self.request_timeout;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, secret_header(&format!("Bearer {}", self.token))?);
        let rest = Rest::new(&options, base_url(&self.base_url)?, headers)?;
        let url = rest.url(&["api", "v1", "getparams.execute"], &[])?;
        let body = json!({ "applicationSetName": applicationset, "input": { "parameters": input } });
        let answer: Answer = rest.post(url, &body).await.map_err(|e| e.during("error listing params"))?;
        Ok(answer.output.parameters)
    }
}
