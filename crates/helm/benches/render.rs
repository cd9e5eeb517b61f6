//! How long a chart takes in one process, as the engine renders it: loaded and compiled once, rendered many times.
//!
//! `cargo bench -p fairway-helm`; with `FAIRWAY_BENCH_CHART=FOLDER` that chart is measured beside the small one.
#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

use fairway_core::MemoryTree;
use fairway_helm::{Chart, CompiledChart, Options, Show};
use fairway_template::{FixedClock, Ports, SeededRandom};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CHART: &str = "apiVersion: v2\nname: small\nversion: 1.0.0\n";
const VALUES: &str = "replicas: 2\nimage: {repository: nginx, tag: '1.27'}\nlabels: {team: web, tier: front}\nports: [80, 443]\n\
    resources: {limits: {cpu: 100m, memory: 128Mi}}\n";
const HELPERS: &str = r#"{{- define "small.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- range $key, $value := .Values.labels }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}"#;
const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: {{- include "small.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "small.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "small.labels" . | nindent 8 }}
    spec:
      containers:
        - name: main
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          ports: {{- range .Values.ports }}
            - containerPort: {{ . }}
          {{- end }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
"#;
const SERVICE: &str = r#"apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  labels: {{- include "small.labels" . | nindent 4 }}
spec:
  ports: {{- range .Values.ports }}
    - port: {{ . }}
  {{- end }}
"#;

fn main() {
    let small = [
        ("Chart.yaml", CHART),
        ("values.yaml", VALUES),
        ("templates/_helpers.tpl", HELPERS),
        ("templates/deployment.yaml", DEPLOYMENT),
        ("templates/service.yaml", SERVICE),
    ];
    measure("small chart", &MemoryTree::new(small).expect("because the paths are clean"));
    if let Some(dir) = std::env::var_os("FAIRWAY_BENCH_CHART") {
        let mut tree = MemoryTree::default();
        add(Path::new(&dir), "", &mut tree);
        measure(&Path::new(&dir).display().to_string(), &tree);
    }
}

fn add(dir: &Path, below: &str, tree: &mut MemoryTree) {
    for entry in std::fs::read_dir(dir).expect("read the chart's folder").flatten() {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            add(&entry.path(), &format!("{name}/"), tree);
        } else {
            let bytes = std::fs::read(entry.path()).expect("read the chart's file");
            tree.insert(&name, bytes).expect("add the chart's file");
        }
    }
}

fn measure(name: &str, tree: &MemoryTree) {
    let load = || CompiledChart::new(Arc::new(Chart::load(tree, "").expect("load the chart")));
    let random = SeededRandom::new(1);
    let ports = Ports { clock: &FixedClock(0), random: &random };
    let options = Options {
        release_name: "demo".to_owned(),
        namespace: "demo".to_owned(),
        kube_version: Some("v1.36.0".to_owned()),
        ..Options::default()
    };
    let render = |chart: &CompiledChart| {
        let release = chart.render(&options, ports).expect("render the chart");
        release.objects(&Show::default()).expect("read the manifests").len()
    };
    let chart = load();
    let objects = render(&chart);
    let cold = time(|| render(&load()));
    let warm = time(|| render(&chart));
    println!("{name}: {objects} objects; from its files {cold}; compiled {warm}");
}

/// The median of runs over about two seconds, and how much of the processor each took: on a busy machine the latter tells
/// more.
fn time(mut run: impl FnMut() -> usize) -> String {
    let begin = (Instant::now(), processor());
    let mut times = Vec::new();
    while times.len() < 5 || begin.0.elapsed() < Duration::from_secs(2) {
        let start = Instant::now();
        std::hint::black_box(run());
        times.push(start.elapsed());
    }
    let each = processor().saturating_sub(begin.1) / u32::try_from(times.len()).unwrap_or(u32::MAX);
    times.sort();
    format!("{:.3?} ({each:.3?} of the processor)", times[times.len() / 2])
}

/// Time that this thread has had on a processor; nought where the system does not tell.
fn processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0))
}
