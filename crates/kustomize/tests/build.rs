//! Builds of small trees held in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use fairway_core::{
    FileTree, KustomizeOptions, KustomizePatch, KustomizeReplica, MemoryTree, Str, TreeError,
};
use fairway_kustomize::{
    BuildOptions, ChartInflator, ChartRequest, Error, LoadRestrictor, Overrides, Remote, RemoteTree, Reorder,
    RepoSpec, build,
};
use fairway_value::{Value, from_json};
use std::collections::BTreeMap;
use std::sync::Arc;

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        image: nginx:1
        envFrom: [{configMapRef: {name: settings}}]
";

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    MemoryTree::new(files.iter().map(|(p, t)| (*p, *t))).unwrap()
}

fn yaml(files: &[(&str, &str)], path: &str) -> Result<String, Error> {
    Ok(build(&tree(files), path, &BuildOptions::default())?.yaml())
}

fn error(files: &[(&str, &str)], path: &str) -> String {
    yaml(files, path).unwrap_err().to_string()
}

#[test]
fn an_overlay_changes_its_base_and_references_follow() {
    let out = yaml(
        &[
            ("base/kustomization.yaml", "resources: [d.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n"),
            ("base/d.yaml", DEPLOYMENT),
            (
                "prod/kustomization.yaml",
                "resources: [../base]\nnamePrefix: p-\nnamespace: prod\nimages: [{name: nginx, newTag: '2'}]\n",
            ),
        ],
        "prod",
    )
    .unwrap();
    let expected = "apiVersion: v1
data:
  a: b
kind: ConfigMap
metadata:
  name: p-settings-4h2mbtbbt6
  namespace: prod
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: p-web
  namespace: prod
spec:
  replicas: 1
  template:
    spec:
      containers:
      - envFrom:
        - configMapRef:
            name: p-settings-4h2mbtbbt6
        image: nginx:2
        name: web
";
    assert_eq!(out, expected);
}

#[test]
fn objects_know_the_file_and_line_they_are_from() {
    let files = tree(&[
        ("kustomization.yaml", "resources: [all.yaml]\n"),
        ("all.yaml", "kind: A\nmetadata: {name: a}\n---\nkind: B\nmetadata: {name: b}\n"),
    ]);
    let options = BuildOptions { reorder: Reorder::None, ..BuildOptions::default() };
    let built = build(&files, "", &options).unwrap();
    let origins: Vec<_> = built.objects.iter().map(|o| (o.origin.file.as_str(), o.origin.line)).collect();
    assert_eq!(origins, [("all.yaml", 1), ("all.yaml", 4)]);
}

