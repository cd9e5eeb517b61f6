//! Tokens that are got for keys, and files that Git LFS keeps, against stand-ins.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use fairway_core::MemoryTree;
use fairway_gitserver::{GitServer, GitServerOptions, NewRepository, RepoName};
use fairway_source::{Credentials, SecretCredentials, SecretKind, SourceErrorKind, Sources, SourcesOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

fn private_key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = pair.as_der().unwrap();
    let packed = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{packed}\n-----END PRIVATE KEY-----\n")
}

fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn sources(dir: &std::path::Path, secret: &[(&str, &str)]) -> Sources {
    let mut credentials = SecretCredentials::new();
    credentials.add_secret(SecretKind::Repository, &data(secret));
    Sources::new(SourcesOptions::new(dir), Arc::new(credentials)).unwrap()
}

fn bearer_claims(headers: &HeaderMap) -> Value {
    let token = headers[header::AUTHORIZATION].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_app_finds_its_installation_and_asks_once_for_a_token() {
    async fn installations(headers: HeaderMap) -> Response {
        assert_eq!(bearer_claims(&headers)["iss"], "7");
        Json(json!([{ "id": 1, "account": { "login": "other" } }, { "id": 42, "account": { "login": "Acme" } }]))
            .into_response()
    }
    async fn token(State(asked): State<Arc<AtomicUsize>>, Path(id): Path<u64>) -> Response {
        asked.fetch_add(1, Ordering::Relaxed);
        if id != 42 {
            return StatusCode::NOT_FOUND.into_response();
        }
        (StatusCode::CREATED, Json(json!({ "token": "ghs_x", "expires_at": "2030-01-01T00:00:00Z" })))
            .into_response()
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .route("/api/v3/app/installations", get(installations))
        .route("/api/v3/app/installations/{id}/access_tokens", post(token))
        .with_state(asked.clone());
    let api = format!("{}/api/v3/", listen(router).await);
    let dir = tempfile::tempdir().unwrap();
    let sources = sources(dir.path(), &[]);
    let key = private_key();
    let pairs = [
        ("githubAppID", "7"),
        ("githubAppPrivateKey", key.as_str()),
        ("githubAppEnterpriseBaseUrl", api.as_str()),
    ];
    let app = Credentials::from_secret_data(&data(&pairs));
    for _ in 0..3 {
        let token = sources.github_app_token(&app, "", "acme").await.unwrap();
        assert_eq!(token.expose(), "ghs_x");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let stranger = sources.github_app_token(&app, "", "nobody").await.unwrap_err();
    assert_eq!(stranger.kind, SourceErrorKind::Denied);
    assert!(stranger.to_string().contains("ensure the GitHub App (ID: 7) is installed"), "{stranger}");
    let named = [pairs.as_slice(), &[("githubAppInstallationID", "9")]].concat();
    let named = Credentials::from_secret_data(&data(&named));
    for _ in 0..3 {
        assert!(sources.github_app_token(&named, "", "acme").await.is_err());
    }
    // A refusal is remembered for a moment, too.
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_another_host_gets_no_proof_of_identity() {
    let seen = Arc::new(AtomicUsize::new(0));
    async fn elsewhere(State(seen): State<Arc<AtomicUsize>>) -> Response {
        seen.fetch_add(1, Ordering::Relaxed);
        Json(json!({ "access_token": "x", "token": "x" })).into_response()
    }
    let other = listen(Router::new().fallback(elsewhere).with_state(seen.clone())).await;
    let away = move || {
        let other = other.clone();
        async move { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, other)]) }
    };
    let home = listen(Router::new().fallback(away)).await;
    let dir = tempfile::tempdir().unwrap();
    let (pem, uri) = (private_key(), format!("{home}/token"));
    let key = json!({ "client_email": "me@p.example", "private_key": pem, "token_uri": uri }).to_string();
    let url = format!("{home}/org/app.git");
    let wanted = sources(dir.path(), &[("url", url.as_str()), ("gcpServiceAccountKey", key.as_str())]);
    let error = wanted.resolve(&url, "main").await.unwrap_err().to_string();
    assert!(error.contains("redirected to another host"), "{error}");
    let app = [
        ("githubAppID", "7"),
        ("githubAppInstallationID", "1"),
        ("githubAppPrivateKey", pem.as_str()),
        ("githubAppEnterpriseBaseUrl", home.as_str()),
    ];
    let app = Credentials::from_secret_data(&data(&app));
    assert!(wanted.github_app_token(&app, "", "acme").await.is_err());
    assert_eq!(seen.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_lfs_is_fetched_checked_and_kept() {
    const CONTENT: &[u8] = b"kind: ConfigMap\n";
    async fn batch(headers: HeaderMap, Json(body): Json<Value>) -> Response {
        assert_eq!(headers[header::AUTHORIZATION], "Basic bWU6cHc=");
        let oid = body["objects"][0]["oid"].as_str().unwrap().to_owned();
        let object = match oid.as_bytes()[0] {
            b'0' => json!({ "oid": oid, "error": { "code": 404, "message": "Object does not exist" } }),
            _ => json!({ "oid": oid, "actions": { "download": {
                "href": format!("/lfs/{oid}"), "header": { "Authorization": "RemoteAuth x" } } } }),
        };
        Json(json!({ "objects": [object] })).into_response()
    }
    async fn serve(State(asked): State<Arc<AtomicUsize>>, headers: HeaderMap) -> Response {
        asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(headers[header::AUTHORIZATION], "RemoteAuth x");
        CONTENT.into_response()
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .route("/org/app.git/info/lfs/objects/batch", post(batch))
        .route("/lfs/{oid}", get(serve))
        .with_state(asked.clone());
    let url = format!("{}/org/app.git", listen(router).await);

    let oid: String = Sha256::digest(CONTENT).iter().map(|byte| format!("{byte:02x}")).collect();
    let pointer = |oid: &str, size: usize| {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
    };
    let other = "f".repeat(64);
    let files = [
        ("cm.yaml", pointer(&oid, CONTENT.len())),
        ("gone.yaml", pointer(&"0".repeat(64), 3)),
        ("forged.yaml", pointer(&other, CONTENT.len())),
    ];
    let dir = tempfile::tempdir().unwrap();
    let listen_on = "127.0.0.1:0".parse().unwrap();
    let server =
        GitServer::start(GitServerOptions { listen: listen_on, data_dir: dir.path().join("served") });
    let server = server.await.unwrap();
    let name = RepoName::parse("org/app").unwrap();
    let files = MemoryTree::new(files.iter().map(|(path, text)| (*path, text.as_str()))).unwrap();
    let new = NewRepository { files, message: "1".to_owned(), ..NewRepository::default() };
    server.store().create(&name, &new).unwrap();

    let login = [("url", url.as_str()), ("username", "me"), ("password", "pw"), ("enableLfs", "true")];
    let wanted = sources(&dir.path().join("cache"), &login);
    wanted.add_alias(&url, server.store().path(&name));
    let commit = wanted.resolve(&url, "HEAD").await.unwrap();
    let tree = wanted.open(&url, &commit).await.unwrap();
    for _ in 0..2 {
        assert_eq!(tree.read("cm.yaml").unwrap().as_deref(), Some(CONTENT));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let gone = tree.read("gone.yaml").unwrap_err().to_string();
    assert!(gone.contains("Object does not exist"), "{gone}");
    let forged = tree.read("forged.yaml").unwrap_err().to_string();
    assert!(forged.contains("another digest"), "{forged}");

    // Without `enableLfs` the pointer is what the file is, as in a checkout without LFS.
    let plain = sources(&dir.path().join("plain"), &login[..3]);
    plain.add_alias(&url, server.store().path(&name));
    let tree = plain.open(&url, &commit).await.unwrap();
    assert!(tree.read("cm.yaml").unwrap().unwrap().starts_with(b"version https://git-lfs"));
}
