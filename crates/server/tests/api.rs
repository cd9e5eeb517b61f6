//! The routes over an engine in memory: shapes, codes and the gate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/fixture/data.rs"]
mod data;
#[path = "../examples/fixture/engine.rs"]
mod engine;
#[path = "../examples/fixture/objects.rs"]
mod objects;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use engine::Fixture;
use fairway_server::{AdminPassword, Config, Engine as _, router};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

struct Server {
    router: Router,
    engine: Arc<Fixture>,
    token: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    fn refused(self, status: u16, code: u64) -> String {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["code"].as_u64()), (status, Some(code)), "{body}");
        assert_eq!(body["error"], body["message"]);
        body["message"].as_str().expect("text").to_owned()
    }
}

impl Server {
    async fn with(apps: usize) -> Self {
        let engine = Arc::new(Fixture::new(data::applications(apps)));
        let config = Config::new(AdminPassword::Plain("secret".into()), vec![7; 32]);
        let router = router(engine.clone(), config);
        let mut server = Self { router, engine, token: String::new() };
        let login = server
            .send("POST", "/api/v1/session", &[], json!({"username": "admin", "password": "secret"}))
            .await
            .ok();
        server.token = login["token"].as_str().expect("a token").to_owned();
        server
    }

    async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut request =
            Request::builder().method(Method::from_bytes(method.as_bytes()).expect("a method")).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !text.is_empty() {
            request = request.header("content-type", "application/json").header("content-length", text.len());
        }
        self.raw(request.body(Body::from(text)).expect("a request")).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, body).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, body).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, Value::Null).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Value::Null).await
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send(method, path, &[("authorization", &format!("Bearer {}", self.token))], body).await
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .map_or(vec![], |items| items.iter().filter_map(|app| app["metadata"]["name"].as_str()).collect())
}

