use super::archive::Layout;
use super::download::{late, read_body};
use super::oci_auth::{answer, parse_challenge};
use crate::http::{HttpContext, request_error, status_error};
use crate::{Credentials, SourceError, SourceErrorKind};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LINK, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use url::Url;

/// Largest manifest, bytes; registries refuse more than 4 MiB.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;
/// Largest layer, bytes, packed.
const LAYER_BYTES_MAX: u64 = 100 << 20;
/// Most pages of tags.
const TAG_PAGES_MAX: usize = 200;
const MANIFEST_TYPES: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
/// The layer of a chart, as Helm 3 `pkg/registry/constants.go`.
const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The layer of its provenance file.
const PROVENANCE_LAYER: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// Layers that sources may have, as Argo CD 3.x has them in `reposerver.oci.layer.media.types`.
const CONTENT_LAYERS: [&str; 3] =
    [CHART_LAYER, "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar"];
/// Most layers of an artifact, content or not, as Argo CD 3.x `util/oci/client.go`.
const LAYERS_MAX: usize = 10;

/// One repository of a registry.
pub(crate) struct OciRepository {
    http: Arc<HttpContext>,
    credentials: Option<Arc<Credentials>>,
    /// `https://HOST/v2/NAME/`.
    base: Url,
    shown: String,
    token: tokio::sync::Mutex<Option<HeaderValue>>,
}

#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
}

/// A pulled layer.
pub(crate) struct Pulled {
    pub bytes: Vec<u8>,
    pub layout: Layout,
}