#[test]
fn an_application_s_overrides_change_the_top_kustomization_only() {
    let files = tree(&[
        ("base/kustomization.yaml", "resources: [d.yaml]\nreplicas: [{name: web, count: 2}]\n"),
        ("base/d.yaml", DEPLOYMENT),
        (
            "app/kustomization.yaml",
            "resources: [../base]\nimages: [{name: nginx, newName: old, newTag: '3'}]\n",
        ),
        (
            "extra/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ncommonAnnotations: {c: d}\n",
        ),
    ]);
    let patch = from_json(
        br#"{"target": {"kind": "Deployment"}, "patch": "- {op: add, path: /spec/paused, value: true}"}"#,
    )
    .unwrap();
    let options = KustomizeOptions {
        name_prefix: "x-".into(),
        images: vec!["nginx=*:$TAG".into()],
        replicas: vec![KustomizeReplica { name: "web".into(), count: 5 }],
        common_labels: BTreeMap::from([("team".into(), "a".into())]),
        label_without_selector: true,
        namespace: "ns".into(),
        patches: vec![KustomizePatch { entry: patch.as_object().unwrap().clone() }],
        components: vec!["../extra".into(), "../gone".into()],
        ignore_missing_components: true,
        ..KustomizeOptions::default()
    };
    let environment = BTreeMap::from([(Str::from("TAG"), Str::from("9"))]);
    let overrides = Overrides::new(&options, &environment).unwrap();
    let built =
        build(&files, "app", &BuildOptions { overrides: Some(&overrides), ..BuildOptions::default() })
            .unwrap();
    let object = built.objects[0].object.value();
    let get = |pointer: &str| object.pointer(pointer).cloned();
    assert_eq!(get("/metadata/name"), Some("x-web".into()));
    assert_eq!(get("/metadata/namespace"), Some("ns".into()));
    assert_eq!(get("/metadata/labels"), from_json(br#"{"team":"a"}"#).ok());
    assert_eq!(get("/metadata/annotations/c"), Some("d".into()));
    assert_eq!(get("/spec/replicas"), Some(Value::Int(5)));
    assert_eq!(get("/spec/paused"), Some(Value::Bool(true)));
    assert_eq!(get("/spec/template/spec/containers/0/image"), Some("old:9".into()));

    let again = KustomizeOptions {
        common_annotations: BTreeMap::from([("k".into(), "v".into())]),
        ..KustomizeOptions::default()
    };
    let overrides = Overrides::new(&again, &BTreeMap::new()).unwrap();
    let files = tree(&[
        ("kustomization.yaml", "resources: [d.yaml]\ncommonAnnotations: {k: w}\n"),
        ("d.yaml", DEPLOYMENT),
    ]);
    let options = BuildOptions { overrides: Some(&overrides), ..BuildOptions::default() };
    assert!(build(&files, "", &options).unwrap_err().to_string().contains("already in kustomization file"));
}

#[test]
fn errors_name_the_file_the_field_and_the_resource() {
    let with = |k: &'static str| error(&[("kustomization.yaml", k), ("d.yaml", DEPLOYMENT)], "");
    assert!(with("resources: [d.yaml]\nnameprefiks: x\n").contains("unknown field `nameprefiks`"));
    assert!(with("resources: [d.yaml]\ncommonLabels: {a: 1}\n").contains("commonLabels.a"));
    assert!(with("resources: [d.yaml, d.yaml]\n").contains("Deployment.v1.apps/web"));
    assert!(with("resources: [gone.yaml]\n").contains("gone.yaml"));
    assert!(with("resources: [../up.yaml]\n").contains("../up.yaml"));
    assert!(with("{}\n").contains("empty"));
    assert!(with("resources: [d.yaml]\npatches: [{patch: '- {op: remove, path: /no}', target: {kind: Deployment}}]\n").contains("/no"));
    assert!(
        with("resources: [d.yaml]\npatches: [{patch: '- [', target: {kind: '('}}]\n").contains("patches[0]")
    );
    let function = "resources: [d.yaml]\ntransformers:\n- |-\n  apiVersion: example.com/v1\n  kind: Fn\n  metadata: {name: f}\n";
    assert!(with(function).contains("exec and container functions are off"));
}

#[test]
fn errors_about_the_shape_of_a_kustomization_name_the_line() {
    for (text, expect) in [
        (
            "labels:\n- pairs: x\n",
            "k/kustomization.yaml:2: invalid Kustomization: labels[0].pairs: expected a map",
        ),
        (
            "# c\nimages:\n- name: web\n  tag: x\n",
            "k/kustomization.yaml:4: invalid Kustomization: images[0]: unknown field",
        ),
        (
            "commonLabels:\n  a.b/c: {}\n",
            "k/kustomization.yaml:1: invalid Kustomization: commonLabels.a.b/c: expected",
        ),
        ("namePrefix: p\nkind: Nope\n", "k/kustomization.yaml:2: kind should be Kustomization"),
        (
            "namePrefix: p\ncrds: [none.yaml]\n",
            "k/kustomization.yaml:2: crds[0]: 'k/none.yaml': no such file",
        ),
        ("namePrefix: p\nopenapi: {path: none}\n", "k/kustomization.yaml:2: openapi: 'k/none': no such file"),
        ("namePrefix: p\nsortOptions: {order: z}\n", "k/kustomization.yaml:2: sortOptions: the field"),
    ] {
        let error = error(&[("k/kustomization.yaml", text)], "k");
        assert!(error.starts_with(expect), "{error}");
    }
}

#[test]
fn fields_that_change_nothing_are_read_all_the_same() {
    let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let built = |more: &str| {
        let top = format!("resources: [c.yaml]\n{more}\n");
        yaml(&[("a/kustomization.yaml", &top), ("a/c.yaml", config_map)], "a")
    };
    for fine in ["metadata: {name: a, labels: {x: \"y\"}}", "metadata: null", "helmGlobals: {configHome: x}"]
    {
        assert!(built(fine).is_ok(), "{fine}: {:?}", built(fine));
    }
    for (wrong, field) in [
        ("metadata: x", "metadata"),
        ("metadata: {labels: {a: 1}}", "metadata.labels.a"),
        ("metadata: {creationTimestamp: null}", "creationTimestamp"),
        ("configMapGenerator: [{name: a, type: x}]", "configMapGenerator[0]"),
        ("helmGlobals: {configHome: 5}", "helmGlobals.configHome"),
        ("helmCharts: [{name: a, valuesInline: x}]", "helmCharts[0].valuesInline"),
        ("helmCharts: [{name: a, chartHome: x}]", "chartHome"),
        ("helmChartInflationGenerator: [{chartName: a, helmBin: 5}]", "helmBin"),
    ] {
        let error = built(wrong).unwrap_err().to_string();
        assert!(error.contains(field), "{wrong}: {error}");
    }
}

#[test]
fn what_kustomize_cannot_write_or_read_is_refused() {
    let built = |object: &str, more: &str| {
        let top = format!("resources: [c.yaml]\n{more}\n");
        let object = format!("apiVersion: v1\n{object}\n");
        yaml(&[("kustomization.yaml", &top), ("c.yaml", &object)], "")
    };
    let named = "kind: ConfigMap\nmetadata: {name: c}";
    for (object, more, why) in [
        ("kind: ConfigMap\nmetadata: {name: c}\ndata: {1: a}", "", "key `1`"),
        ("kind: X\nmetadata: {name: c}\nspec: [{true: a}]", "", "key `true`"),
        ("kind: ConfigMap\nmetadata: {name: c, annotations: {'1': a}}", "", "key `1`"),
        ("kind: ConfigMap\nmetadata: {name: c, annotations: [x]}", "", "metadata.annotations"),
        (
            "kind: ConfigMap\nmetadata: {name: c, labels: []}",
            "buildMetadata: [managedByLabel]",
            "metadata.labels",
        ),
        (
            "kind: X\nmetadata: {name: c, annotations: x}",
            "buildMetadata: [originAnnotations]",
            "metadata.annotations",
        ),
        (named, "labels: [{pairs: {'5': a}}]", "key `5`"),
        (named, "configMapGenerator: [{name: g, literals: [1=a]}]", "key `1`"),
        (named, "patches: [{patch: '[{op: add, path: /x, value: 1}]', target: {kind: ConfigMap}}]", "JSON"),
        (named, "replacements: [{source: {kind: ConfigMap}, targets: []}]", "at least one target"),
    ] {
        let error = built(object, more).unwrap_err().to_string();
        assert!(error.contains(why), "{object} {more}: {error}");
    }
    for (object, more, line) in [
        ("kind: ConfigMap\nmetadata: {name: c}\ndata: {'1': a}", "", "  \"1\": a\n"),
        ("kind: FooList", "namePrefix: a-", "kind: FooList\n"),
        ("kind: X\nmetadata: {name: 1.0}", "namePrefix: p-", "  name: p-1.0\n"),
        (
            "kind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}",
            "replacements: [{sourceValue: '', targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]}]",
            "  a: \"\"\n",
        ),
        (
            "kind: ReplicationController\nmetadata: {name: c}",
            "replicas: [{name: c, count: 2}]",
            "  replicas: 2\n",
        ),
        (
            "kind: ReplicationController\nmetadata: {name: c}\nspec: {replicas: '3'}",
            "replicas: [{name: c, count: 2}]",
            "  replicas: \"2\"\n",
        ),
    ] {
        let out = built(object, more).unwrap();
        assert!(out.contains(line), "{object} {more}: {out}");
    }
}

#[test]
fn files_outside_the_kustomization_need_the_flag() {
    let files = tree(&[("a/kustomization.yaml", "resources: [../d.yaml]\n"), ("d.yaml", DEPLOYMENT)]);
    let refused = build(&files, "a", &BuildOptions::default()).unwrap_err().to_string();
    assert!(refused.contains("security"), "{refused}");
    let options = BuildOptions { load_restrictor: LoadRestrictor::None, ..BuildOptions::default() };
    assert_eq!(build(&files, "a", &options).unwrap().objects.len(), 1);
}

#[test]
fn hostile_trees_end_in_errors() {
    let cycle =
        [("a/kustomization.yaml", "resources: [../b]\n"), ("b/kustomization.yaml", "resources: [../a]\n")];
    assert!(error(&cycle, "a").contains("cycle"));

    let chain: Vec<(String, String)> = (0..200)
        .map(|n| (format!("d{n}/kustomization.yaml"), format!("resources: [../d{}]\n", n + 1)))
        .collect();
    let chain = MemoryTree::new(chain).unwrap();
    assert!(build(&chain, "d0", &BuildOptions::default()).unwrap_err().to_string().contains("deeper than"));

    // Each level uses the next one twice: without a bound, 2^40 kustomizations.
    let mut wide = Vec::new();
    for n in 0..40 {
        wide.push((format!("{n}/kustomization.yaml"), "resources: [l, r]\n".to_owned()));
        for side in ["l", "r"] {
            let next = n + 1;
            wide.push((
                format!("{n}/{side}/kustomization.yaml"),
                format!("namePrefix: {side}\nresources: [../../{next}]\n"),
            ));
        }
    }
    let wide = MemoryTree::new(wide).unwrap();
    assert!(build(&wide, "0", &BuildOptions::default()).is_err());

    let bomb: String = (0..60).map(|n| format!("a{}: &a{} [*a{n}, *a{n}]\n", n + 1, n + 1)).collect();
    let bomb = format!("kind: A\nmetadata: {{name: a}}\na0: &a0 [x]\n{bomb}");
    assert!(yaml(&[("kustomization.yaml", "resources: [b.yaml]\n"), ("b.yaml", &bomb)], "").is_err());

    let regex = "resources: [d.yaml]\npatches: [{patch: '[]', target: {name: '((a{100}){100}){100}'}}]\n";
    assert!(yaml(&[("kustomization.yaml", regex), ("d.yaml", DEPLOYMENT)], "").is_err());
}

#[test]
fn the_deepest_nesting_that_is_read_uses_up_no_stack() {
    let nested = |levels: usize| format!("{}1{}", "{a: ".repeat(levels), "}".repeat(levels));
    let object = |levels: usize| format!("kind: A\nmetadata: {{name: a}}\nspec: {}\n", nested(levels));
    let kustomization = "resources: [a.yaml]\nnamePrefix: p-\npatches: [{path: a.yaml}]\nimages: [{name: x, newTag: z}]\nbuildMetadata: [originAnnotations]\n";
    let files = |levels: usize| {
        let object = object(levels);
        yaml(&[("kustomization.yaml", kustomization), ("a.yaml", &object)], "")
    };
    assert_eq!(files(500).map(|_| ()), Ok(()));
    assert!(files(600).is_err());
}

struct Elsewhere;

impl Remote for Elsewhere {
    fn repository(&self, spec: &RepoSpec) -> Result<RemoteTree, String> {
        if spec.clone_url != "https://github.com/org/repo" || spec.reference != "v1" {
            return Err(format!("unknown repository {}", spec.clone_url));
        }
        let files = tree(&[
            ("base/kustomization.yaml", "resources: [d.yaml, ../../out]\n"),
            ("ok/kustomization.yaml", "resources: [d.yaml]\n"),
            ("ok/d.yaml", DEPLOYMENT),
        ]);
        Ok(RemoteTree { tree: Arc::new(files) })
    }

    fn file(&self, url: &str) -> Result<Arc<[u8]>, String> {
        if url == "https://host/service.yaml" {
            return Ok(b"kind: Service\nmetadata: {name: s}\n".as_slice().into());
        }
        Err("status code 404".to_owned())
    }
}

#[test]
fn remote_bases_and_files_come_through_the_port() {
    let kustomization =
        "resources: ['https://github.com/org/repo//ok?ref=v1', 'https://host/service.yaml']\n";
    let files = [("kustomization.yaml", kustomization)];
    assert!(error(&files, "").contains("not available here"));
    let options = BuildOptions { remote: Some(&Elsewhere), ..BuildOptions::default() };
    let built = build(&tree(&files), "", &options).unwrap();
    assert_eq!(built.objects.len(), 2);
    let leaving =
        tree(&[("kustomization.yaml", "resources: ['https://github.com/org/repo//base?ref=v1']\n")]);
    assert!(build(&leaving, "", &options).is_err());
    let missing = tree(&[("kustomization.yaml", "resources: ['https://host/none.yaml']\n")]);
    assert!(build(&missing, "", &options).unwrap_err().to_string().contains("404"));
}

struct OneChart;

impl ChartInflator for OneChart {
    fn inflate(&self, _: &dyn FileTree, request: &ChartRequest) -> Result<String, String> {
        let values = request.values.join("|").replace('\n', ";");
        Ok(format!(
            "kind: ConfigMap\napiVersion: v1\nmetadata: {{name: {}}}\ndata: {{dir: {:?}, values: {values:?}, namespace: {:?}}}\n",
            request.release_name, request.chart_dir, request.namespace
        )
        .replace("Some(", "").replace("\")", "\""))
    }
}

#[test]
fn charts_come_through_the_port_and_keep_their_namespace() {
    let files = tree(&[
        (
            "kustomization.yaml",
            "namespace: ns\nnamePrefix: p-\nhelmCharts:\n- {name: web, releaseName: rel, valuesInline: {a: {b: 2}}}\n",
        ),
        ("charts/web/values.yaml", "a: {b: 1, c: 3}\n"),
    ]);
    assert!(build(&files, "", &BuildOptions::default()).unwrap_err().to_string().contains("--enable-helm"));
    let options = BuildOptions { enable_helm: true, charts: Some(&OneChart), ..BuildOptions::default() };
    let built = build(&files, "", &options).unwrap();
    let object = built.objects[0].object.value();
    assert_eq!(object.pointer("/data/values"), Some(&"a:;  b: 2;  c: 3;".into()));
    assert_eq!(object.pointer("/data/dir"), Some(&"charts/web".into()));
    assert_eq!(object.pointer("/data/namespace"), Some(&"ns".into()));
    assert_eq!(object.pointer("/metadata/name"), Some(&"p-rel".into()));
    assert_eq!(object.pointer("/metadata/namespace"), None);
}

/// A tree whose store is broken.
struct Broken;

impl FileTree for Broken {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        Err(TreeError::Store { path: path.to_owned(), why: "the store is away".to_owned() })
    }
    fn list(&self, _: &str) -> Result<Option<Vec<fairway_core::TreeEntry>>, TreeError> {
        Ok(Some(Vec::new()))
    }
    fn content_id(&self, _: &str) -> Result<Option<fairway_core::ContentId>, TreeError> {
        Ok(None)
    }
}

#[test]
fn a_broken_store_is_not_taken_for_a_missing_file() {
    let error = build(&Broken, "", &BuildOptions::default()).unwrap_err().to_string();
    assert!(error.contains("the store is away"), "{error}");
}

#[test]
fn a_generator_merges_into_the_data_that_a_secret_states_as_texts() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==, b: eA==}\nstringData: {b: 1.0, c: z}\n";
    let kustomization = "resources: [s.yaml]\nsecretGenerator:\n- {name: s, behavior: merge, literals: [d=w], options: {disableNameSuffixHash: true}}\n";
    let out = yaml(&[("kustomization.yaml", kustomization), ("s.yaml", secret)], "").unwrap();
    assert!(out.contains("data:\n  a: eA==\n  b: MS4w\n  c: eg==\n  d: dw==\nkind"), "{out}");
    let broken = secret.replace("c: z", "c: [z]");
    let why = error(&[("kustomization.yaml", kustomization), ("s.yaml", &broken)], "");
    assert!(why.contains("stringData: the value of `c` is no text"), "{why}");
}

