//! Chart repositories: HTTP with an index, and an OCI registry, both stand-ins.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fairway_core::AppSource;
use fairway_source::{
    CredentialLookup, Credentials, NoCredentials, SecretCredentials, SecretKind, SecretString,
    SourceErrorKind, Sources, SourcesOptions,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::{Arc, Mutex};

/// What a stand-in serves, and what it was asked for.
#[derive(Default)]
struct Shelf {
    files: Mutex<HashMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
}

impl Shelf {
    fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.lock().unwrap().insert(path.to_owned(), bytes.into());
    }

    fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|p| *p == path).count()
    }
}

fn chart(name: &str, version: &str) -> Vec<u8> {
    let yaml = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    archive(&format!("{name}/Chart.yaml"), &yaml)
}

/// Packs one file.
fn archive(path: &str, text: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address.to_string()
}

/// Serves files below `/` to whoever logs in as `me:pw`; answers an unchanged index with 304.
async fn http_repository(shelf: Arc<Shelf>) -> String {
    async fn serve(State(shelf): State<Arc<Shelf>>, uri: Uri, headers: HeaderMap) -> Response {
        let path = uri.path().to_owned();
        shelf.asked.lock().unwrap().push(path.clone());
        let login = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        if login != Some("Basic bWU6cHc=") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let Some(bytes) = shelf.files.lock().unwrap().get(&path).cloned() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let etag = format!("\"{}\"", digest(&bytes));
        if headers.get(header::IF_NONE_MATCH).is_some_and(|v| v == etag.as_str()) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        ([(header::ETAG, etag)], bytes).into_response()
    }
    listen(Router::new().fallback(serve).with_state(shelf)).await
}

fn sources(dir: &std::path::Path, secrets: &[&[(&str, &str)]]) -> Sources {
    let mut credentials = SecretCredentials::new();
    for pairs in secrets {
        let data: BTreeMap<String, String> =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        credentials.add_secret(SecretKind::Repository, &data);
    }
    Sources::new(SourcesOptions::new(dir), Arc::new(credentials)).unwrap()
}

