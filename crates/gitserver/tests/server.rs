//! The server against the ordinary `git` and an ordinary HTTP client, on an ephemeral loopback port.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail and report as tests do")]

use fairway_core::MemoryTree;
use fairway_gitserver::{Fault, ForgeEvent, GitServer, GitServerOptions, NewRepository, PullInfo, RepoName};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;

async fn start(dir: &Path) -> GitServer {
    let listen = "127.0.0.1:0".parse().unwrap();
    GitServer::start(GitServerOptions { listen, data_dir: dir.to_owned() }).await.unwrap()
}

async fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.org"])
        .args(args)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "git {args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn files() -> MemoryTree {
    MemoryTree::new([("README.md", "hello\n"), ("apps/web/kustomization.yaml", "resources: []\n")]).unwrap()
}

fn name(text: &str) -> RepoName {
    RepoName::parse(text).unwrap()
}

fn new_repository() -> NewRepository {
    NewRepository { files: files(), message: "First".to_owned(), ..NewRepository::default() }
}

async fn call(server: &GitServer, method: &str, path: &str, body: Option<Value>) -> (u16, Value, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/v3{path}", server.url());
    let mut request = client.request(method.parse().unwrap(), url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let link = response.headers().get("link").map_or("", |l| l.to_str().unwrap()).to_owned();
    (status, response.json().await.unwrap_or(Value::Null), link)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_a_push_and_the_event_before_the_push_returns() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir.path().join("data")).await;
    server.store().create(&name("config-repo"), &new_repository()).unwrap();
    let mut events = server.events();

    git(dir.path(), &["clone", "-q", &server.clone_url(&name("config-repo")), "work"]).await;
    let work = dir.path().join("work");
    assert_eq!(std::fs::read_to_string(work.join("README.md")).unwrap(), "hello\n");

    std::fs::write(work.join("README.md"), "changed\n").unwrap();
    git(&work, &["commit", "-qam", "Change"]).await;
    let old = git(&work, &["rev-parse", "HEAD~1"]).await.trim().to_owned();
    let new = git(&work, &["rev-parse", "HEAD"]).await.trim().to_owned();
    git(&work, &["push", "-q", "origin", "HEAD"]).await;
    let returned = Instant::now();
    // The event is there already: nothing is waited for.
    let ForgeEvent::Pushed(push) = events.try_recv().unwrap() else { panic!("another event") };
    println!("event taken {:?} after git push returned", returned.elapsed());
    assert_eq!(push.repository, name("config-repo"));
    let moved: Vec<_> = push.refs.iter().map(|r| (r.name.as_str(), r.old.as_str(), r.new.as_str())).collect();
    assert_eq!(moved, [("refs/heads/main", old.as_str(), new.as_str())]);

    // A push of nothing and a refused push (not a fast-forward) tell nobody.
    git(&work, &["push", "-q", "origin", "HEAD"]).await;
    git(&work, &["commit", "-q", "--amend", "-m", "Other"]).await;
    let refused = Command::new("git").current_dir(&work).args(["push", "-q", "origin", "HEAD"]).output();
    assert!(!refused.await.unwrap().status.success());
    assert!(events.try_recv().is_err());
    git(&work, &["push", "-q", "-f", "origin", "HEAD", "HEAD:refs/tags/v1"]).await;
    let ForgeEvent::Pushed(push) = events.try_recv().unwrap() else { panic!("another event") };
    assert_eq!(push.refs.len(), 2);

    // A fetch with much to negotiate is compressed by git.
    for number in 0..60 {
        git(&work, &["branch", &format!("b{number}")]).await;
    }
    git(&work, &["push", "-q", "origin", "--all"]).await;
    git(dir.path(), &["clone", "-q", "--depth", "1", &server.clone_url(&name("config-repo")), "shallow"])
        .await;
    git(&dir.path().join("shallow"), &["fetch", "-q", "--unshallow", "origin", "+refs/*:refs/remotes/o/*"])
        .await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_local_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = |path: &str, header: (&'static str, &'static str)| {
        client.get(format!("{}{path}", server.url())).header(header.0, header.1).send()
    };
    let plain = ("accept", "*/*");
    let missing = get("/none.git/info/refs?service=git-upload-pack", plain).await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(get("/none.git/info/refs", plain).await.unwrap().status(), 403);
    assert_eq!(get("/api/v3", ("origin", "http://evil.example")).await.unwrap().status(), 403);
    assert_eq!(get("/api/v3", ("host", "evil.example")).await.unwrap().status(), 403);
    assert_eq!(get("/api/v3", plain).await.unwrap().status(), 200);

    let listen = "0.0.0.0:0".parse().unwrap();
    let foreign = GitServer::start(GitServerOptions { listen, data_dir: dir.path().to_owned() }).await;
    assert!(foreign.is_err());
    let busy = GitServerOptions { listen: server.address(), data_dir: dir.path().to_owned() };
    let error = GitServer::start(busy).await.err().unwrap().to_string();
    assert!(error.starts_with("cannot listen on 127.0.0.1:"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_listed_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    for number in 0..7 {
        server.store().create(&name(&format!("org/svc-{number}")), &new_repository()).unwrap();
    }
    server.store().create(&name("other/x"), &new_repository()).unwrap();

    let (_, first, link) = call(&server, "GET", "/orgs/org/repos?per_page=3", None).await;
    let names = |page: &Value| -> Vec<String> {
        page.as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first), ["svc-0", "svc-1", "svc-2"]);
    assert!(
        link.contains("per_page=3&page=2>; rel=\"next\"") && link.contains("page=3>; rel=\"last\""),
        "{link}"
    );
    let (_, last, link) = call(&server, "GET", "/orgs/org/repos?per_page=3&page=3", None).await;
    assert_eq!(names(&last), ["svc-6"]);
    assert!(!link.contains("next"), "{link}");
    assert_eq!(call(&server, "GET", "/orgs/none/repos", None).await.0, 404);

    let repo = &first[0];
    assert_eq!(repo["default_branch"], "main");
    assert_eq!(repo["clone_url"], server.clone_url(&name("org/svc-0")));
    assert_eq!(repo["ssh_url"], format!("{}/org/svc-0.git", server.ssh_url()));

    server.faults().set_api(Fault::EmptyLists);
    let (status, body, _) = call(&server, "GET", "/orgs/org/repos", None).await;
    assert_eq!((status, body), (200, json!([])));
    server.faults().set_api(Fault::Status(500));
    assert_eq!(call(&server, "GET", "/orgs/org/repos", None).await.0, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_from_a_template_lives_through_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let template = NewRepository { is_template: true, ..new_repository() };
    server.store().create(&name("org/template"), &template).unwrap();
    let mut events = server.events();

    let body = json!({ "owner": "org", "name": "shop", "description": "A shop" });
    let (status, made, _) = call(&server, "POST", "/repos/org/template/generate", Some(body.clone())).await;
    assert_eq!((status, made["full_name"].as_str()), (201, Some("org/shop")));
    assert_eq!(call(&server, "POST", "/repos/org/template/generate", Some(body)).await.0, 422);
    let topics = json!({ "names": ["idp-managed", "team-a"] });
    assert_eq!(call(&server, "PUT", "/repos/org/shop/topics", Some(topics.clone())).await.0, 200);
    let bad = json!({ "names": ["Not Fit"] });
    assert_eq!(call(&server, "PUT", "/repos/org/shop/topics", Some(bad)).await.0, 422);
    assert_eq!(events.try_recv().unwrap(), ForgeEvent::Created(name("org/shop")));
    assert_eq!(events.try_recv().unwrap(), ForgeEvent::Changed(name("org/shop")));
    server.shutdown().await;

    let server = start(dir.path()).await;
    let (_, found, _) = call(&server, "GET", "/repos/org/shop", None).await;
    assert_eq!(found["topics"], topics["names"]);
    assert_eq!(found["id"], made["id"]);
    git(dir.path(), &["clone", "-q", &server.clone_url(&name("org/shop")), "work"]).await;
    assert!(dir.path().join("work/apps/web/kustomization.yaml").is_file());

    let mut events = server.events();
    assert_eq!(call(&server, "DELETE", "/repos/org/shop", None).await.0, 204);
    assert_eq!(call(&server, "GET", "/repos/org/shop", None).await.0, 404);
    assert_eq!(events.try_recv().unwrap(), ForgeEvent::Deleted(name("org/shop")));
    // Its number is not given again.
    let (_, next, _) = call(&server, "POST", "/orgs/org/repos", Some(json!({ "name": "next" }))).await;
    assert!(next["id"].as_u64() > made["id"].as_u64());
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_trees_branches_and_pull_requests_read_as_githubs() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    let shop = name("org/shop");
    server.store().create(&shop, &new_repository()).unwrap();
    let get = |path: &str| {
        let path = format!("/repos/org/shop{path}");
        let server = &server;
        async move { call(server, "GET", &path, None).await }
    };

    let (_, file, _) = get("/contents/README.md?ref=main").await;
    assert_eq!((file["type"].as_str(), file["content"].as_str()), (Some("file"), Some("aGVsbG8K")));
    let (_, folder, _) = get("/contents/apps").await;
    assert_eq!(folder[0]["path"], "apps/web");
    assert_eq!(get("/contents/nowhere").await.0, 404);
    assert_eq!(get("/contents/README.md?ref=nobranch").await.0, 404);
    let (_, tree, _) = get("/git/trees/main?recursive=1").await;
    let paths: Vec<_> =
        tree["tree"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["README.md", "apps", "apps/web", "apps/web/kustomization.yaml"]);

    let mut events = server.events();
    let new = json!({ "message": "Add", "content": "eDogMQo=", "branch": "feature/x" });
    assert_eq!(call(&server, "PUT", "/repos/org/shop/contents/x.yaml", Some(new.clone())).await.0, 201);
    assert!(matches!(events.try_recv().unwrap(), ForgeEvent::Pushed(_)));
    assert_eq!(call(&server, "PUT", "/repos/org/shop/contents/x.yaml", Some(new)).await.0, 409);
    let (_, branch, _) = get("/branches/feature%2Fx").await;
    assert_eq!(branch["name"], "feature/x");
    assert_eq!(get("/branches/none").await.0, 404);
    assert_eq!(get("/branches").await.1.as_array().unwrap().len(), 2);
    let sha = branch["commit"]["sha"].as_str().unwrap().to_owned();
    assert_eq!(get(&format!("/commits/{sha}")).await.1["commit"]["message"], "Add");

    let pull =
        PullInfo { title: "T".into(), head: "feature/x".into(), base: "main".into(), ..PullInfo::default() };
    assert_eq!(server.store().open_pull(&shop, pull).unwrap().number, 1);
    let (_, pulls, _) = get("/pulls").await;
    assert_eq!(
        (pulls[0]["head"]["sha"].as_str(), pulls[0]["number"].as_u64()),
        (Some(sha.as_str()), Some(1))
    );
    call(&server, "PATCH", "/repos/org/shop/pulls/1", Some(json!({ "state": "closed" }))).await;
    assert_eq!(get("/pulls").await.1, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_stops_soon() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path()).await;
    server.faults().set_git(Fault::Hang);
    let url = format!("{}/x.git/info/refs?service=git-upload-pack", server.url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let hanging = tokio::spawn(client.get(url).send());
    tokio::time::timeout(Duration::from_millis(50), async { hanging.await.unwrap().unwrap() })
        .await
        .unwrap_err();
    let begun = Instant::now();
    server.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
}
