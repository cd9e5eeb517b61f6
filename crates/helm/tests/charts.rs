//! Small charts, rendered whole.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use fairway_core::{ContentId, FileTree, MemoryTree, NodeKind, TreeEntry, TreeError};
use fairway_helm::{Chart, CompiledChart, Error, Options, Show, ValueSources, ValuesFile};
use fairway_template::{FixedClock, Limits, Ports, SeededRandom};
use std::sync::Arc;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

fn load(files: &[(&str, &str)]) -> Result<Chart, Error> {
    let mut tree = MemoryTree::default();
    for (path, text) in files {
        tree.insert(path, text.as_bytes()).unwrap();
    }
    Chart::load(&tree, "")
}

fn options(values: &str) -> Options {
    let file = ValuesFile { name: "user".to_owned(), text: values.to_owned() };
    let sources = ValueSources { files: vec![file], ..ValueSources::default() };
    let values = sources.merge(&|_| Ok(String::new())).unwrap();
    Options { release_name: "r".to_owned(), namespace: "ns".to_owned(), values, ..Options::default() }
}

fn render(files: &[(&str, &str)], options: &Options, show: &Show) -> Result<String, Error> {
    let random = SeededRandom::new(1);
    let ports = Ports { clock: &FixedClock(0), random: &random };
    CompiledChart::new(Arc::new(load(files)?)).render(options, ports)?.stream(show)
}

fn check(files: &[(&str, &str)], values: &str, expect: &str) {
    match render(files, &options(values), &Show::default()) {
        Ok(text) => assert_eq!(text, expect),
        Err(error) => panic!("{error}"),
    }
}

fn refused(files: &[(&str, &str)], expect: &str) {
    let error = render(files, &options(""), &Show::default()).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
}

#[test]
fn numbers_of_values_files_are_floats_and_those_of_settings_are_not() {
    let files = [
        ("Chart.yaml", CHART),
        ("values.yaml", "size: 10000000\n"),
        ("templates/a.yaml", "file: {{ .Values.size }}\nset: {{ .Values.s }}\n"),
    ];
    let mut options = options("");
    let sources = ValueSources { set: vec!["s=10000000".to_owned()], ..ValueSources::default() };
    options.values = sources.merge(&|_| Ok(String::new())).unwrap();
    let text = render(&files, &options, &Show::default()).unwrap();
    assert_eq!(text, "---\n# Source: c/templates/a.yaml\nfile: 1e+07\nset: 10000000\n");
}

#[test]
fn null_removes_a_default_and_maps_are_merged() {
    let files = [
        ("Chart.yaml", CHART),
        ("values.yaml", "a: {x: 1, w: 2}\nb: 3\n"),
        ("templates/a.yaml", "v: {{ .Values }}\n"),
    ];
    check(
        &files,
        "a: {x: null, z: 5}\nb: null\n",
        "---\n# Source: c/templates/a.yaml\nv: map[a:map[w:2 z:5]]\n",
    );
}

const PARENT: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:\n- name: s\n  version: 0.x\n  alias: one\n  condition: one.enabled\n- name: s\n  version: 0.x\n  alias: two\n  tags: [extra]\n  import-values:\n  - child: out\n    parent: got\n  - shared\n";

const SUB: [(&str, &str); 3] = [
    ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 0.2.0\n"),
    ("charts/s/values.yaml", "name: sub\nenabled: true\nout: {k: 1}\nexports: {shared: {top: 2}}\n"),
    (
        "charts/s/templates/a.yaml",
        "chart: {{ .Chart.Name }}\nname: {{ .Values.name }}\ng: {{ .Values.global.g }}\n",
    ),
];

fn family(parent_template: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut files = vec![
        ("Chart.yaml", PARENT),
        ("values.yaml", "global: {g: 7}\n"),
        ("templates/p.yaml", parent_template),
    ];
    files.extend(SUB);
    files
}

#[test]
fn a_chart_can_be_used_twice_under_other_names() {
    let expect = "---\n# Source: c/charts/one/templates/a.yaml\nchart: one\nname: sub\ng: 7\n\
        ---\n# Source: c/charts/two/templates/a.yaml\nchart: two\nname: second\ng: 7\n\
        ---\n# Source: c/templates/p.yaml\np: 1 2\n";
    check(&family("p: {{ .Values.got.k }} {{ .Values.top }}\n"), "two: {name: second}\n", expect);
}