#[tokio::test]
async fn without_a_session_only_health_version_login_webhook_and_files_answer() {
    let server = Server::with(1).await;
    for path in ["/healthz", "/readyz", "/api/version", "/", "/applications/argocd/root-app"] {
        let answer = server.send("GET", path, &[], Value::Null).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    for path in [
        "/api/v1/applications",
        "/api/v1/stream/applications",
        "/api/v1/settings",
        "/api/v1/session/userinfo",
        "/metrics",
        "/api/badge?name=root-app",
        "/api/openapi.json",
    ] {
        let why = server.send("GET", path, &[], Value::Null).await.refused(401, 16);
        assert_eq!(why, "no session information", "{path}");
    }
    let forged =
        server.send("GET", "/api/v1/applications", &[("authorization", "Bearer a.b.c")], Value::Null).await;
    assert_eq!(forged.refused(401, 16), "invalid session: token signature is invalid");
    let webhook = server.send("POST", "/api/webhook", &[("x-github-event", "push")], json!({})).await;
    assert_eq!(webhook.ok(), json!({}));
    server.send("POST", "/api/webhook", &[], json!({})).await.refused(400, 3);
}

#[tokio::test]
async fn a_session_lives_in_a_strict_cookie_until_logout() {
    let server = Server::with(1).await;
    let login =
        server.send("POST", "/api/v1/session", &[], json!({"username": "admin", "password": "secret"})).await;
    let set = login.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("argocd.token=") && set.contains("; HttpOnly; SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let info = server.send("GET", "/api/v1/session/userinfo", &[("cookie", cookie)], Value::Null).await.ok();
    assert_eq!(info, json!({"iss": "argocd", "loggedIn": true, "username": "admin"}));
    server.send("DELETE", "/api/v1/session", &[("cookie", cookie)], Value::Null).await.ok();
    let after = server.send("GET", "/api/v1/session/userinfo", &[("cookie", cookie)], Value::Null).await;
    assert_eq!(after.refused(401, 16), "invalid session: token is revoked");
}

#[tokio::test]
async fn another_site_cannot_act_with_the_cookie() {
    let server = Server::with(1).await;
    let cookie = format!("argocd.token={}", server.token);
    let sync = "/api/v1/applications/root-app/operation";
    for foreign in [
        [("sec-fetch-site", "cross-site"), ("host", "fairway")],
        [("origin", "http://evil.example"), ("host", "fairway")],
    ] {
        let headers = [[("cookie", cookie.as_str())].as_slice(), &foreign].concat();
        server.send("DELETE", sync, &headers, Value::Null).await.refused(403, 7);
    }
    let own = [("cookie", cookie.as_str()), ("origin", "http://fairway"), ("host", "fairway")];
    server.send("DELETE", sync, &own, Value::Null).await.refused(400, 3);
    let form =
        Request::post("/api/v1/session").header("content-type", "text/plain").header("content-length", 2);
    assert_eq!(server.raw(form.body(Body::from("{}")).unwrap()).await.status, 415);
}

#[tokio::test]
async fn wrong_logins_are_refused_in_argo_cds_words() {
    let server = Server::with(1).await;
    let login = |body| server.send("POST", "/api/v1/session", &[], body);
    assert_eq!(
        login(json!({"username": "admin", "password": "x"})).await.refused(401, 16),
        "Invalid username or password"
    );
    assert_eq!(login(json!({"username": "admin"})).await.refused(401, 16), "Blank passwords are not allowed");
    login(json!({"token": "x"})).await.refused(401, 16);
    let long = "x".repeat(20_000);
    login(json!({"username": "admin", "password": long})).await.refused(400, 3);
}

#[tokio::test]
async fn an_empty_list_has_null_items() {
    let server = Server::with(0).await;
    let list = server.get("/api/v1/applications").await.ok();
    assert_eq!(list, json!({"items": null, "metadata": {"resourceVersion": "2000"}}));
}

#[tokio::test]
async fn lists_filter_order_and_page_on_the_server() {
    let server = Server::with(120).await;
    let of = async |query: &str| server.get(&format!("/api/v1/applications?{query}")).await.ok();
    assert_eq!(names(&of("name=root-app").await), ["root-app"]);
    assert_eq!(names(&of("project=bootstrap").await), ["root-app"]);
    assert_eq!(names(&of("projects=bootstrap&projects=platform").await).len(), 17);
    assert_eq!(names(&of("selector=team%3Dgrowth,stage%20in%20(prod)&limit=1").await).len(), 1);
    assert_eq!(names(&of("appNamespace=elsewhere").await).len(), 0);
    assert_eq!(names(&of("search=PAYMENTS%20commerce").await).len(), 0);
    assert!(names(&of("search=payments%20core").await).iter().all(|name| name.starts_with("payments")));
    let degraded = of("health=Degraded&sort=-name").await;
    assert!(
        degraded["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|app| app["status"]["health"]["status"] == "Degraded")
    );
    let mut seen = Vec::new();
    let mut query = "limit=50&fields=items.metadata.name,metadata".to_owned();
    loop {
        let page = of(&query).await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(token) = page["metadata"]["continue"].as_str() else { break };
        query = format!("limit=50&fields=items.metadata.name,metadata&continue={token}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 120);
    assert_eq!(
        server.get("/api/v1/applications?limit=x").await.refused(400, 3),
        "limit is \"x\"; write a whole number"
    );
    server.get("/api/v1/applications?selector=%3D").await.refused(400, 3);
}

#[tokio::test]
async fn counts_show_what_another_choice_would_give() {
    let server = Server::with(120).await;
    let list = server
        .get("/api/v1/applications?stats=true&health=Degraded&limit=1&fields=items.metadata.name")
        .await
        .ok();
    let all = server.get("/api/v1/applications?stats=true&limit=1").await.ok();
    assert_eq!(list["stats"]["health"], all["stats"]["health"]);
    assert_eq!(list["stats"]["total"], all["stats"]["health"]["Degraded"]);
    assert_eq!(list["stats"]["sync"]["Synced"], list["stats"]["total"]);
}

#[tokio::test]
async fn a_missing_application_is_403_and_with_its_project_named_404() {
    let server = Server::with(1).await;
    assert_eq!(server.get("/api/v1/applications/nope").await.refused(403, 7), "permission denied");
    let why = server.get("/api/v1/applications/nope?project=default").await.refused(404, 5);
    assert_eq!(why, "applications.argoproj.io \"nope\" not found");
    server.get("/api/v1/applications/root-app?project=default").await.refused(404, 5);
    server.get("/api/v1/applications/root-app?project=bootstrap").await.ok();
    assert_eq!(server.get("/api/v1/nothing").await.refused(404, 5), "Not Found");
    server.get("/api/v1/gpgkeys").await.refused(501, 12);
}

#[tokio::test]
async fn applications_are_created_changed_and_deleted() {
    let server = Server::with(1).await;
    let app = json!({"metadata": {"name": "new"}, "spec": {"project": "default", "source": {"repoURL": "r", "path": "p"}, "destination": {}}});
    let made = server.call("POST", "/api/v1/applications", app.clone()).await.ok();
    assert_eq!((&made["kind"], &made["metadata"]["namespace"]), (&json!("Application"), &json!("argocd")));
    server.call("POST", "/api/v1/applications", app.clone()).await.refused(400, 3);
    server.call("POST", "/api/v1/applications?upsert=true", app.clone()).await.ok();
    let patch = json!({"patch": "{\"spec\":{\"source\":{\"path\":\"q\"}}}", "patchType": "merge"});
    let patched = server.call("PATCH", "/api/v1/applications/new", patch).await.ok();
    assert_eq!(patched["spec"]["source"], json!({"repoURL": "r", "path": "q"}));
    let why = server
        .call("PATCH", "/api/v1/applications/new", json!({"patch": "{}", "patchType": "strategic"}))
        .await
        .refused(400, 3);
    assert_eq!(why, "Patch type 'strategic' is not supported");
    let spec = json!({"project": "other", "source": {"repoURL": "r", "path": "z"}, "destination": {}});
    assert_eq!(server.call("PUT", "/api/v1/applications/new/spec", spec.clone()).await.ok(), spec);
    server.call("PUT", "/api/v1/applications/root-app", app).await.refused(400, 3);
    server
        .call("DELETE", "/api/v1/applications/new?cascade=false&propagationPolicy=background", Value::Null)
        .await
        .refused(400, 3);
    assert_eq!(
        server.call("DELETE", "/api/v1/applications/new?cascade=true", Value::Null).await.ok(),
        json!({})
    );
    server.get("/api/v1/applications/new").await.refused(403, 7);
    server.call("POST", "/api/v1/applications", json!({"metadata": {}})).await.refused(400, 3);
    server.call("POST", "/api/v1/applications", json!([1])).await.refused(400, 3);
}

#[tokio::test]
async fn operations_start_and_end() {
    let server = Server::with(4).await;
    let app = "/api/v1/applications/root-app";
    let synced =
        server.call("POST", &format!("{app}/sync"), json!({"prune": true, "resources": null})).await.ok();
    assert_eq!(synced["operation"]["initiatedBy"]["username"], "admin");
    server.call("POST", &format!("{app}/sync"), json!({})).await.refused(400, 9);
    assert_eq!(server.call("DELETE", &format!("{app}/operation"), Value::Null).await.ok(), json!({}));
    server.call("DELETE", &format!("{app}/operation"), Value::Null).await.refused(400, 3);
    server.call("POST", &format!("{app}/rollback"), json!({"id": 1})).await.ok();
    server.call("POST", &format!("{app}/rollback"), json!({"id": 99})).await.refused(400, 3);
}

#[tokio::test]
async fn the_parts_of_an_application_have_argo_cds_shapes() {
    let server = Server::with(10).await;
    let of = async |rest: &str| server.get(&format!("/api/v1/applications/cert-manager/{rest}")).await.ok();
    assert!(of("resource-tree").await["nodes"][0]["uid"].is_string());
    let managed = of("managed-resources?kind=Service").await;
    assert!(managed["items"].as_array().unwrap().iter().all(|item| item["kind"] == "Service"));
    assert!(managed["items"][0]["targetState"].as_str().unwrap().starts_with('{'));
    assert_eq!(of("managed-resources?kind=Nope").await, json!({"items": null}));
    assert!(of("manifests").await["manifests"][0].is_string());
    assert!(
        of("resource?kind=Service&resourceName=cert-manager").await["manifest"]
            .as_str()
            .unwrap()
            .contains("\"kind\":\"Service\"")
    );
    assert_eq!(of("events").await["kind"], "EventList");
    assert!(of("revisions/abc/metadata").await["author"].is_string());
    assert_eq!(of("syncwindows").await["canSync"], true);
    assert!(of("plan").await["items"][0]["reason"].is_string());
    server.get("/api/v1/applications/cert-manager/resource?kind=Service").await.refused(400, 3);
}

#[tokio::test]
async fn projects_sets_clusters_and_repositories_are_listed() {
    let server = Server::with(1).await;
    assert_eq!(
        names(&server.get("/api/v1/projects").await.ok()),
        ["bootstrap", "platform", "sandbox", "workloads"]
    );
    assert_eq!(
        server.get("/api/v1/projects/nope").await.refused(404, 5),
        "appprojects.argoproj.io \"nope\" not found"
    );
    let project = json!({"project": {"metadata": {"name": "new"}, "spec": {}}});
    assert_eq!(server.call("POST", "/api/v1/projects", project).await.ok()["kind"], "AppProject");
    assert_eq!(server.call("DELETE", "/api/v1/projects/new", Value::Null).await.ok(), json!({}));
    assert_eq!(names(&server.get("/api/v1/applicationsets?projects=workloads").await.ok()).len(), 3);
    assert_eq!(server.get("/api/v1/applicationsets?projects=other").await.ok()["items"], Value::Null);
    assert_eq!(server.get("/api/v1/clusters").await.ok()["items"][0]["name"], "in-cluster");
    assert_eq!(server.get("/api/v1/repositories?repo=nope").await.ok()["items"], Value::Null);
    assert_eq!(server.get("/api/v1/settings").await.ok()["controllerNamespace"], "argocd");
}

/// Reads a stream until it has some lines with content.
async fn lines(server: &Server, path: &str, accept: &str, count: usize, act: impl FnOnce()) -> Vec<String> {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {}", server.token))
        .header("accept", accept);
    let response = server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let (mut body, mut text, mut act) = (response.into_body(), String::new(), Some(act));
    loop {
        tokio::task::yield_now().await;
        let full =
            |text: &str| text.lines().filter(|line| line.len() > 3).map(str::to_owned).collect::<Vec<_>>();
        if full(&text).len() >= count && text.ends_with('\n') {
            return full(&text);
        }
        // The first frame or, for a stream without one, the first wait shows that the stream has subscribed.
        if act.is_some() && (!text.is_empty() || accept.is_empty()) {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            act.take().unwrap()();
        }
        let frame = body.frame().await.expect("the stream stays open").unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
}

#[tokio::test]
async fn changes_stream_as_json_lines_and_as_server_sent_events() {
    let server = Server::with(2).await;
    let fields = "fields=result.type,result.application.metadata.name";
    let got = lines(&server, &format!("/api/v1/stream/applications?{fields}"), "", 2, || {}).await;
    assert_eq!(got[0], r#"{"result":{"application":{"metadata":{"name":"cert-manager"}},"type":"ADDED"}}"#);
    let engine = server.engine.clone();
    let path = format!("/api/v1/stream/applications?resourceVersion=2000&{fields}");
    let got = lines(&server, &path, "text/event-stream", 1, move || engine.touch(0)).await;
    assert_eq!(
        got,
        [r#"data: {"result":{"application":{"metadata":{"name":"cert-manager"}},"type":"MODIFIED"}}"#]
    );
}

#[tokio::test]
async fn a_stream_that_fell_behind_catches_up() {
    let server = Server::with(3).await;
    let engine = server.engine.clone();
    let path =
        "/api/v1/stream/applications?resourceVersion=1&fields=result.type,result.application.metadata.name";
    let act = move || {
        for turn in 0..400 {
            engine.touch(turn);
        }
        let key = |name: &str| fairway_server::AppKey { namespace: "argocd".into(), name: name.into() };
        drop(engine.delete_application(key("root-app"), fairway_server::Cascade::Orphan));
        for turn in 0..400 {
            engine.touch(turn);
        }
    };
    let got = lines(&server, path, "text/event-stream", 3, act).await;
    let of = |kind: &str| got.iter().filter(|line| line.contains(kind)).count();
    assert!(of("DELETED") == 1 && of("MODIFIED") >= 2, "{got:?}");
}

#[tokio::test]
async fn a_tree_streams_now_and_after_a_change() {
    let server = Server::with(2).await;
    let got = lines(&server, "/api/v1/stream/applications/root-app/resource-tree", "", 1, || {}).await;
    assert!(got[0].starts_with(r#"{"result":{"hosts":[]"#));
}

#[tokio::test]
async fn every_documented_path_has_a_route_and_the_document_is_reviewed() {
    let server = Server::with(1).await;
    let document = server.get("/api/openapi.json").await.ok();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{name}", "absent").replace("{revision}", "abc");
            let answer = server.call(&method.to_uppercase(), &path, Value::Null).await;
            let missing = answer.status == 405 || answer.body.ends_with(b"\"Not Found\"}");
            assert!(!missing, "{method} {path}: {}", answer.status);
            if path.contains("/stream/") {
                continue;
            }
        }
    }
    let mut lines = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let query: Vec<&str> = operation["parameters"].as_array().map_or(vec![], |p| {
                p.iter().filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str()).collect()
            });
            let content = &operation["responses"]["200"]["content"];
            let answer = content["application/json"]["schema"]["$ref"]
                .as_str()
                .unwrap_or("-")
                .rsplit('/')
                .next()
                .unwrap();
            lines.push(format!(
                "{method} {path} {} ?{} -> {answer}",
                operation["operationId"].as_str().unwrap(),
                query.join(",")
            ));
        }
    }
    insta::assert_snapshot!("openapi", lines.join("\n"));
}

#[tokio::test]
async fn files_are_cached_and_answers_are_guarded() {
    let server = Server::with(1).await;
    let page = server.send("GET", "/", &[], Value::Null).await;
    for header in ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"]
    {
        assert!(page.headers.contains_key(header), "{header}");
    }
    assert_eq!(page.headers["cache-control"], "no-cache");
    let etag = page.headers["etag"].to_str().unwrap().to_owned();
    let again = server.send("GET", "/", &[("if-none-match", &etag)], Value::Null).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let missing = server.send("GET", "/assets/nope.js", &[], Value::Null).await;
    assert_eq!(missing.status, 404);
    let list = server
        .send(
            "GET",
            "/api/v1/applications",
            &[("authorization", &format!("Bearer {}", server.token)), ("accept-encoding", "gzip")],
            Value::Null,
        )
        .await;
    assert_eq!(list.headers["content-encoding"], "gzip");
    assert_eq!(list.headers["cache-control"], "no-store");
}

/// Logs an account in and returns a server that speaks for it.
async fn as_account(server: &Server, name: &str, password: &str) -> Server {
    let body = json!({"username": name, "password": password});
    let login = server.send("POST", "/api/v1/session", &[], body).await.ok();
    let token = login["token"].as_str().unwrap().to_owned();
    Server { router: server.router.clone(), engine: server.engine.clone(), token }
}

fn access(policy: &str) -> fairway_server::AccessData {
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    fairway_server::AccessData {
        config: map(&[("accounts.ann", "login, apiKey"), ("accounts.bot", "apiKey")]),
        policy: map(&[("policy.csv", policy)]),
        secret: map(&[]),
    }
}

#[tokio::test]
async fn accounts_do_what_the_policy_allows_and_see_nothing_else() {
    let server = Server::with(60).await;
    server.engine.set_access(access(
        "p, role:dev, applications, get, workloads/*, allow\np, role:dev, logs, get, workloads/*, allow\ng, ann, role:dev",
    ));
    let change = json!({"name": "ann", "currentPassword": "secret", "newPassword": "anns-password"});
    server.put("/api/v1/account/password", change.clone()).await.ok();
    let ann = as_account(&server, "ann", "anns-password").await;

    let all = server.get("/api/v1/applications?stats=true").await.ok();
    let seen = ann.get("/api/v1/applications?stats=true").await.ok();
    let items = seen["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.len() < all["items"].as_array().unwrap().len());
    assert!(items.iter().all(|app| app["spec"]["project"] == "workloads"), "other projects are seen");
    assert_eq!(seen["stats"]["total"], items.len(), "the counts tell of what is not seen");
    let own = items[0]["metadata"]["name"].as_str().unwrap();
    let other =
        all["items"].as_array().unwrap().iter().find(|app| app["spec"]["project"] != "workloads").unwrap();
    let other = other["metadata"]["name"].as_str().unwrap();

    ann.get(&format!("/api/v1/applications/{own}")).await.ok();
    ann.get(&format!("/api/v1/applications/{other}")).await.refused(403, 7);
    let why = ann.post(&format!("/api/v1/applications/{own}/sync"), json!({})).await.refused(403, 7);
    assert!(
        why.starts_with(&format!("permission denied: applications, sync, workloads/{own}, sub: ann")),
        "{why}"
    );
    ann.delete(&format!("/api/v1/applications/{own}/resource?resourceName=x&kind=Pod")).await.refused(403, 7);
    ann.post("/api/v1/projects", json!({"project": {"metadata": {"name": "mine"}}})).await.refused(403, 7);
    ann.put(
        "/api/v1/account/password",
        json!({"name": "admin", "currentPassword": "anns-password", "newPassword": "another-one"}),
    )
    .await
    .refused(403, 7);
    assert_eq!(
        ann.get(&format!("/api/v1/account/can-i/applications/get/workloads/{own}")).await.ok()["value"],
        "yes"
    );
    assert_eq!(
        ann.get(&format!("/api/v1/account/can-i/applications/delete/workloads/{own}")).await.ok()["value"],
        "no"
    );

    // A policy that changes holds at once, and a changed password ends the session.
    server.engine.set_access(access(""));
    ann.get(&format!("/api/v1/applications/{own}")).await.refused(403, 7);
}

#[tokio::test]
async fn actions_are_listed_by_who_sees_and_run_by_who_may() {
    let server = Server::with(3).await;
    server.engine.set_access(access(
        "p, ann, applications, get, */*, allow\np, ann, applications, action/apps/Deployment/restart, */*, allow",
    ));
    let change = json!({"name": "ann", "currentPassword": "secret", "newPassword": "anns-password"});
    server.put("/api/v1/account/password", change).await.ok();
    let ann = as_account(&server, "ann", "anns-password").await;
    let path = "/api/v1/applications/root-app/resource/actions";
    let which = "resourceName=web&namespace=a&group=apps&version=v1&kind=Deployment";
    let found = ann.get(&format!("{path}?{which}")).await.ok();
    assert_eq!(found["actions"][0]["name"], "restart");
    // The older form has the name alone as its body, the newer one everything.
    ann.post(&format!("{path}?{which}"), json!("restart")).await.ok();
    let body = |action: &str, params: Value| {
        json!({"resourceName": "web", "namespace": "a", "group": "apps", "version": "v1", "kind": "Deployment",
            "action": action, "resourceActionParameters": params})
    };
    ann.post(&format!("{path}/v2"), body("restart", json!([]))).await.ok();
    let replicas = json!([{"name": "replicas", "value": "3"}]);
    ann.post(&format!("{path}/v2"), body("scale", replicas.clone())).await.refused(403, 7);
    server.post(&format!("{path}/v2"), body("scale", replicas)).await.ok();
    server.post(&format!("{path}/v2"), body("scale", json!([]))).await.refused(400, 3);
    server.post(&format!("{path}/v2"), json!({"action": "restart"})).await.refused(400, 3);
}

#[tokio::test]
async fn api_tokens_work_until_they_are_taken_back() {
    let server = Server::with(3).await;
    server.engine.set_access(access("g, bot, role:readonly"));
    let token = server.post("/api/v1/account/bot/token", json!({"id": "ci", "expiresIn": "3600"})).await.ok();
    let token = token["token"].as_str().unwrap().to_owned();
    server.post("/api/v1/account/bot/token", json!({"id": "ci"})).await.refused(409, 6);
    server.post("/api/v1/account/admin/token", json!({})).await.refused(400, 9);
    let bot = Server { router: server.router.clone(), engine: server.engine.clone(), token };
    bot.get("/api/v1/applications/root-app").await.ok();
    bot.post("/api/v1/applications/root-app/sync", json!({})).await.refused(403, 7);
    let login = json!({"username": "bot", "password": "anything"});
    server.send("POST", "/api/v1/session", &[], login).await.refused(401, 16);
    server.delete("/api/v1/account/bot/token/ci").await.ok();
    bot.get("/api/v1/applications/root-app").await.refused(401, 16);
}

#[tokio::test]
async fn tokens_of_a_projects_role_hold_in_that_project_alone() {
    let server = Server::with(60).await;
    let mut project = server.get("/api/v1/projects/workloads").await.ok();
    project["spec"]["roles"] =
        json!([{"name": "ci", "policies": ["p, proj:workloads:ci, applications, get, workloads/*, allow"]}]);
    server.put("/api/v1/projects/workloads", json!({"project": project})).await.ok();
    let token = server.post("/api/v1/projects/workloads/roles/ci/token", json!({"id": "one"})).await.ok();
    let token = token["token"].as_str().unwrap().to_owned();
    let ci = Server { router: server.router.clone(), engine: server.engine.clone(), token };
    let seen = ci.get("/api/v1/applications").await.ok();
    let items = seen["items"].as_array().unwrap();
    assert!(!items.is_empty() && items.iter().all(|app| app["spec"]["project"] == "workloads"));
    let project = server.get("/api/v1/projects/workloads").await.ok();
    let issued = &project["spec"]["roles"][0]["jwtTokens"][0]["iat"];
    server.delete(&format!("/api/v1/projects/workloads/roles/ci/token/{issued}")).await.ok();
    ci.get("/api/v1/applications").await.refused(401, 16);
}

#[tokio::test]
async fn projects_that_could_not_be_worked_with_are_refused() {
    let server = Server::with(1).await;
    let put = |spec: Value| json!({"project": {"metadata": {"name": "p"}, "spec": spec}});
    for bad in [
        json!({"roles": [{"name": "a b"}]}),
        json!({"roles": [{"name": "a", "policies": ["p, proj:other:a, applications, *, p/*, allow"]}]}),
        json!({"destinations": [{"server": "*", "namespace": "!*"}]}),
        json!({"syncWindows": [{"kind": "maybe", "schedule": "* * * * *", "duration": "1h"}]}),
        json!({"sourceRepos": ["a", "a"]}),
    ] {
        server.post("/api/v1/projects", put(bad.clone())).await.refused(400, 3);
    }
    server.delete("/api/v1/projects/default").await.refused(400, 3);
}

#[tokio::test]
async fn logs_are_lines_of_json_with_a_last_one() {
    let server = Server::with(1).await;
    let lines = |answer: Answer| -> Vec<Value> {
        assert_eq!(answer.status, StatusCode::OK);
        let text = String::from_utf8(answer.body).unwrap();
        text.lines()
            .filter(|l| !l.is_empty())
            .map(|l| serde_json::from_str::<Value>(l).unwrap()["result"].clone())
            .collect()
    };
    let all = lines(server.get("/api/v1/applications/root-app/pods/web-1/logs").await);
    assert_eq!(all.len(), 6);
    assert_eq!(all[0]["content"], "request 0 served");
    assert_eq!(
        (&all[0]["podName"], &all[0]["timeStampStr"]),
        (&json!("web-1"), &json!("2026-01-02T03:04:00Z"))
    );
    assert_eq!((&all[5]["last"], &all[5]["content"]), (&json!(true), &json!("")));
    let found = lines(server.get("/api/v1/applications/root-app/logs?filter=error").await);
    assert_eq!(found.len(), 2);
    let others = lines(server.get("/api/v1/applications/root-app/logs?filter=!error").await);
    assert_eq!(others.len(), 5);
}