#[test]
fn images_of_volumes_are_renamed_in_cron_jobs_too() {
    let job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec: {jobTemplate: {spec: {template: {spec: {volumes: [{name: v, image: {reference: nginx}}]}}}}}\n";
    let out = yaml(
        &[
            ("kustomization.yaml", "resources: [j.yaml]\nimages: [{name: nginx, newTag: v2}]\n"),
            ("j.yaml", job),
        ],
        "",
    )
    .unwrap();
    assert!(out.contains("reference: nginx:v2"), "{out}");
}

const VALIDATOR: &str = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: check}\nlabels: {validated-by: us}\nfieldSpecs: [{path: metadata/labels, create: true}]\n";

#[test]
fn a_validator_leaves_its_label_and_may_change_nothing_else() {
    let build = |object: &str, more: &str| {
        let kustomization = format!("resources: [c.yaml]\nvalidators: [v.yaml]\n{more}");
        yaml(&[("kustomization.yaml", &kustomization), ("c.yaml", object), ("v.yaml", VALIDATOR)], "")
    };
    let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    assert!(build(plain, "").unwrap().contains("labels:\n    validated-by: us\n"));
    assert!(build(plain, "labels: [{pairs: {a: b}}]\n").unwrap().contains("validated-by: us\n"));
    let labelled = plain.replace("name: c", "name: c, labels: {a: b}");
    let why = build(&labelled, "").unwrap_err().to_string();
    assert!(why.contains("validator LabelTransformer/check") && why.contains("ConfigMap"), "{why}");
}