impl OciRepository {
    /// Reads `[oci://]HOST/NAME`.
    pub fn new(
        http: Arc<HttpContext>,
        reference: &str,
        credentials: Option<Arc<Credentials>>,
    ) -> Result<Self, SourceError> {
        let wrong = || SourceError::invalid(format!("{reference}: use oci://HOST/NAME"));
        let bare = reference.trim_start_matches("oci://").trim_start_matches("https://").trim_matches('/');
        let (host, name) = bare.split_once('/').ok_or_else(wrong)?;
        let host_name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        // As docker: a registry on this machine needs no TLS.
        let local = matches!(host_name, "localhost" | "127.0.0.1" | "[::1]");
        let plain = local || credentials.as_ref().is_some_and(|c| c.force_http);
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}/v2/{name}/")).map_err(|_| wrong())?;
        Ok(Self { http, credentials, base, shown: bare.to_owned(), token: tokio::sync::Mutex::default() })
    }

    /// Lists all tags.
    pub async fn tags(&self) -> Result<Vec<String>, SourceError> {
        let mut tags = Vec::new();
        let mut next = Some(self.url("tags/list?n=1000")?);
        for _ in 0..TAG_PAGES_MAX {
            let Some(url) = next else { return Ok(tags) };
            let response = self.get(&url, "application/json").await?;
            let link = response.headers().get(LINK).and_then(|v| v.to_str().ok()).map(str::to_owned);
            let bytes = read_body(response, &url, MANIFEST_BYTES_MAX).await?;
            let page: TagList = serde_json::from_slice(&bytes).map_err(|e| self.wrong(&e.to_string()))?;
            tags.extend(page.tags.unwrap_or_default());
            next = match link.as_deref().and_then(|l| l.split_once('<')?.1.split_once('>')) {
                Some((target, _)) => {
                    let url = url.join(target).map_err(|e| self.wrong(&e.to_string()))?;
                    if !crate::http::same_origin(&url, &self.base) {
                        return Err(self.wrong("the next page of tags is on another host"));
                    }
                    Some(url)
                }
                None => None,
            };
        }
        Err(SourceError::new(SourceErrorKind::TooLarge, format!("{}: too many tags", self.shown)))
    }

    /// Returns the digest of a tag's manifest.
    pub async fn digest(&self, tag: &str) -> Result<String, SourceError> {
        let (bytes, _) = self.manifest(tag).await?;
        Ok(format!("sha256:{}", hex(&Sha256::digest(&bytes))))
    }

    /// Pulls the one layer of a tag or digest, checked against its digest. Where a chart is asked for, it is the chart's,
    /// as Helm 3 `pkg/registry/client.go`; otherwise the only one with content.
    pub async fn pull(&self, reference: &str, chart: bool) -> Result<Pulled, SourceError> {
        let (bytes, manifest) = self.manifest(reference).await?;
        if let Some(wanted) = reference.strip_prefix("sha256:")
            && hex(&Sha256::digest(&bytes)) != wanted
        {
            return Err(self.wrong("the manifest does not have the digest it was asked by"));
        }
        let charts = manifest.layers.iter().find(|layer| chart && layer.media_type == CHART_LAYER);
        let layer = charts.map_or_else(|| self.content_layer(&manifest), Ok)?;
        let layout = if layer.media_type == CHART_LAYER { Layout::InnerFolder } else { Layout::Plain };
        Ok(Pulled { bytes: self.blob(layer).await?, layout })
    }

    /// Pulls the provenance file that was pushed beside a chart.
    pub async fn pull_provenance(&self, reference: &str) -> Result<Vec<u8>, SourceError> {
        let (_, manifest) = self.manifest(reference).await?;
        let layer = manifest.layers.iter().find(|layer| layer.media_type == PROVENANCE_LAYER);
        let missing = || {
            let message = format!("{}:{reference}: no provenance file was pushed with it", self.shown);
            SourceError::new(SourceErrorKind::RevisionNotFound, message)
        };
        self.blob(layer.ok_or_else(missing)?).await
    }

    async fn blob(&self, layer: &Layer) -> Result<Vec<u8>, SourceError> {
        if layer.size > LAYER_BYTES_MAX {
            let message =
                format!("{}: a layer of {} bytes, more than {LAYER_BYTES_MAX}", self.shown, layer.size);
            return Err(SourceError::new(SourceErrorKind::TooLarge, message));
        }
        let url = self.url(&format!("blobs/{}", layer.digest))?;
        let response = self.get(&url, "*/*").await?;
        let bytes = read_body(response, &url, LAYER_BYTES_MAX).await?;
        if layer.digest != format!("sha256:{}", hex(&Sha256::digest(&bytes))) {
            return Err(self.wrong("a layer does not have the digest that the manifest states"));
        }
        Ok(bytes)
    }

    /// Returns the one layer with content: those that are no archives are attestations, signatures, provenance files.
    fn content_layer<'m>(&self, manifest: &'m Manifest) -> Result<&'m Layer, SourceError> {
        if manifest.layers.len() > LAYERS_MAX {
            let found = manifest.layers.len();
            return Err(self.wrong(&format!("expected no more than {LAYERS_MAX} oci layers, got {found}")));
        }
        let is_content =
            |layer: &&Layer| layer.media_type.ends_with("tar") || layer.media_type.ends_with("tar+gzip");
        let content: Vec<&Layer> = manifest.layers.iter().filter(is_content).collect();
        let allowed = |layer: &&&Layer| CONTENT_LAYERS.contains(&layer.media_type.as_str());
        if let Some(layer) = content.iter().find(|layer| !allowed(layer)) {
            return Err(self.wrong(&format!(
                "oci layer media type {} is not in the list of allowed media types",
                layer.media_type
            )));
        }
        match content.as_slice() {
            [layer] => Ok(layer),
            layers => {
                Err(self.wrong(&format!("expected only a single oci content layer, got {}", layers.len())))
            }
        }
    }

    async fn manifest(&self, reference: &str) -> Result<(Vec<u8>, Manifest), SourceError> {
        let url = self.url(&format!("manifests/{reference}"))?;
        let response = self.get(&url, MANIFEST_TYPES).await.map_err(|error| match error.kind {
            SourceErrorKind::RepositoryNotFound => SourceError::new(
                SourceErrorKind::RevisionNotFound,
                format!("{}:{reference}: not found", self.shown),
            ),
            _ => error,
        })?;
        let bytes = read_body(response, &url, MANIFEST_BYTES_MAX).await?;
        let manifest = serde_json::from_slice(&bytes).map_err(|e| self.wrong(&e.to_string()))?;
        Ok((bytes, manifest))
    }

    async fn get(&self, url: &Url, accept: &'static str) -> Result<Response, SourceError> {
        let known = self.token.lock().await.clone();
        let response = self.send(url, accept, known).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return success(url, response);
        }
        let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|v| v.to_str().ok());
        let Some(challenge) = challenge.and_then(parse_challenge) else { return success(url, response) };
        let answered = answer(&self.http, &self.base, self.credentials.as_deref(), &challenge).await?;
        self.token.lock().await.clone_from(&answered);
        success(url, self.send(url, accept, answered).await?)
    }

    async fn send(
        &self,
        url: &Url,
        accept: &'static str,
        token: Option<HeaderValue>,
    ) -> Result<Response, SourceError> {
        let client = self.http.clients.client(url, self.credentials.as_deref(), &*self.http.lookup)?;
        let mut request = client.get(url.clone()).header(ACCEPT, accept);
        if let Some(token) = token {
            // A redirect to a blob store on another host leaves it behind.
            request = request.header(AUTHORIZATION, token);
        }
        tokio::time::timeout(self.http.request_timeout, request.send())
            .await
            .map_err(|_| late(url))?
            .map_err(|e| request_error(url, &e))
    }

    fn url(&self, path: &str) -> Result<Url, SourceError> {
        let url = self.base.join(path).map_err(|e| self.wrong(&e.to_string()))?;
        // A tag with `..` in it would ask for something else.
        if url.path().starts_with(self.base.path()) {
            Ok(url)
        } else {
            Err(self.wrong("a malformed reference"))
        }
    }

    fn wrong(&self, why: &str) -> SourceError {
        SourceError::invalid(format!("{}: {why}", self.shown))
    }
}

fn success(url: &Url, response: Response) -> Result<Response, SourceError> {
    if response.status().is_success() { Ok(response) } else { Err(status_error(url, response.status())) }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
