//! Mirrors, trees and local repositories against the embedded Git server and the ordinary `git`.

use fairway_core::{FileTree, MemoryTree, NodeKind, ReadSet, SourceTree};
use fairway_gitserver::{Fault, GitServer, GitServerOptions, NewRepository, RepoName};
use fairway_source::{
    NoCredentials, SecretCredentials, SecretKind, SourceErrorKind, Sources, SourcesOptions,
};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Rig {
    dir: TempDir,
    server: GitServer,
    sources: Sources,
}

impl Rig {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let data_dir = dir.path().join("served");
        let server = GitServer::start(GitServerOptions { listen, data_dir }).await.unwrap();
        let sources = sources(&dir.path().join("cache"));
        Self { dir, server, sources }
    }

    fn create(&self, name: &str, files: MemoryTree) -> String {
        let repo = RepoName::parse(name).unwrap();
        let new = NewRepository { files, message: "First\n\nbody\n".to_owned(), ..NewRepository::default() };
        self.server.store().create(&repo, &new).unwrap();
        self.server.clone_url(&repo)
    }

    fn commit(&self, name: &str, files: &[(&str, &str)]) -> String {
        let files = MemoryTree::new(files.iter().copied()).unwrap();
        self.server.store().commit(&RepoName::parse(name).unwrap(), &files, &[], "More").unwrap()
    }

    /// Clones, runs a script in the clone, pushes everything.
    fn script(&self, url: &str, script: &str) {
        let full = format!(
            "set -e; export GIT_CONFIG_GLOBAL=/dev/null; rm -rf work; git clone -q {url} work; cd work; \
             git config user.name T; git config user.email t@example.org; {script}"
        );
        let output = Command::new("sh").current_dir(self.dir.path()).arg("-c").arg(full).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn sources(cache: &Path) -> Sources {
    let mut options = SourcesOptions::new(cache);
    options.fetch_timeout = Duration::from_secs(20);
    Sources::new(options, Arc::new(NoCredentials)).unwrap()
}

fn files() -> MemoryTree {
    MemoryTree::new([("README.md", "hello\n"), ("apps/web/a.yaml", "a: 1\n"), ("apps/web/b.yaml", "b: 1\n")])
        .unwrap()
}

fn text(tree: &Arc<dyn FileTree>, path: &str) -> Option<String> {
    tree.read(path).unwrap().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_fetched_over_http_and_follows_what_is_pushed() {
    let rig = Rig::new().await;
    let url = rig.create("org/app", files());
    let first = rig.sources.resolve(&url, "").await.unwrap();
    assert_eq!(rig.sources.resolve(&url, "main").await.unwrap(), first);
    let tree = rig.sources.open(&url, &first).await.unwrap();
    assert_eq!(text(&tree, "README.md").as_deref(), Some("hello\n"));
    assert_eq!(text(&tree, "nowhere"), None);
    let names: Vec<_> = tree.list("apps/web").unwrap().unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["a.yaml", "b.yaml"]);

    let second = rig.commit("org/app", &[("apps/web/a.yaml", "a: 2\n")]);
    // Nobody polls: the mirror stands still until it is told.
    assert_eq!(rig.sources.resolve(&url, "main").await.unwrap(), first);
    let begun = Instant::now();
    let refresh = rig.sources.refresh(&url).await.unwrap();
    println!("incremental fetch over http: {:?}", begun.elapsed());
    let moved: Vec<_> = refresh.changes.iter().map(|c| (c.name.as_str(), c.new.as_str())).collect();
    assert_eq!(moved, [("refs/heads/main", second.as_str())]);
    assert_eq!(rig.sources.resolve(&url, "HEAD").await.unwrap(), second);
    assert!(rig.sources.refresh(&url).await.unwrap().changes.is_empty());

    // What was read tells whether a new commit matters.
    let looked = |tree: &Arc<dyn FileTree>, path: &str| -> ReadSet {
        let source = SourceTree::new(tree.clone());
        source.read(path).unwrap();
        source.read_set()
    };
    let newer = rig.sources.open(&url, &second).await.unwrap();
    assert!(looked(&tree, "apps/web/b.yaml").unchanged(&*newer).unwrap());
    assert!(!looked(&tree, "apps/web/a.yaml").unchanged(&*newer).unwrap());

    let about = rig.sources.commit_metadata(&url, &first).await.unwrap();
    assert_eq!(
        (about.author.as_str(), about.message.as_str()),
        ("Fairway <fairway@localhost>", "First\n\nbody")
    );
    assert!(about.date.elapsed().unwrap() < Duration::from_secs(600));

    // Another process finds the mirror on disk: a known commit needs no network.
    let cached = sources(&rig.dir.path().join("cache"));
    rig.server.faults().set_git(Fault::Status(500));
    let tree = cached.open(&url, &second).await.unwrap();
    assert_eq!(text(&tree, "apps/web/a.yaml").as_deref(), Some("a: 2\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_a_revision_resolves() {
    let rig = Rig::new().await;
    let url = rig.create("app", files());
    rig.script(
        &url,
        "git tag v1.0.0; git commit -q --allow-empty -m 2; git tag -a -m x v1.2.0; git tag v2.0.0-rc.1 ; \
         git checkout -q -b feature/x; git commit -q --allow-empty -m 3; git branch v1.0.0; git branch gone; \
         git commit -q --allow-empty -m 4; git push -q origin --all; git push -q origin --tags; \
         git push -q origin HEAD~0:refs/pull/7/head; git reset -q --hard HEAD~1; git push -q -f origin feature/x",
    );
    let git = |spec: &str| {
        let output =
            Command::new("git").current_dir(rig.dir.path().join("work")).args(["rev-parse", spec]).output();
        String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
    };
    let resolve = |revision: &str| {
        let (sources, url, revision) = (rig.sources.clone(), url.clone(), revision.to_owned());
        async move { sources.resolve(&url, &revision).await.map(|commit| commit.to_string()) }
    };
    let main = git("main");
    for (revision, expected) in [
        ("main", main.clone()),
        ("HEAD", main.clone()),
        ("refs/heads/feature/x", git("feature/x")),
        ("feature/x", git("feature/x")),
        ("v1.2.0", git("v1.2.0^{commit}")),
        ("1.x", git("v1.2.0^{commit}")),
        ("~1.0", git("refs/tags/v1.0.0")),
        (">=2.0.0-0", git("v2.0.0-rc.1")),
        // A branch comes before a tag of the same name.
        ("v1.0.0", git("refs/heads/v1.0.0")),
        ("refs/tags/v1.0.0", git("refs/tags/v1.0.0")),
        (&main[..7], main.clone()),
        (&main.to_uppercase(), main.clone()),
    ] {
        assert_eq!(resolve(revision).await.unwrap(), expected, "{revision}");
    }
    let error = resolve("nope").await.unwrap_err();
    assert_eq!(error.kind, SourceErrorKind::RevisionNotFound);
    assert_eq!(error.to_string(), "unable to resolve 'nope' to a commit SHA");
    assert!(resolve("3.x").await.is_err());

    // What no branch or tag leads to is fetched when it is named.
    let pull = resolve("refs/pull/7/head").await.unwrap();
    assert!(rig.sources.open(&url, &pull).await.is_ok());
    rig.script(&url, "git commit -q --allow-empty -m lost; git push -q origin HEAD:refs/hidden/x; git rev-parse HEAD > ../lost");
    let lost = std::fs::read_to_string(rig.dir.path().join("lost")).unwrap();
    rig.sources.open(&url, lost.trim()).await.unwrap();
    let missing = rig.sources.open(&url, &"1".repeat(40)).await.err().unwrap();
    assert_eq!(missing.kind, SourceErrorKind::RevisionNotFound);

    // A deleted branch goes, and makes room for one below its name.
    rig.script(&url, "git push -q origin :gone; git push -q origin HEAD:refs/heads/gone/below");
    rig.sources.refresh(&url).await.unwrap();
    assert!(resolve("gone").await.is_err());
    assert!(resolve("gone/below").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_on_this_machine_is_read_in_place() {
    let rig = Rig::new().await;
    let url = rig.create("org/app", files());
    rig.sources.add_local_root(&rig.server.url(), rig.server.store().root().to_owned());
    rig.sources.add_local_root(&rig.server.ssh_url(), rig.server.store().root().to_owned());
    // The server could not answer: nothing is fetched.
    rig.server.faults().set_git(Fault::Status(500));
    let ssh = format!("{}/org/app.git", rig.server.ssh_url());
    let path = rig.server.store().path(&RepoName::parse("org/app").unwrap()).display().to_string();
    for repo in [url.clone(), ssh, path.clone(), format!("file://{path}")] {
        let commit = rig.sources.resolve(&repo, "main").await.unwrap();
        let tree = rig.sources.open(&repo, &commit).await.unwrap();
        assert_eq!(text(&tree, "README.md").as_deref(), Some("hello\n"), "{repo}");
    }
    let begun = Instant::now();
    let second = rig.commit("org/app", &[("README.md", "again\n")]);
    let committed = Instant::now();
    assert_eq!(rig.sources.resolve(&url, "main").await.unwrap(), second);
    let tree = rig.sources.open(&url, &second).await.unwrap();
    assert_eq!(text(&tree, "README.md").as_deref(), Some("again\n"));
    println!("commit {:?}, then resolved, opened and read in {:?}", committed - begun, committed.elapsed());

    // Deleted and made anew under the same name.
    let name = RepoName::parse("org/app").unwrap();
    rig.server.store().delete(&name).unwrap();
    let gone = rig.sources.resolve(&url, "main").await.unwrap_err();
    assert_eq!(gone.kind, SourceErrorKind::RepositoryNotFound);
    rig.create("org/app", MemoryTree::new([("x", "1")]).unwrap());
    let commit = rig.sources.resolve(&url, "main").await.unwrap();
    assert_eq!(text(&rig.sources.open(&url, &commit).await.unwrap(), "x").as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_inside_the_tree_only() {
    let rig = Rig::new().await;
    let url = rig.create("app", files());
    rig.script(
        &url,
        "ln -s apps/web dir; ln -s ../README.md apps/readme; ln -s ../../etc/passwd out; ln -s /etc/passwd abs; \
         ln -s loop loop; ln -s nowhere dead; git add -A; git commit -qm links; git push -q origin HEAD",
    );
    let commit = rig.sources.resolve(&url, "main").await.unwrap();
    let tree = rig.sources.open(&url, &commit).await.unwrap();
    assert_eq!(text(&tree, "dir/a.yaml").as_deref(), Some("a: 1\n"));
    assert_eq!(text(&tree, "apps/readme").as_deref(), Some("hello\n"));
    // `..` after a link leads up from where the link led.
    assert_eq!(text(&tree, "dir/../web/b.yaml").as_deref(), Some("b: 1\n"));
    assert_eq!(tree.list("dir").unwrap().unwrap().len(), 2);
    assert_eq!(text(&tree, "dead"), None);
    let entries = tree.list("").unwrap().unwrap();
    assert_eq!(entries.iter().find(|e| e.name == "dir").unwrap().kind, NodeKind::Symlink);
    for (path, words) in [("out", "leaves the repository"), ("abs", "absolute"), ("loop", "too many levels")]
    {
        let error = tree.read(path).unwrap_err().to_string();
        assert!(error.contains(words), "{path}: {error}");
    }
    assert!(tree.read("../x").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submodule_is_read_from_its_own_mirror() {
    let rig = Rig::new().await;
    rig.create("org/lib", MemoryTree::new([("base/k.yaml", "lib\n")]).unwrap());
    let url = rig.create("org/app", files());
    rig.script(
        &url,
        "git submodule add -q ../lib.git vendor/lib; git commit -qm sub; git push -q origin HEAD",
    );
    rig.commit("org/lib", &[("base/k.yaml", "newer\n")]);
    let commit = rig.sources.resolve(&url, "main").await.unwrap();
    let tree = rig.sources.open(&url, &commit).await.unwrap();
    assert_eq!(text(&tree, "vendor/lib/base/k.yaml").as_deref(), Some("lib\n"));
    assert_eq!(tree.list("vendor").unwrap().unwrap()[0].kind, NodeKind::Dir);
    assert_eq!(tree.list("vendor/lib").unwrap().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_failing_repository_hurts_only_its_own_callers() {
    let rig = Rig::new().await;
    let good = rig.create("good", files());
    let mut options = SourcesOptions::new(rig.dir.path().join("cache2"));
    options.fetch_timeout = Duration::from_millis(400);
    let quick = Sources::new(options, Arc::new(NoCredentials)).unwrap();
    rig.sources.resolve(&good, "main").await.unwrap();

    rig.server.faults().set_git(Fault::Hang);
    let begun = Instant::now();
    let slow = quick.resolve(&good, "main").await.unwrap_err();
    assert_eq!(slow.kind, SourceErrorKind::Timeout, "{slow}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    // The next caller is told the same at once.
    let begun = Instant::now();
    assert_eq!(quick.resolve(&good, "main").await.unwrap_err().kind, SourceErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_millis(200));
    // One that is fetched already goes on.
    assert!(rig.sources.resolve(&good, "main").await.is_ok());

    rig.server.faults().set_git(Fault::Status(401));
    let other = rig.create("other", files());
    let denied = rig.sources.resolve(&other, "main").await.unwrap_err();
    assert_eq!(denied.kind, SourceErrorKind::Denied);
    assert!(denied.to_string().starts_with("failed to list refs: authentication required"), "{denied}");

    // It recovers by itself once the repository is back and the wait is over.
    rig.server.faults().set_git(Fault::None);
    let begun = Instant::now();
    while rig.sources.resolve(&other, "main").await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let missing = format!("{}/none.git", rig.server.url());
    let error = rig.sources.resolve(&missing, "main").await.unwrap_err();
    assert_eq!(error.kind, SourceErrorKind::RepositoryNotFound, "{error}");
    let refused = rig.sources.resolve("http://127.0.0.1:1/x.git", "main").await.unwrap_err();
    assert_eq!(refused.kind, SourceErrorKind::Unreachable);
    assert!(refused.to_string().contains("onnection refused"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_has_no_revision_and_no_error_of_its_own() {
    let rig = Rig::new().await;
    let url = rig.create("empty", MemoryTree::default());
    let error = rig.sources.resolve(&url, "HEAD").await.unwrap_err();
    assert_eq!(error.kind, SourceErrorKind::RevisionNotFound, "{error}");
    rig.script(&url, "git commit -q --allow-empty -m 1; git push -q origin HEAD:main");
    rig.sources.refresh(&url).await.unwrap();
    assert!(rig.sources.resolve(&url, "HEAD").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_a_fetch_and_a_large_tree_reads_fast() {
    let rig = Rig::new().await;
    let paths: Vec<String> =
        (0..3000).map(|n| format!("apps/team-{}/svc-{n}/kustomization.yaml", n % 30)).collect();
    let big =
        MemoryTree::new(paths.iter().map(|p| (p.as_str(), format!("# {p}\nresources: [../../base]\n"))));
    let url = rig.create("big", big.unwrap());
    let begun = Instant::now();
    let calls = (0..50).map(|_| {
        let (sources, url) = (rig.sources.clone(), url.clone());
        tokio::spawn(async move { sources.resolve(&url, "main").await.unwrap() })
    });
    let mut commits = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        commits.push(call.await.unwrap());
    }
    println!("first fetch of 3,000 files, 50 callers: {:?}", begun.elapsed());
    assert!(commits.windows(2).all(|pair| pair[0] == pair[1]));
    let begun = Instant::now();
    let tree = rig.sources.open(&url, &commits[0]).await.unwrap();
    for path in &paths {
        assert!(tree.read(path).unwrap().is_some());
    }
    println!("opened a tree and read 3,000 blobs: {:?}", begun.elapsed());
    let begun = Instant::now();
    for path in &paths {
        assert!(tree.content_id(path).unwrap().is_some());
    }
    println!("3,000 content ids: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_carries_the_key_and_the_known_hosts_and_says_what_is_wrong() {
    let rig = Rig::new().await;
    rig.create("org/app", files());
    // Stands in for `ssh`: notes what it was called with, then runs the command here.
    let program = rig.dir.path().join("ssh");
    let root = rig.server.store().root().display().to_string();
    let script = format!(
        "#!/bin/sh\nd={dir}\necho \"$*\" > $d/called\nfor a in \"$@\"; do case $a in \
         IdentityFile=*) cp ${{a#*=}} $d/key;; UserKnownHostsFile=*) cp ${{a#*=}} $d/hosts;; esac; c=$a; done\n\
         case $c in *denied*) echo 'git@h: Permission denied (publickey).' >&2; exit 255;; *hang*) exec sleep 60;; esac\n\
         cd {root}; eval \"$c\"\n",
        dir = rig.dir.path().display()
    );
    std::fs::write(&program, script).unwrap();
    let chmod = Command::new("chmod").arg("755").arg(&program).status().unwrap();
    assert!(chmod.success());
    let mut credentials = SecretCredentials::new();
    let secret = [("url", "git@h:"), ("sshPrivateKey", "-----KEY-----\nsecret\n")];
    let data = secret.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
    credentials.add_secret(SecretKind::RepoCreds, &data);
    credentials.set_ssh_known_hosts("h ssh-ed25519 AAAA".to_owned());
    let mut options = SourcesOptions::new(rig.dir.path().join("ssh-cache"));
    options.ssh_program = program;
    options.fetch_timeout = Duration::from_secs(2);
    let sources = Sources::new(options, Arc::new(credentials)).unwrap();

    let commit = sources.resolve("git@h:org/app.git", "main").await.unwrap();
    let tree = sources.open("git@h:org/app.git", &commit).await.unwrap();
    assert_eq!(text(&tree, "README.md").as_deref(), Some("hello\n"));
    let read = |name: &str| std::fs::read_to_string(rig.dir.path().join(name)).unwrap();
    let called = read("called");
    assert!(called.contains("BatchMode=yes") && called.contains("StrictHostKeyChecking=yes"), "{called}");
    assert!(called.trim_end().ends_with("-- git@h git-upload-pack 'org/app.git'"), "{called}");
    assert_eq!(
        (read("key").as_str(), read("hosts").as_str()),
        ("-----KEY-----\nsecret\n", "h ssh-ed25519 AAAA")
    );

    let denied = sources.resolve("git@h:denied.git", "main").await.unwrap_err();
    assert_eq!(denied.kind, SourceErrorKind::Denied, "{denied}");
    assert!(denied.to_string().contains("Permission denied") && !denied.to_string().contains("secret"));
    let late = sources.resolve("git@h:hang.git", "main").await.unwrap_err();
    assert_eq!(late.kind, SourceErrorKind::Timeout, "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_of_many_packs_is_renewed_under_its_readers() {
    let rig = Rig::new().await;
    let url = rig.create("app", files());
    let first = rig.sources.resolve(&url, "main").await.unwrap();
    let tree = rig.sources.open(&url, &first).await.unwrap();
    let packs = || {
        let folders = std::fs::read_dir(rig.dir.path().join("cache/git")).unwrap();
        let files = folders.flat_map(|f| std::fs::read_dir(f.unwrap().path().join("objects/pack")).unwrap());
        files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "pack")).count()
    };
    let mut most = 0;
    for number in 0..53 {
        rig.commit("app", &[("n", &number.to_string())]);
        rig.sources.refresh(&url).await.unwrap();
        most = most.max(packs());
    }
    assert_eq!(most, 50);
    assert!(packs() < 10, "{}", packs());
    assert_eq!(text(&tree, "apps/web/b.yaml").as_deref(), Some("b: 1\n"));
    let last = rig.sources.resolve(&url, "main").await.unwrap();
    assert_eq!(text(&rig.sources.open(&url, &last).await.unwrap(), "n").as_deref(), Some("52"));
}