#[test]
fn the_old_spelling_of_envs_is_for_kustomization_files_alone() {
    let generator =
        "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: c}\nliterals: [a=b]\nenv: e.env\n";
    let out = yaml(
        &[("kustomization.yaml", "generators: [g.yaml]\n"), ("g.yaml", generator), ("e.env", "X=1\n")],
        "",
    )
    .unwrap();
    assert!(out.contains("a: b") && !out.contains("X:"), "{out}");
}

#[test]
fn numbers_are_put_into_texts_as_they_were_written() {
    let app =
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a}\nspec: {version: 1.10, major: 1.0}\n";
    let cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: old, w: v-$(MAJOR)}\n";
    let kustomization = "resources: [a.yaml, c.yaml]
replacements:
- source: {kind: App, name: a, fieldPath: spec.version}
  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.v]}]
vars: [{name: MAJOR, objref: {apiVersion: example.com/v1, kind: App, name: a}, fieldref: {fieldpath: spec.major}}]
configurations: [conf.yaml]
";
    let conf = "varReference: [{path: data, kind: ConfigMap}]\n";
    let files = [("kustomization.yaml", kustomization), ("a.yaml", app), ("c.yaml", cm), ("conf.yaml", conf)];
    let out = yaml(&files, "").unwrap();
    assert!(out.contains("data:\n  v: \"1.10\"\n  w: v-1.0\n"), "{out}");
}

