//! Forge clients against the embedded forge (GitHub's shapes) and small stand-ins for the others.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, Router, routing::get};
use fairway_core::MemoryTree;
use fairway_gitserver::{Fault, GitServer, GitServerOptions, NewRepository, PullInfo, RepoName};
use fairway_scm::{
    CloneProtocol, Forge, ForgeKind, ForgeOptions, PullRequestQuery, ScmBranch, ScmErrorKind, ScmRepository,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

async fn forge_server(dir: &std::path::Path, count: usize) -> GitServer {
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = GitServer::start(GitServerOptions { listen, data_dir: dir.to_owned() }).await.unwrap();
    let files = MemoryTree::new([("deploy/kustomization.yaml", "resources: []\n")]).unwrap();
    for number in 0..count {
        let name = RepoName::parse(&format!("acme/svc-{number}")).unwrap();
        let topics = vec!["idp-managed".to_owned()];
        let new = NewRepository {
            files: files.clone(),
            message: "1".to_owned(),
            topics,
            ..NewRepository::default()
        };
        server.store().create(&name, &new).unwrap();
    }
    server
}

fn github(api: &str) -> ForgeOptions {
    ForgeOptions {
        api: api.to_owned(),
        request_timeout: Duration::from_secs(5),
        ..ForgeOptions::new(ForgeKind::GitHub, "acme")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_read_whole_with_topics_branches_and_paths() {
    let dir = tempfile::tempdir().unwrap();
    // More than a page of 100.
    let server = forge_server(dir.path(), 130).await;
    let forge = Forge::new(github(&server.url())).unwrap();
    let repositories = forge.repositories().await.unwrap();
    assert_eq!(repositories.len(), 130);
    let first = &repositories[0];
    assert_eq!((first.organization.as_str(), first.repository.as_str()), ("acme", "svc-0"));
    assert_eq!(first.url, format!("{}/acme/svc-0.git", server.ssh_url()));
    assert_eq!(first.labels, ["idp-managed"]);

    let branches = forge.branches(first).await.unwrap();
    assert_eq!(branches.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["main"]);
    assert_eq!(branches[0].sha.len(), 40);
    assert!(forge.path_exists(first, &branches[0], "deploy/kustomization.yaml").await.unwrap());
    assert!(forge.path_exists(first, &branches[0], "deploy").await.unwrap());
    assert!(!forge.path_exists(first, &branches[0], "deploy/none").await.unwrap());

    let name = RepoName::parse("acme/svc-0").unwrap();
    let client = reqwest::Client::new();
    let url = format!("{}/api/v3/repos/acme/svc-0", server.url());
    let body = json!({ "message": "x", "content": "eDogMQo=", "branch": "feature/x" });
    let put = client.put(format!("{url}/contents/x.yaml")).json(&body).send().await.unwrap();
    assert_eq!(put.status(), 201);
    client.patch(&url).json(&json!({ "archived": true })).send().await.unwrap();
    let all =
        ForgeOptions { all_branches: true, clone_protocol: CloneProtocol::Https, ..github(&server.url()) };
    let all = Forge::new(all).unwrap();
    let names: Vec<_> = all.branches(first).await.unwrap().into_iter().map(|b| b.name).collect();
    assert_eq!(names, ["feature/x", "main"]);
    assert_eq!(all.repositories().await.unwrap()[0].url, server.clone_url(&name));
    let live = Forge::new(ForgeOptions { exclude_archived: true, ..github(&server.url()) }).unwrap();
    assert_eq!(live.repositories().await.unwrap().len(), 129);

    let mut pull =
        PullInfo { title: "T".into(), head: "feature/x".into(), base: "main".into(), ..PullInfo::default() };
    pull.labels = vec!["preview".to_owned()];
    pull.author = "me".to_owned();
    server.store().open_pull(&name, pull).unwrap();
    let mut query =
        PullRequestQuery { owner: "acme".into(), repository: "svc-0".into(), ..PullRequestQuery::default() };
    let pulls = forge.pull_requests(&query).await.unwrap();
    assert_eq!((pulls[0].number, pulls[0].branch.as_str(), pulls[0].author.as_str()), (1, "feature/x", "me"));
    assert_eq!(pulls[0].head_sha, all.branches(first).await.unwrap()[0].sha);
    query.labels = vec!["other".to_owned()];
    assert!(forge.pull_requests(&query).await.unwrap().is_empty());
    query.repository = "none".to_owned();
    assert_eq!(forge.pull_requests(&query).await.unwrap_err().kind, ScmErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forge_in_trouble_is_an_error_and_never_an_empty_list() {
    let dir = tempfile::tempdir().unwrap();
    let server = forge_server(dir.path(), 1).await;
    let options = ForgeOptions { request_timeout: Duration::from_millis(300), ..github(&server.url()) };
    let forge = Forge::new(options).unwrap();
    for (fault, kind) in [
        (Fault::Status(500), ScmErrorKind::Server),
        (Fault::Status(401), ScmErrorKind::Denied),
        (Fault::Status(404), ScmErrorKind::NotFound),
        (Fault::Hang, ScmErrorKind::Timeout),
    ] {
        server.faults().set_api(fault);
        let error = forge.repositories().await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().starts_with("error listing repositories for acme: Get "), "{error}");
    }
    // 429: it is not asked again before its time.
    server.faults().set_api(Fault::Status(429));
    assert_eq!(forge.repositories().await.unwrap_err().kind, ScmErrorKind::RateLimited);
    server.faults().set_api(Fault::None);
    assert_eq!(forge.repositories().await.unwrap_err().kind, ScmErrorKind::RateLimited);

    let unknown = Forge::new(ForgeOptions::new(ForgeKind::CodeCommit, "x")).err().unwrap();
    assert_eq!(unknown.to_string(), "unsupported: AWS CodeCommit as a forge");
    let token = ForgeOptions { token: "s3cret".to_owned(), ..github("http://127.0.0.1:1") };
    assert!(!format!("{token:?}").contains("s3cret"));
    let gone = Forge::new(token).unwrap().repositories().await.unwrap_err();
    assert_eq!(gone.kind, ScmErrorKind::Unreachable);
    assert!(!gone.to_string().contains("s3cret"));
}

fn branch_of(name: &str) -> ScmBranch {
    ScmBranch { name: name.to_owned(), sha: "abc".to_owned() }
}

async fn stand_in(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn gitlab_groups_are_read_with_its_own_paging() {
    async fn projects(headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> impl IntoResponse {
        assert_eq!(headers["private-token"], "s3cret");
        assert_eq!((query["include_subgroups"].as_str(), query["topic"].as_str()), ("true", "idp"));
        let page = query.get("page").map_or("1", String::as_str).to_owned();
        let project = json!([{ "id": page.parse::<u64>().unwrap(), "path": format!("p{page}"),
            "namespace": { "full_path": "acme/sub" }, "ssh_url_to_repo": "git@gl:acme/sub/p.git",
            "http_url_to_repo": "https://gl/acme/sub/p.git", "default_branch": "main", "topics": ["idp"] }]);
        let next = if page == "1" { "2" } else { "" };
        ([("x-next-page", next)], Json(project))
    }
    let branch = json!({ "name": "main", "commit": { "id": "abc" } });
    let router = Router::new()
        .route("/api/v4/groups/{group}/projects", get(projects))
        .route("/api/v4/projects/1/repository/branches/main", get(move || async move { Json(branch) }))
        .route(
            "/api/v4/projects/1/repository/tree",
            get(|| async { Json(json!([{ "path": "deploy/x.yaml" }])) }),
        )
        .route(
            "/api/v4/projects/{id}/merge_requests",
            get(|| async {
                Json(json!([{ "iid": 7, "title": "T", "source_branch": "f", "target_branch": "main",
                    "sha": "abc", "labels": ["a"], "author": { "username": "me" } }]))
            }),
        );
    let options = ForgeOptions {
        api: stand_in(router).await,
        token: "s3cret".to_owned(),
        include_subgroups: true,
        topic: "idp".to_owned(),
        ..ForgeOptions::new(ForgeKind::GitLab, "acme/sub")
    };
    let forge = Forge::new(options).unwrap();
    let found = forge.repositories().await.unwrap();
    assert_eq!(found.iter().map(|r| r.repository.as_str()).collect::<Vec<_>>(), ["p1", "p2"]);
    assert_eq!(forge.branches(&found[0]).await.unwrap()[0].sha, "abc");
    assert!(forge.branches(&found[1]).await.unwrap().is_empty());
    assert!(forge.path_exists(&found[0], &branch_of("main"), "deploy/x.yaml").await.unwrap());
    assert!(!forge.path_exists(&found[0], &branch_of("main"), "deploy/y.yaml").await.unwrap());
    let query = PullRequestQuery { repository: "acme/sub/p1".to_owned(), ..PullRequestQuery::default() };
    assert_eq!(forge.pull_requests(&query).await.unwrap()[0].number, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn gitea_is_read_and_a_foreign_or_endless_list_refused() {
    async fn endless(State(asked): State<Arc<AtomicUsize>>) -> impl IntoResponse {
        asked.fetch_add(1, Ordering::Relaxed);
        ([("link", "</api/v1/orgs/endless/repos?page=2>; rel=\"next\"")], Json(json!([])))
    }
    async fn foreign() -> impl IntoResponse {
        ([("link", "<http://elsewhere.example/x>; rel=\"next\"")], Json(json!([])))
    }
    let repository: Value = json!([{ "id": 1, "name": "r", "ssh_url": "git@g:acme/r.git",
        "clone_url": "https://g/acme/r.git", "default_branch": "main" }]);
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .route("/api/v1/orgs/acme/repos", get(move || async move { Json(repository) }))
        .route("/api/v1/repos/acme/r/labels", get(|| async { Json(json!([{ "name": "idp" }])) }))
        .route("/api/v1/repos/acme/r/branches", get(|| async { Json(json!([])) }))
        .route("/api/v1/repos/acme/r/contents/x", get(|| async { (StatusCode::NOT_FOUND, Json(json!({}))) }))
        .route("/api/v1/orgs/endless/repos", get(endless))
        .route("/api/v1/orgs/foreign/repos", get(foreign))
        .route("/api/v1/orgs/odd/repos", get(|| async { Json(json!({ "message": "hello" })) }))
        .with_state(asked.clone());
    let api = stand_in(router).await;
    let forge = |organization: &str| {
        let options = ForgeOptions { api: api.clone(), ..ForgeOptions::new(ForgeKind::Gitea, organization) };
        Forge::new(options).unwrap()
    };
    let found = forge("acme").repositories().await.unwrap();
    let expected = ScmRepository {
        organization: "acme".into(),
        repository: "r".into(),
        slug: "r".into(),
        repository_id: "1".into(),
        url: "git@g:acme/r.git".into(),
        default_branch: "main".into(),
        labels: vec!["idp".into()],
        archived: false,
    };
    assert_eq!(found, std::slice::from_ref(&expected));
    assert!(!forge("acme").path_exists(&expected, &branch_of("main"), "x").await.unwrap());
    // A branch that is not there is none, unless nothing of the repository may be read.
    assert_eq!(forge("acme").branches(&expected).await.unwrap(), []);
    let hidden = ScmRepository { repository: "hidden".into(), ..expected };
    assert_eq!(forge("acme").branches(&hidden).await.unwrap_err().kind, ScmErrorKind::NotFound);
    assert_eq!(forge("endless").repositories().await.unwrap_err().kind, ScmErrorKind::TooLarge);
    assert_eq!(asked.load(Ordering::Relaxed), 100);
    assert_eq!(forge("foreign").repositories().await.unwrap_err().kind, ScmErrorKind::Malformed);
    assert_eq!(forge("odd").repositories().await.unwrap_err().kind, ScmErrorKind::Malformed);
}

/// Serves documents by path and query, to whoever sends the header.
async fn documents(login: &'static str, found: Vec<(&'static str, Value)>) -> String {
    let found: Arc<HashMap<&'static str, Value>> = Arc::new(found.into_iter().collect());
    let serve = move |uri: axum::http::Uri, headers: HeaderMap| async move {
        let sent = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        if sent != login {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let asked = uri.path_and_query().map(|p| p.as_str().to_owned()).unwrap_or_default();
        match found.get(asked.as_str()) {
            Some(document) => Json(document.clone()).into_response(),
            None => (StatusCode::NOT_FOUND, asked).into_response(),
        }
    };
    stand_in(Router::new().fallback(serve)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bitbucket_cloud_is_read_page_by_page() {
    let repository = |slug: &str| {
        json!({ "slug": slug, "uuid": format!("{{{slug}}}"), "mainbranch": { "name": "main" }, "links": { "clone": [
            { "name": "https", "href": format!("https://bb/acme/{slug}.git") },
            { "name": "ssh", "href": format!("git@bb:acme/{slug}.git") }] } })
    };
    let page = |values: Value, next: &str| json!({ "values": values, "next": next });
    let pull = json!({ "id": 4, "title": "T", "author": { "nickname": "me" },
        "source": { "branch": { "name": "f" }, "commit": { "hash": "abc" } }, "destination": { "branch": { "name": "main" } } });
    let api = documents(
        "Basic dTpw",
        vec![
            (
                "/2.0/repositories/acme?pagelen=100&role=member",
                page(json!([repository("a")]), "/2.0/repositories/acme?page=2"),
            ),
            ("/2.0/repositories/acme?page=2", json!({ "values": [repository("b")] })),
            (
                "/2.0/repositories/acme/a/refs/branches/main",
                json!({ "name": "main", "target": { "hash": "abc" } }),
            ),
            ("/2.0/repositories/acme/a/src/abc/deploy/x.yaml?format=meta", json!({ "type": "commit_file" })),
            ("/2.0/repositories/acme/a/pullrequests?pagelen=50", page(json!([pull]), "")),
        ],
    )
    .await;
    let options = ForgeOptions {
        api: format!("{api}/2.0"),
        username: "u".to_owned(),
        password: "p".to_owned(),
        ..ForgeOptions::new(ForgeKind::BitbucketCloud, "acme")
    };
    let forge = Forge::new(options.clone()).unwrap();
    let found = forge.repositories().await.unwrap();
    assert_eq!(
        found.iter().map(|r| r.url.as_str()).collect::<Vec<_>>(),
        ["git@bb:acme/a.git", "git@bb:acme/b.git"]
    );
    assert_eq!(found[0].repository_id, "{a}");
    let branches = forge.branches(&found[0]).await.unwrap();
    assert_eq!(branches, [branch_of("main")]);
    assert!(forge.path_exists(&found[0], &branches[0], "deploy/x.yaml").await.unwrap());
    assert!(!forge.path_exists(&found[0], &branches[0], "deploy/y.yaml").await.unwrap());
    let query =
        PullRequestQuery { owner: "acme".into(), repository: "a".into(), ..PullRequestQuery::default() };
    let pulls = forge.pull_requests(&query).await.unwrap();
    assert_eq!((pulls[0].number, pulls[0].head_sha.as_str(), pulls[0].author.as_str()), (4, "abc", "me"));
    let stranger = Forge::new(ForgeOptions { password: "x".to_owned(), ..options }).unwrap();
    assert_eq!(stranger.repositories().await.unwrap_err().kind, ScmErrorKind::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn bitbucket_server_is_read_page_by_page_and_empty_repositories_left_out() {
    let repository = |id: u64, slug: &str| {
        json!({ "id": id, "slug": slug, "name": format!("Name {slug}"), "project": { "key": "PRJ" },
            "links": { "clone": [{ "name": "ssh", "href": "ssh://bb/prj/x.git" }, { "name": "http", "href": "https://bb/x.git" }] } })
    };
    let branch = json!({ "displayId": "main", "latestCommit": "abc" });
    let root = "/rest/api/1.0/projects/PRJ/repos";
    let paths = [
        format!("{root}?limit=100"),
        format!("{root}?limit=100&start=1"),
        format!("{root}/a/branches/default"),
        format!("{root}/a/branches?limit=100"),
        format!("{root}/a/browse/deploy?at=main&type=true&limit=100"),
        format!("{root}/a/pull-requests?limit=100"),
    ];
    let answers = [
        json!({ "values": [repository(1, "a")], "isLastPage": false, "nextPageStart": 1 }),
        json!({ "values": [repository(2, "empty")], "isLastPage": true }),
        branch.clone(),
        json!({ "values": [branch.clone(), { "displayId": "f/x", "latestCommit": "def" }], "isLastPage": true }),
        json!({ "type": "DIRECTORY" }),
        json!({ "values": [{ "id": 9, "title": "T", "fromRef": { "displayId": "f", "latestCommit": "def" },
            "toRef": branch, "author": { "user": { "name": "me" } } }], "isLastPage": true }),
    ];
    let known = paths.into_iter().map(|p| &*String::leak(p)).zip(answers).collect();
    let api = documents("Bearer s3cret", known).await;
    let options = ForgeOptions {
        api,
        token: "s3cret".to_owned(),
        all_branches: true,
        clone_protocol: CloneProtocol::Https,
        ..ForgeOptions::new(ForgeKind::BitbucketServer, "PRJ")
    };
    let forge = Forge::new(options).unwrap();
    let found = forge.repositories().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].repository.as_str(), found[0].slug.as_str()), ("Name a", "a"));
    assert_eq!((found[0].url.as_str(), found[0].default_branch.as_str()), ("https://bb/x.git", "main"));
    let branches = forge.branches(&found[0]).await.unwrap();
    assert_eq!(branches.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["main", "f/x"]);
    assert!(forge.path_exists(&found[0], &branches[0], "deploy").await.unwrap());
    assert!(!forge.path_exists(&found[0], &branches[0], "none").await.unwrap());
    let query =
        PullRequestQuery { owner: "PRJ".into(), repository: "a".into(), ..PullRequestQuery::default() };
    let pulls = forge.pull_requests(&query).await.unwrap();
    assert_eq!(
        (pulls[0].number, pulls[0].target_branch.as_str(), pulls[0].head_sha.as_str()),
        (9, "main", "def")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_devops_is_read_and_pull_requests_filtered_by_repository() {
    let pull = |number: u64, repository: &str| {
        json!({ "pullRequestId": number, "title": "T", "sourceRefName": "refs/heads/f/x", "targetRefName": "refs/heads/main",
            "lastMergeSourceCommit": { "commitId": "abc" }, "labels": [{ "name": "preview" }],
            "createdBy": { "uniqueName": "me@acme.example" }, "repository": { "name": repository } })
    };
    let api = documents(
        "Basic OnMzY3JldA==",
        vec![
            (
                "/acme/shop/_apis/git/repositories?api-version=7.1",
                json!({ "value": [
                    { "id": "u-1", "name": "a", "remoteUrl": "https://dev/a", "defaultBranch": "refs/heads/main" },
                    { "id": "u-2", "name": "empty", "remoteUrl": "https://dev/e" }] }),
            ),
            (
                "/acme/shop/_apis/git/repositories/a/stats/branches?name=main&api-version=7.1",
                json!({ "name": "main", "commit": { "commitId": "abc" } }),
            ),
            (
                "/acme/shop/_apis/git/repositories/u-1/items?path=deploy&versionDescriptor.version=main&\
                 versionDescriptor.versionType=branch&%24format=json&api-version=7.1",
                json!({ "path": "/deploy" }),
            ),
            (
                "/acme/shop/_apis/git/pullrequests?%24skip=0&%24top=100&api-version=7.1",
                json!({ "value": [pull(1, "a"), pull(2, "b")] }),
            ),
        ],
    )
    .await;
    let options = ForgeOptions {
        api,
        token: "s3cret".to_owned(),
        project: "shop".to_owned(),
        ..ForgeOptions::new(ForgeKind::AzureDevOps, "acme")
    };
    let forge = Forge::new(options.clone()).unwrap();
    let found = forge.repositories().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].repository_id.as_str(), found[0].default_branch.as_str()), ("u-1", "main"));
    let branches = forge.branches(&found[0]).await.unwrap();
    assert_eq!(branches, [branch_of("main")]);
    assert!(forge.path_exists(&found[0], &branches[0], "deploy").await.unwrap());
    assert!(!forge.path_exists(&found[0], &branches[0], "none").await.unwrap());
    let gone = ScmRepository { slug: "gone".into(), ..found[0].clone() };
    assert_eq!(forge.branches(&gone).await.unwrap_err().kind, ScmErrorKind::NotFound);
    let mut query =
        PullRequestQuery { owner: "acme".into(), repository: "a".into(), ..PullRequestQuery::default() };
    let pulls = forge.pull_requests(&query).await.unwrap();
    assert_eq!(pulls.len(), 1);
    assert_eq!((pulls[0].branch.as_str(), pulls[0].author.as_str()), ("f/x", "me"));
    query.labels = vec!["other".to_owned()];
    assert!(forge.pull_requests(&query).await.unwrap().is_empty());
    let nowhere = Forge::new(ForgeOptions { project: String::new(), ..options }).err().unwrap();
    assert_eq!(nowhere.kind, ScmErrorKind::Invalid);
}