fn source(repo: &str, chart: &str, revision: &str) -> AppSource {
    AppSource {
        repo_url: repo.into(),
        chart: chart.into(),
        target_revision: revision.into(),
        ..AppSource::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_an_http_repository_is_found_checked_and_kept() {
    let shelf = Arc::new(Shelf::default());
    let repo = format!("http://{}/charts", http_repository(shelf.clone()).await);
    let (old, new) = (chart("web", "1.0.0"), chart("web", "1.2.0"));
    let index = format!(
        "apiVersion: v1\nentries:\n  web:\n  - version: 1.2.0\n    digest: {}\n    urls: [web-1.2.0.tgz]\n  - version: 1.0.0\n    \
         digest: {}\n    urls: [\"{repo}/web-1.0.0.tgz\"]\n  - version: 0.9.0\n    digest: abc\n    urls: [web-1.0.0.tgz]\n",
        digest(&new),
        digest(&old)
    );
    shelf.put("/charts/index.yaml", index.clone());
    shelf.put("/charts/web-1.2.0.tgz", new);
    shelf.put("/charts/web-1.0.0.tgz", old);
    let dir = tempfile::tempdir().unwrap();
    let secret =
        [("url", repo.as_str()), ("type", "helm"), ("name", "mine"), ("username", "me"), ("password", "pw")];
    let sources = sources(dir.path(), &[&secret]);

    let app = source(&repo, "web", "1.x");
    assert_eq!(sources.resolve_source(&app).await.unwrap(), "1.2.0");
    let calls = (0..20).map(|_| {
        let (sources, app) = (sources.clone(), app.clone());
        tokio::spawn(async move { sources.open_source(&app, "1.2.0").await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        let bytes = call.await.unwrap().read("Chart.yaml").unwrap().unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("version: 1.2.0"));
    }
    // An exact version needs no index to resolve, and one index served all.
    assert_eq!(sources.resolve_source(&source(&repo, "web", "1.0.0")).await.unwrap(), "1.0.0");
    assert!(sources.open_source(&app, "1.0.0").await.is_ok());
    assert_eq!((shelf.asked("/charts/index.yaml"), shelf.asked("/charts/web-1.2.0.tgz")), (1, 1));

    // The provenance file lies beside the archive.
    shelf.put("/charts/web-1.2.0.tgz.prov", "signed");
    let (file, provenance) = sources.chart_provenance(&repo, "web", "1.x").await.unwrap();
    assert_eq!((file.as_str(), provenance.as_slice()), ("web-1.2.0.tgz", &b"signed"[..]));
    let none = sources.chart_provenance(&repo, "web", "1.0.0").await.unwrap_err();
    assert!(none.to_string().contains("web-1.0.0.tgz.prov"), "{none}");

    let wrong = sources.open_source(&app, "0.9.0").await.err().unwrap();
    assert!(wrong.to_string().contains("the index states abc"), "{wrong}");
    let none = sources.resolve_source(&source(&repo, "web", "7.x")).await.unwrap_err();
    assert_eq!(none.kind, SourceErrorKind::RevisionNotFound);
    assert!(sources.resolve_source(&source(&repo, "nope", "*")).await.is_err());

    // A refresh asks again; nothing changed, so nothing moves. Then something has.
    sources.refresh_source(&app).await.unwrap();
    assert_eq!(sources.resolve_source(&app).await.unwrap(), "1.2.0");
    shelf.put("/charts/index.yaml", index.replace("version: 1.2.0", "version: 1.3.0"));
    sources.refresh_source(&app).await.unwrap();
    assert_eq!(sources.resolve_source(&app).await.unwrap(), "1.3.0");

    // Dependencies: by name of the repository, by its address, and from the same tree.
    let parent = format!(
        "apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies:\n- {{name: web, version: ~1.0, repository: '@mine'}}\n\
         - {{name: web, alias: w2, version: 1.3.0, repository: '{repo}'}}\n- {{name: lib, version: 1.x, repository: 'file://../lib'}}\n"
    );
    let tree =
        fairway_core::MemoryTree::new([("p/Chart.yaml", parent.as_str()), ("lib/Chart.yaml", "name: lib\n")]);
    shelf.put("/charts/index.yaml", index.replace("version: 1.2.0", "version: 1.3.0"));
    let whole = sources.with_chart_dependencies(Arc::new(tree.unwrap()), "p").await.unwrap();
    let names: Vec<_> = whole.list("p/charts").unwrap().unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["lib", "web-1.0.0.tgz", "web-1.3.0.tgz"]);
    assert!(whole.read("p/charts/web-1.0.0.tgz").unwrap().unwrap().starts_with(&[0x1f, 0x8b]));
    let unknown = fairway_core::MemoryTree::new([("Chart.yaml", parent.replace("@mine", "@other"))]).unwrap();
    let error = sources.with_chart_dependencies(Arc::new(unknown), "").await.err().unwrap();
    assert_eq!(error.to_string(), "chart dependency web: no repository definition for @other");
}

/// The same credentials for every repository.
struct Always(Arc<Credentials>);

impl CredentialLookup for Always {
    fn find(&self, _: &str) -> Option<Arc<Credentials>> {
        Some(Arc::clone(&self.0))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_to_their_own_host_and_a_refusal_is_told() {
    let elsewhere = Arc::new(Shelf::default());
    elsewhere.put("/web-1.0.0.tgz", chart("web", "1.0.0"));
    let other = http_repository(elsewhere.clone()).await;
    let shelf = Arc::new(Shelf::default());
    let repo = format!("http://{}", http_repository(shelf.clone()).await);
    shelf.put(
        "/index.yaml",
        format!("entries:\n  web:\n  - version: 1.0.0\n    urls: [\"http://{other}/web-1.0.0.tgz\"]\n"),
    );
    let dir = tempfile::tempdir().unwrap();
    let secret = [("url", repo.as_str()), ("username", "me"), ("password", "pw")];
    let with = sources(dir.path(), &[&secret]);
    let mut app = source(&repo, "web", "1.0.0");
    let denied = with.open_source(&app, "1.0.0").await.err().unwrap();
    assert_eq!(denied.kind, SourceErrorKind::Denied, "{denied}");
    let helm = fairway_core::HelmOptions { pass_credentials: true, ..fairway_core::HelmOptions::default() };
    app.tool = fairway_core::Tool::Helm(helm);
    assert!(with.open_source(&app, "1.0.0").await.is_ok());
    // A repository's own entry may say so too, as Helm's `pass_credentials_all` does.
    for pass_credentials in [false, true] {
        let own = Credentials {
            username: "me".into(),
            password: SecretString::new("pw"),
            pass_credentials,
            ..Credentials::default()
        };
        let cache = dir.path().join(pass_credentials.to_string());
        let sources = Sources::new(SourcesOptions::new(cache), Arc::new(Always(Arc::new(own)))).unwrap();
        let opened = sources.open_source(&source(&repo, "web", "1.0.0"), "1.0.0").await;
        assert_eq!(opened.map_err(|e| e.kind).err(), (!pass_credentials).then_some(SourceErrorKind::Denied));
    }

    let without = Sources::new(SourcesOptions::new(dir.path().join("b")), Arc::new(NoCredentials)).unwrap();
    let refused = without.resolve_source(&source(&repo, "web", "*")).await.unwrap_err();
    assert_eq!(refused.kind, SourceErrorKind::Denied);
    assert!(refused.to_string().starts_with("error loading repo index"), "{refused}");
    // A hundred Apps are not a hundred requests.
    let before = shelf.asked("/index.yaml");
    assert!(without.resolve_source(&source(&repo, "web", "*")).await.is_err());
    assert_eq!(shelf.asked("/index.yaml"), before);
}

/// A registry that wants a token, which a login gets.
async fn registry(shelf: Arc<Shelf>) -> String {
    async fn token(headers: HeaderMap) -> Response {
        let login = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        if login != Some("Basic bWU6cHc=") {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        "{\"token\":\"t0ken\"}".into_response()
    }
    async fn serve(
        State(shelf): State<Arc<Shelf>>,
        Path(path): Path<String>,
        uri: Uri,
        headers: HeaderMap,
    ) -> Response {
        let host = headers[header::HOST].to_str().unwrap();
        if headers.get(header::AUTHORIZATION).is_none_or(|v| v != "Bearer t0ken") {
            let challenge =
                format!("Bearer realm=\"http://{host}/token\",service=\"r\",scope=\"repository:x:pull\"");
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response();
        }
        if path.ends_with("tags/list") && !uri.query().unwrap_or_default().contains("last") {
            let link = format!("</v2/{path}?n=1000&last=1>; rel=\"next\"");
            return ([(header::LINK, link)], "{\"tags\":[\"1.0.0\"]}").into_response();
        }
        match shelf.files.lock().unwrap().get(&path) {
            Some(bytes) => bytes.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }
    let router = Router::new().route("/token", get(token)).route("/v2/{*path}", get(serve)).with_state(shelf);
    listen(router).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_an_oci_registry_is_pulled_with_a_token() {
    let shelf = Arc::new(Shelf::default());
    let host = registry(shelf.clone()).await;
    let bytes = chart("web", "1.1.0+build");
    let layer = format!("sha256:{}", digest(&bytes));
    let media = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    let manifest = format!(
        "{{\"schemaVersion\":2,\"layers\":[{{\"mediaType\":\"{media}\",\"digest\":\"{layer}\",\"size\":{}}}]}}",
        bytes.len()
    );
    shelf.put("charts/web/tags/list", "{\"tags\":[\"1.1.0_build\",\"latest\"]}");
    shelf.put("charts/web/manifests/1.1.0_build", manifest.clone());
    shelf.put(&format!("charts/web/blobs/{layer}"), bytes);
    shelf.put("charts/web/manifests/bad", manifest.replace(&layer, &format!("sha256:{}", "0".repeat(64))));
    shelf.put(&format!("charts/web/blobs/sha256:{}", "0".repeat(64)), "x");
    let dir = tempfile::tempdir().unwrap();
    let repo = format!("{host}/charts");
    let secret = [
        ("url", repo.as_str()),
        ("type", "helm"),
        ("enableOCI", "true"),
        ("username", "me"),
        ("password", "pw"),
    ];
    let whole = format!("oci://{host}/charts/web");
    let generic = [("url", whole.as_str()), ("username", "me"), ("password", "pw")];
    let sources = sources(dir.path(), &[&secret, &generic]);
    let app = source(&repo, "web", "1.x");
    let version = sources.resolve_source(&app).await.unwrap();
    assert_eq!(version, "1.1.0+build");
    let tree = sources.open_source(&app, &version).await.unwrap();
    assert!(tree.read("Chart.yaml").unwrap().is_some());
    let wrong = sources.open_source(&app, "bad").await.err().unwrap();
    assert!(wrong.to_string().contains("does not have the digest"), "{wrong}");
    let none = sources.open_source(&app, "9.9.9").await.err().unwrap();
    assert_eq!(none.kind, SourceErrorKind::RevisionNotFound, "{none}");
    assert!(sources.open_source(&app, "../../other/manifests/1").await.is_err());

    // A provenance file is a layer of its own, where one was pushed.
    let none = sources.chart_provenance(&format!("oci://{repo}"), "web", "1.1.0+build").await.unwrap_err();
    assert!(none.to_string().contains("no provenance file"), "{none}");
    let signature = format!("sha256:{}", digest(b"signed"));
    let media = "application/vnd.cncf.helm.chart.provenance.v1.prov";
    let signed = format!(",{{\"mediaType\":\"{media}\",\"digest\":\"{signature}\",\"size\":6}}]");
    shelf.put("charts/web/manifests/signed", manifest.replacen(']', &signed, 1));
    shelf.put(&format!("charts/web/blobs/{signature}"), "signed");
    let (file, provenance) =
        sources.chart_provenance(&format!("oci://{repo}"), "web", "signed").await.unwrap();
    assert_eq!((file.as_str(), provenance.as_slice()), ("web-signed.tgz", &b"signed"[..]));

    // The artifact itself as a source: its revision is a digest.
    let app = source(&whole, "", "1.1.0+build");
    let revision = sources.resolve_source(&app).await.unwrap();
    assert_eq!(revision, format!("sha256:{}", digest(manifest.as_bytes())));
    shelf.put(&format!("charts/web/manifests/{revision}"), manifest);
    assert!(sources.open_source(&app, &revision).await.unwrap().read("Chart.yaml").unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_has_one_layer_with_content_and_a_tag_comes_before_a_range() {
    let shelf = Arc::new(Shelf::default());
    let host = registry(shelf.clone()).await;
    let files = archive("apps/web.yaml", "kind: Deployment");
    let plain = "application/vnd.oci.image.layer.v1.tar+gzip";
    let content = (plain, files.as_slice());
    let beside = ("application/vnd.in-toto+json", b"{}".as_slice());
    let odd = ("application/x.tar", files.as_slice());
    let put = |tag: &str, layers: &[(&str, &[u8])]| {
        let layer = |(media, bytes): &(&str, &[u8])| {
            let sum = format!("sha256:{}", digest(bytes));
            shelf.put(&format!("apps/web/blobs/{sum}"), bytes.to_vec());
            format!("{{\"mediaType\":\"{media}\",\"digest\":\"{sum}\",\"size\":{}}}", bytes.len())
        };
        let layers: Vec<String> = layers.iter().map(layer).collect();
        // Tags of one content differ in this alone.
        let manifest = format!("{{\"annotations\":{{\"tag\":\"{tag}\"}},\"layers\":[{}]}}", layers.join(","));
        let sum = format!("sha256:{}", digest(manifest.as_bytes()));
        for reference in [tag, &sum] {
            shelf.put(&format!("apps/web/manifests/{reference}"), manifest.clone());
        }
        sum
    };
    let newest = put("1.2.0", &[beside, content]);
    let named = put("2.x", &[content]);
    put("none", &[beside]);
    put("two", &[content, content]);
    put("odd", &[odd]);
    put("many", &[beside; 11]);
    shelf.put("apps/web/tags/list", r#"{"tags":["1.2.0","1.1.0","2.x","none"]}"#);
    let dir = tempfile::tempdir().unwrap();
    let url = format!("oci://{host}/apps/web");
    let sources = sources(dir.path(), &[&[("url", url.as_str()), ("username", "me"), ("password", "pw")]]);
    let resolve = async |wanted: &str| sources.resolve_source(&source(&url, "", wanted)).await.unwrap();
    assert_eq!((resolve("1.x").await, resolve("2.x").await), (newest.as_str().into(), named.into()));
    let open = async |wanted: &str| {
        let app = source(&url, "", wanted);
        sources.open_source(&app, &resolve(wanted).await).await
    };
    assert!(open("1.x").await.unwrap().read("apps/web.yaml").unwrap().is_some());
    for (tag, words) in [
        ("none", "expected only a single oci content layer, got 0"),
        ("two", "expected only a single oci content layer, got 2"),
        ("odd", "oci layer media type application/x.tar is not in the list of allowed media types"),
        ("many", "expected no more than 10 oci layers, got 11"),
    ] {
        let error = open(tag).await.err().unwrap();
        assert!(error.to_string().contains(words), "{tag}: {error}");
    }
}

/// Takes what is signed with the keyring's own text.
#[derive(Debug)]
struct SignedWith;

impl fairway_source::ChartVerifier for SignedWith {
    fn verify(&self, archive: &[u8], file: &str, provenance: &[u8], keyring: &str) -> Result<(), String> {
        let expect = format!("{file} {} {keyring}", digest(archive));
        if provenance == expect.as_bytes() { Ok(()) } else { Err("wrong signature".to_owned()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_asked_in_place_of_a_repository_and_charts_are_verified_where_a_keyring_is() {
    let shelf = Arc::new(Shelf::default());
    let mirror = format!("http://{}/mirror/", http_repository(shelf.clone()).await);
    let (good, bad) = (chart("web", "1.0.0"), chart("web", "2.0.0"));
    let index = "entries:\n  web:\n  - version: 2.0.0\n    urls: [\"https://away.example/files/web-2.0.0.tgz\"]\n  - version: 1.0.0\n    \
        urls: [web-1.0.0.tgz]\n";
    shelf.put("/mirror/charts/index.yaml", index);
    shelf.put("/mirror/charts/web-1.0.0.tgz.prov", format!("web-1.0.0.tgz {} k", digest(&good)));
    shelf.put("/mirror/charts/web-1.0.0.tgz", good);
    shelf.put("/mirror/files/web-2.0.0.tgz.prov", format!("web-2.0.0.tgz {} k", digest(&bad)));
    shelf.put("/mirror/files/web-2.0.0.tgz", bad);
    shelf.put("/mirror/values.yaml", "a: 1");
    let data = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    let sources = |dir: &std::path::Path, keyring: &str, verifier: bool| {
        let mut credentials = SecretCredentials::new();
        let login = [("url", mirror.as_str()), ("username", "me"), ("password", "pw")];
        credentials.add_secret(SecretKind::RepoCreds, &data(&login));
        let own = [("url", "https://away.example/charts"), ("type", "helm"), ("provenanceKeyring", keyring)];
        credentials.add_secret(SecretKind::Repository, &data(&own));
        let mirrors = format!("https://away.example/: {mirror}");
        credentials.set_mirrors(fairway_source::AddressMirrors::parse(&mirrors).unwrap());
        let mut options = SourcesOptions::new(dir);
        options.verifier = verifier.then(|| Arc::new(SignedWith) as Arc<dyn fairway_source::ChartVerifier>);
        Sources::new(options, Arc::new(credentials)).unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let app = source("https://away.example/charts", "web", "*");
    let plain = sources(dir.path(), "", false);
    assert_eq!(plain.resolve_source(&app).await.unwrap(), "2.0.0");
    assert!(plain.open_source(&app, "2.0.0").await.is_ok(), "addresses in the index are mirrored too");
    assert_eq!(plain.remote_file("https://away.example/values.yaml").await.unwrap(), b"a: 1");

    let checked = sources(dir.path(), "k", true);
    assert!(checked.open_source(&app, "1.0.0").await.is_ok());
    let other = sources(dir.path(), "other key", true);
    let refused = other.open_source(&app, "1.0.0").await.err().unwrap().to_string();
    assert_eq!(refused, "chart web 1.0.0 is not taken: wrong signature");
    // What lies in the cache unchecked does not count.
    let unchecked = sources(dir.path(), "k", false).open_source(&app, "2.0.0").await.err().unwrap();
    assert!(unchecked.to_string().contains("cannot be checked"), "{unchecked}");
    let parent = "apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies:\n\
        - {name: web, version: 1.0.0, repository: 'https://away.example/charts'}\n";
    let tree: Arc<dyn fairway_core::FileTree> =
        Arc::new(fairway_core::MemoryTree::new([("Chart.yaml", parent)]).unwrap());
    assert!(checked.with_chart_dependencies(tree.clone(), "").await.is_ok());
    assert!(other.with_chart_dependencies(tree, "").await.is_err());
}