#[test]
fn annotations_are_there_once_an_object_was_renamed() {
    let cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    let transformer = "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {t: x}\nfieldSpecs: [{path: metadata/annotations}]\n";
    let build = |more: &str| {
        let kustomization = format!("resources: [c.yaml]\ntransformers: [t.yaml]\n{more}");
        yaml(&[("kustomization.yaml", &kustomization), ("c.yaml", cm), ("t.yaml", transformer)], "").unwrap()
    };
    assert!(!build("").contains("t: x"));
    assert!(build("namePrefix: p-\n").contains("annotations:\n    t: x\n"));
}

#[test]
fn annotations_keep_the_text_of_a_date() {
    let cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {since: 2001-12-14}}\ndata: {d: 2001-12-14}\n";
    let out = yaml(&[("kustomization.yaml", "resources: [c.yaml]\n"), ("c.yaml", cm)], "").unwrap();
    assert!(out.contains("since: \"2001-12-14\"") && out.contains("d: \"2001-12-14T00:00:00Z\""), "{out}");
}

#[test]
fn a_component_s_field_specs_must_agree_with_those_that_are_there() {
    let conf = "varReference: [{path: spec/x, create: true}]\n";
    let other = "varReference: [{path: spec/x, kind: Foo}]\n";
    let component =
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nconfigurations: [conf.yaml]\n";
    let why = error(
        &[
            ("base/kustomization.yaml", "configurations: [conf.yaml]\n"),
            ("base/conf.yaml", conf),
            ("comp/kustomization.yaml", component),
            ("comp/conf.yaml", other),
            ("app/kustomization.yaml", "resources: [../base]\ncomponents: [../comp]\n"),
        ],
        "app",
    );
    assert!(why.contains("comp") && why.contains("spec/x"), "{why}");
}