#[test]
fn conditions_and_tags_switch_subcharts_off() {
    let expect = "---\n# Source: c/templates/p.yaml\np: map[]\n";
    check(&family("p: {{ .Subcharts }}\n"), "one: {enabled: false}\ntags: {extra: false}\n", expect);
}

#[test]
fn the_parents_templates_win_and_libraries_lend_partials() {
    let files = [
        ("Chart.yaml", CHART),
        ("templates/_a.tpl", "{{ define \"x\" }}parent{{ end }}"),
        ("templates/a.yaml", "x: {{ template \"x\" . }} {{ template \"y\" . }}\n"),
        ("charts/l/Chart.yaml", "apiVersion: v2\nname: l\nversion: 0.1.0\ntype: library\n"),
        ("charts/l/templates/_b.tpl", "{{ define \"x\" }}lib{{ end }}{{ define \"y\" }}lent{{ end }}"),
        ("charts/l/templates/b.yaml", "no: manifest\n"),
    ];
    check(&files, "", "---\n# Source: c/templates/a.yaml\nx: parent lent\n");
}

#[test]
fn hooks_follow_the_manifests_and_can_be_left_out() {
    let files = [
        ("Chart.yaml", CHART),
        ("crds/x.yaml", "kind: CustomResourceDefinition\n"),
        ("templates/NOTES.txt", "hello {{ .Release.Name }}"),
        ("templates/a.yaml", "kind: Service\n---\nkind: Namespace\n"),
        ("templates/h.yaml", "kind: Job\nmetadata:\n  annotations:\n    helm.sh/hook: pre-install\n"),
        ("templates/t.yaml", "kind: Pod\nmetadata:\n  annotations:\n    helm.sh/hook: test\n"),
    ];
    let kinds = |show: Show| {
        let text = render(&files, &options(""), &show).unwrap();
        text.lines().filter_map(|l| l.strip_prefix("kind: ")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(Show::default()), "Namespace Service Pod Job");
    assert_eq!(kinds(Show { skip_tests: true, ..Show::default() }), "Namespace Service Job");
    assert_eq!(kinds(Show { no_hooks: true, ..Show::default() }), "Namespace Service");
    let with_crds = Show { include_crds: true, ..Show::default() };
    assert_eq!(kinds(with_crds), "CustomResourceDefinition Namespace Service Pod Job");
    assert_eq!(kinds(Show { only: vec!["templates/h.*".to_owned()], ..Show::default() }), "Job");
    let none = Show { only: vec!["templates/x.yaml".to_owned()], ..Show::default() };
    assert!(matches!(render(&files, &options(""), &none), Err(Error::NoTemplate(_))));
}

#[test]
fn files_and_capabilities_can_be_asked() {
    let files = [
        ("Chart.yaml", CHART),
        ("conf/a.txt", "one\ntwo\n"),
        ("conf/b.txt", "x"),
        (
            "templates/a.yaml",
            "get: {{ .Files.Get \"conf/b.txt\" }}\nlines: {{ .Files.Lines \"conf/a.txt\" }}\n\
             glob: {{ range $p, $b := .Files.Glob \"conf/*.txt\" }}{{ $p }} {{ end }}\n{{ (.Files.Glob \"**/b.txt\").AsConfig }}\n\
             has: {{ .Capabilities.APIVersions.Has \"apps/v1\" }} {{ .Capabilities.APIVersions.Has \"x/v1\" }}\n\
             kube: {{ .Capabilities.KubeVersion }} {{ .Capabilities.KubeVersion.Minor }}\n",
        ),
    ];
    let mut options = options("");
    options.kube_version = Some("1.31".to_owned());
    options.api_versions = vec!["x/v1".to_owned()];
    let text = render(&files, &options, &Show::default()).unwrap();
    let expect = "---\n# Source: c/templates/a.yaml\nget: x\nlines: [one two]\nglob: conf/a.txt conf/b.txt \nb.txt: x\n\
        has: true true\nkube: v1.31 31\n";
    assert_eq!(text, expect);
}

#[test]
fn charts_that_do_not_suit_are_refused() {
    refused(&[("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\ntype: library\n")], "not installable");
    refused(
        &[("Chart.yaml", "apiVersion: v2\nname: c\nversion: x\n")],
        "chart.metadata.version \"x\" is invalid",
    );
    refused(&[("values.yaml", "")], "Chart.yaml file is missing");
    let old = "apiVersion: v2\nname: c\nversion: 0.1.0\nkubeVersion: \">=99\"\n";
    refused(&[("Chart.yaml", old)], "incompatible with Kubernetes v1.20.0");
    let needs = "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:\n- name: zz\n  version: 1.0.0\n  repository: https://x\n";
    refused(&[("Chart.yaml", needs)], "missing in charts/ directory: zz");
    refused(
        &[("Chart.yaml", CHART), ("templates/a.yaml", "- 1\n")],
        "YAML parse error on c/templates/a.yaml",
    );
    refused(
        &[("Chart.yaml", CHART), ("templates/a.yaml", "{{ .x.y.z }")],
        "parse error at (c/templates/a.yaml:1)",
    );
    refused(&[("Chart.yaml", CHART), ("templates/a.yaml", "{{ .Values.a.b }}")], "nil pointer evaluating");
    refused(
        &[("Chart.yaml", CHART), ("values.schema.json", r#"{"required":["n"]}"#)],
        "c:\n- at '': missing property 'n'",
    );
}

#[test]
fn a_render_that_takes_too_much_is_stopped() {
    let files = [("Chart.yaml", CHART), ("templates/a.yaml", "{{ range 100000000 }}x{{ end }}")];
    let mut options = options("");
    options.limits = Limits { steps_max: 10_000, ..Limits::default() };
    let error = render(&files, &options, &Show::default()).unwrap_err().to_string();
    assert!(error.contains("steps"), "{error}");
}

#[test]
fn one_compiled_chart_serves_many_releases() {
    let files =
        [("Chart.yaml", CHART), ("templates/a.yaml", "name: {{ .Release.Name }}-{{ .Values.count }}\n")];
    let chart = CompiledChart::new(Arc::new(load(&files).unwrap()));
    let random = SeededRandom::new(1);
    let ports = Ports { clock: &FixedClock(0), random: &random };
    for n in 0..3 {
        let release = chart.render(&options(&format!("count: {n}")), ports).unwrap();
        assert_eq!(release.manifests[0].content, format!("name: r-{n}"));
    }
}

fn whole_error(files: &[(&str, &str)], values: &str) -> String {
    render(files, &options(values), &Show::default()).unwrap_err().to_string()
}

#[test]
fn an_error_begins_with_helms_words_and_goes_on_with_place_calls_and_value() {
    let files = [
        ("Chart.yaml", CHART),
        ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 0.2.0\n"),
        ("charts/s/values.yaml", "db: {hots: h}\n"),
        (
            "charts/s/templates/_h.tpl",
            "{{- define \"s.url\" -}}\nurl: {{ .Values.db.host.name }}\n{{- end -}}\n",
        ),
        ("charts/s/templates/a.yaml", "kind: X\n{{ include \"s.url\" . }}\n"),
    ];
    let expect = "\
template: c/charts/s/templates/a.yaml:2:3: executing \"c/charts/s/templates/a.yaml\" at <include \"s.url\" .>: error \
calling include: template: c/charts/s/templates/_h.tpl:2:15: executing \"s.url\" at <.Values.db.host.name>: nil pointer \
evaluating interface {}.name

  in c/charts/s/templates/_h.tpl:2:15, template \"s.url\", chart s 0.2.0
    2 | url: {{ .Values.db.host.name }}
      |         ^^^^^^^^^^^^^^^^^^^^
  .Values.db.host is nil: .Values.db has no host, it has the key hots; did you mean hots?
  called in c/charts/s/templates/a.yaml:2:3 by include \"s.url\" .";
    assert_eq!(whole_error(&files, ""), expect);
}

#[test]
fn a_manifest_that_is_no_yaml_is_shown_with_the_line_that_wrote_it() {
    let files = [
        ("Chart.yaml", CHART),
        ("templates/a.yaml", "kind: X\n---\n{{- if true }}\nkind: Y\na: {{ .Values.a }}\n{{- end }}\n"),
    ];
    let expect = "\
YAML parse error on c/templates/a.yaml: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in \
this context

  in c/templates/a.yaml as rendered, line 4, column 5
    2 | ---
    3 | kind: Y
    4 | a: b: c
      |     ^
  written by c/templates/a.yaml:5
    5 | a: {{ .Values.a }}
      | ^^^^^^^^^^^^^^^^^^";
    assert_eq!(whole_error(&files, "a: 'b: c'"), expect);
    let secret = [("Chart.yaml", CHART), ("templates/a.yaml", "kind: Secret\na: {{ .Values.a }}\n")];
    let error = whole_error(&secret, "a: 'hunter2: c'");
    assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
}

#[test]
fn values_that_break_a_schema_are_shown_with_who_set_them() {
    let schema = r#"{"properties": {"n": {"type": "integer"}, "token": {"type": "integer"}}}"#;
    let files = [
        ("Chart.yaml", CHART),
        ("values.yaml", "\ns:\n  token: hunter2\n"),
        ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 0.2.0\n"),
        ("charts/s/values.schema.json", schema),
    ];
    let error = whole_error(&files, "s: {'n': two}");
    assert!(error.ends_with(
        "\n\n  s.n is \"two\", set by the values given for the release\n  s.token is a string, not shown, set in \
         c/values.yaml:3"
    ), "{error}");
}

#[test]
fn lookup_finds_what_was_recorded_and_its_secrets_are_not_told() {
    let template = "{{- $s := lookup \"v1\" \"Secret\" .Release.Namespace \"db\" -}}\nkind: X\nold: {{ ($s.data).pin | default \"none\" }}\n\
        n: {{ len (lookup \"v1\" \"Secret\" \"\" \"\").items }}\n";
    let files = [("Chart.yaml", CHART), ("templates/a.yaml", template)];
    let text =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: ns}\ndata: {pin: aHVudGVyMg==}\n";
    let recorded = fairway_helm::RecordedObjects::parse(text).unwrap();
    let random = SeededRandom::new(1);
    let ports = Ports { clock: &FixedClock(0), random: &random };
    let render = |files: &[(&str, &str)]| {
        let chart = CompiledChart::new(Arc::new(load(files).unwrap()));
        let outside = fairway_helm::Outside { lookup: Some(&recorded), ..Default::default() };
        chart.render_with(&options(""), ports, outside).map(|r| r.stream(&Show::default()).unwrap())
    };
    let shown = "---\n# Source: c/templates/a.yaml\nkind: X\nold: aHVudGVyMg==\nn: 1\n";
    assert_eq!(render(&files).unwrap(), shown);
    let wrong = "{{- $s := lookup \"v1\" \"Secret\" .Release.Namespace \"db\" -}}\n{{ $s.data.pin.x }}\n";
    let error = render(&[("Chart.yaml", CHART), ("templates/a.yaml", wrong)]).unwrap_err().to_string();
    assert!(error.contains("$s.data.pin is a string") && !error.contains("aHVu"), "{error}");
}

/// What Helm 3.22 makes of each, as base64; the bytes are `ff 61 fe`, and after it `e2 82 61 62 ff 2f 63`.
#[test]
fn functions_hand_bytes_on_that_are_no_utf8() {
    for (expression, first, second) in [
        (r#"trim $b"#, "/2H+", "4oJhYv8vYw=="),
        (r#"trimAll "\xff" $b"#, "YQ==", "YWL/L2M="),
        (r#"trimAll "c" $b"#, "/2H+", "4oJhYv8v"),
        (r#"replace "a" "b" $b"#, "/2L+", "4oJiYv8vYw=="),
        (r#"replace "\xff" "-" $b"#, "LWH+", "4oJhYi0vYw=="),
        (r#"replace "x" "\xfe" $b"#, "/2H+", "4oJhYv8vYw=="),
        (r#"splitList "a" $b | join ",""#, "/yz+", "4oIsYv8vYw=="),
        (r#"splitList "" $b | join ",""#, "/yxhLP4=", "4iyCLGEsYiz/LC8sYw=="),
        (r#"(split "a" $b)._0"#, "/w==", "4oI="),
        (r#"cat $b "x""#, "/2H+IHg=", "4oJhYv8vYyB4"),
        (r#"squote $b"#, "J/9h/ic=", "J+KCYWL/L2Mn"),
        (r#"base $b"#, "/2H+", "Yw=="),
        (r#"dir $b"#, "Lg==", "4oJhYv8="),
        (r#"clean $b"#, "/2H+", "4oJhYv8vYw=="),
        (r#"js $b"#, "/2H+", "4oJhYv8vYw=="),
        (r#"regexQuoteMeta $b"#, "/2H+", "4oJhYv8vYw=="),
        (r#"regexFind "[^a]+" $b"#, "/w==", "4oI="),
        (r#"regexFindAll "." $b -1 | join "|""#, "/3xhfP4=", "4nyCfGF8Ynz/fC98Yw=="),
        (r#"regexReplaceAll "a" $b "\xfd""#, "//3+", "4oL9Yv8vYw=="),
        (r#"regexReplaceAllLiteral "[^a]" $b "$1""#, "JDFhJDE=", "JDEkMWEkMSQxJDEkMQ=="),
        (r#"regexSplit "a" $b -1 | join "|""#, "/3z+", "4oJ8Yv8vYw=="),
        (r#"upper $b"#, "77+9Qe+/vQ==", "77+977+9QULvv70vQw=="),
        (r#"trunc 2 $b"#, "/2E=", "4oI="),
    ] {
        for (bytes, expect) in [("/2H+", first), ("4oJhYv8vYw==", second)] {
            let template = format!("{{{{ $b := \"{bytes}\" | b64dec }}}}{{{{ {expression} | b64enc }}}}");
            let files = [("Chart.yaml", CHART), ("templates/a.yaml", &format!("a: {template}\n"))];
            check(&files, "", &format!("---\n# Source: c/templates/a.yaml\na: {expect}\n"));
        }
    }
}

#[test]
fn manifests_that_are_no_utf8_are_refused_as_by_helms_reader() {
    for (template, what) in [
        (r#"a: {{ "/2H+" | b64dec }}"#, "invalid leading UTF-8 octet"),
        (r#"a: {{ "4oI=" | b64dec }}"#, "incomplete UTF-8 octet sequence"),
        (r#"# {{ "YeKCYQ==" | b64dec }}"#, "invalid trailing UTF-8 octet"),
        (r#"a: {{ "/2H+" | b64dec | fromYaml | toJson }}{{ fail .Chart.Name }}"#, "execution error"),
    ] {
        refused(&[("Chart.yaml", CHART), ("templates/a.yaml", template)], what);
    }
    let template = r#"a: {{ get ("/2H+" | b64dec | fromYaml) "Error" | quote }}"#;
    let expect = "---\n# Source: c/templates/a.yaml\n\
                  a: \"error converting YAML to JSON: yaml: invalid leading UTF-8 octet\"\n";
    check(&[("Chart.yaml", CHART), ("templates/a.yaml", template)], "", expect);
}

/// A tree in which `templates/b.yaml` is a link that leads nowhere.
struct Dangling(MemoryTree);

impl FileTree for Dangling {
    fn read(&self, path: &str) -> Result<Option<Arc<[u8]>>, TreeError> {
        self.0.read(path)
    }

    fn list(&self, dir: &str) -> Result<Option<Vec<TreeEntry>>, TreeError> {
        let mut entries = self.0.list(dir)?;
        if let Some(entries) = entries.as_mut().filter(|_| dir == "templates") {
            entries.push(TreeEntry { name: "b.yaml".to_owned(), kind: NodeKind::Symlink });
        }
        Ok(entries)
    }

    fn content_id(&self, path: &str) -> Result<Option<ContentId>, TreeError> {
        self.0.content_id(path)
    }
}

#[test]
fn a_link_that_leads_nowhere_is_refused_even_where_it_is_ignored() {
    let files = [("Chart.yaml", CHART), (".helmignore", "b.yaml\n"), ("templates/a.yaml", "a: 1\n")];
    let error = Chart::load(&Dangling(MemoryTree::new(files).unwrap()), "").unwrap_err().to_string();
    assert!(error.contains("error evaluating symlink templates/b.yaml: no such file"), "{error}");
}

#[test]
fn files_of_the_first_version_are_warned_of_in_charts_of_the_second() {
    let chart = load(&[
        ("Chart.yaml", CHART),
        ("requirements.yaml", "dependencies: []\n"),
        ("charts/old/Chart.yaml", "apiVersion: v1\nname: old\nversion: 0.1.0\n"),
        ("charts/old/requirements.yaml", "dependencies: []\n"),
        ("charts/new/Chart.yaml", "apiVersion: v2\nname: new\nversion: 0.1.0\n"),
        ("charts/new/requirements.lock", "dependencies: []\n"),
    ]);
    let said: Vec<String> = chart.unwrap().warnings().iter().map(|w| w.chars().take(24).collect()).collect();
    assert_eq!(said, ["Dependencies are handled", "Dependency locking is ha"]);
}