/// A tree in which `app/link.yaml` leads to `base/d.yaml`, `app/near.yaml` to `app/d.yaml` and `linked` to `base`.
struct Linked(MemoryTree);

fn unlinked(path: &str) -> String {
    match path {
        "app/link.yaml" => "base/d.yaml".to_owned(),
        "app/near.yaml" => "app/d.yaml".to_owned(),
        _ => path.replacen("linked", "base", 1),
    }
}

impl FileTree for Linked {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        self.0.read(&unlinked(path))
    }
    fn list(&self, dir: &str) -> Result<Option<Vec<fairway_core::TreeEntry>>, TreeError> {
        self.0.list(&unlinked(dir))
    }
    fn content_id(&self, path: &str) -> Result<Option<fairway_core::ContentId>, TreeError> {
        self.0.content_id(&unlinked(path))
    }
    fn real_path(&self, path: &str) -> Result<String, TreeError> {
        Ok(unlinked(path))
    }
    fn named(&self, path: &str) -> String {
        format!("/{path}")
    }
}

#[test]
fn links_count_for_what_they_lead_to() {
    let build_with = |resources: &str| {
        let files = [
            ("app/kustomization.yaml", resources),
            ("app/d.yaml", DEPLOYMENT),
            ("base/d.yaml", DEPLOYMENT),
            ("base/kustomization.yaml", "resources: [d.yaml]\nnamePrefix: b-\n"),
        ];
        build(&Linked(tree(&files)), "app", &BuildOptions::default()).map(|b| b.yaml())
    };
    assert!(build_with("resources: [near.yaml]\n").unwrap().contains("name: web"));
    assert!(build_with("resources: [../linked]\n").unwrap().contains("name: b-web"));
    let why = build_with("resources: [link.yaml]\n").unwrap_err().to_string();
    assert!(why.contains("'/base/d.yaml', where '/app/link.yaml' leads to,"), "{why}");
    // Each place is named as the tree names it.
    for (resources, words) in [
        (
            "resources: [gone.yaml]\n",
            "/app/kustomization.yaml:1: resources[0]: accumulation err=''/app/gone.yaml'",
        ),
        ("resource: []\n", "/app/kustomization.yaml:1: invalid"),
        ("resources: [\n", "/app/kustomization.yaml: invalid"),
        ("resources: [../gone]\n", "'/gone': there is no such directory"),
        ("resources: [../app]\n", "candidate root '/app' contains visited root '/app'"),
        ("kind: Component\nresources: [../linked]\ncomponents: [../base]\n", "for path '/base'"),
    ] {
        let why = build_with(resources).unwrap_err().to_string();
        assert!(why.contains(words), "{resources}{why}");
    }
}

#[test]
fn errors_name_the_line_of_the_field_in_each_file_on_the_way() {
    let why = error(
        &[
            ("top/kustomization.yaml", "# prod\nresources:\n- ../base\n"),
            (
                "base/kustomization.yaml",
                "resources:\n- d.yaml\npatches:\n- target: {kind: Pod}\n  patch: '[]'\n- path: gone.yaml\n",
            ),
            ("base/d.yaml", DEPLOYMENT),
        ],
        "top",
    );
    assert!(why.contains("top/kustomization.yaml:3: resources[0]: '../base'"), "{why}");
    assert!(
        why.contains("base/kustomization.yaml:6: patches[1]: ") && why.contains("'base/gone.yaml'"),
        "{why}"
    );
}

#[test]
fn numbers_that_json_lacks_may_become_texts_and_nothing_else() {
    let object = |fields: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n{fields}");
    let built = |fields: &str| {
        yaml(
            &[("kustomization.yaml", "resources: [c.yaml]\nnamePrefix: p-\n"), ("c.yaml", &object(fields))],
            "",
        )
    };
    let annotated = built("  annotations:\n    a: -.Inf\n    b: .NaN\n").unwrap();
    assert!(annotated.contains("    a: \"-.Inf\"\n    b: \".NaN\"\n"), "{annotated}");
    let why = built("data:\n  k: .inf\n").unwrap_err().to_string();
    assert!(why.contains("ConfigMap") && why.contains("unsupported value: .inf"), "{why}");
}

#[test]
fn names_of_releases_and_values_of_charts_are_held_to_the_kustomization() {
    let chart = ("charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    let options = BuildOptions { enable_helm: true, charts: Some(&OneChart), ..BuildOptions::default() };
    let both = "helmCharts:\n- name: c\n  releaseName: r\n  nameTemplate: t\n";
    let files = [("kustomization.yaml", both), chart, ("charts/c/values.yaml", "a: 1\n")];
    let why = build(&tree(&files), "", &options).unwrap_err().to_string();
    assert!(why.contains("kustomization.yaml:2") && why.contains("leave one of them out"), "{why}");
    let outside = "helmGlobals: {chartHome: ../charts}\nhelmCharts:\n- name: c\n";
    let files = [("k/kustomization.yaml", outside), chart, ("charts/c/values.yaml", "a: 1\n")];
    let why = build(&tree(&files), "k", &options).unwrap_err().to_string();
    assert!(why.contains("is not in or below 'k'"), "{why}");
}

#[test]
fn paths_and_copies_have_limits() {
    let map = ("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n");
    let of =
        |fields: &str| error(&[("kustomization.yaml", &format!("resources: [c.yaml]\n{fields}")), map], "");
    let long = |by: &str| vec!["a"; 100_000].join(by);
    let spec = format!("labels: [{{pairs: {{a: b}}, fields: [{{path: {}, create: true}}]}}]\n", long("/"));
    assert!(of(&spec).contains("more than 256 parts"), "{}", of(&spec));
    let copy = |source: &str, path: &str, options: &str| {
        format!(
            "- {{source: {{kind: ConfigMap, fieldPath: {source}}}, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{path}], options: {{{options}}}}}]}}\n"
        )
    };
    let deep = format!("replacements:\n{}", copy("data.k", &long("."), "create: true"));
    assert!(of(&deep).contains("more than 256 parts"), "{}", of(&deep));
    let doubling: String = (0..60).map(|n| copy("data", &format!("data.z{n}"), "create: true")).collect();
    let why = of(&format!("replacements:\n{doubling}"));
    assert!(why.contains("more than 1000000 values"), "{why}");
}
