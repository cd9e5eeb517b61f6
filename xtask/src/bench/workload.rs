//! The reference workload: Applications in one repository, half of them Kustomize overlays of one base, half of them
//! uses of one Helm chart, six objects each.

use anyhow::Context;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Objects of one App.
pub const OBJECTS_PER_APP: usize = 6;

/// Apps that share a namespace; the namespaces are there before the clock starts.
const APPS_PER_NAMESPACE: usize = 20;

/// Image tag that everything starts with.
pub const FIRST_TAG: &str = "1.0.0";

/// The six objects; `NAME` and `TAG` stand for what an overlay or a release fills in.
const OBJECTS: [(&str, &str); OBJECTS_PER_APP] = [
    (
        "deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: NAME\n  labels: {app.kubernetes.io/name: web}\nspec:\n  replicas: 1\n  \
         selector:\n    matchLabels: {app.kubernetes.io/instance: INSTANCE}\n  template:\n    metadata:\n      \
         labels: {app.kubernetes.io/name: web, app.kubernetes.io/instance: INSTANCE}\n    spec:\n      \
         serviceAccountName: NAME\n      containers:\n      - name: web\n        image: registry.example.com/web:TAG\n        \
         ports:\n        - {name: http, containerPort: 8080}\n        envFrom:\n        - configMapRef: {name: NAME}\n        \
         resources:\n          requests: {cpu: 10m, memory: 16Mi}\n          limits: {memory: 64Mi}\n        \
         readinessProbe:\n          httpGet: {path: /healthz, port: http}\n",
    ),
    (
        "service.yaml",
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: NAME\n  labels: {app.kubernetes.io/name: web}\nspec:\n  \
         selector: {app.kubernetes.io/instance: INSTANCE}\n  ports:\n  - {name: http, port: 80, targetPort: http}\n",
    ),
    (
        "configmap.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME\n  labels: {app.kubernetes.io/name: web}\ndata:\n  \
         LOG_LEVEL: info\n  settings.yaml: |\n    colour: blue\n    retries: 3\n",
    ),
    (
        "serviceaccount.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: NAME\n  labels: {app.kubernetes.io/name: web}\n",
    ),
    (
        // No Ingress: without a controller it stays Progressing for ever.
        "role.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: NAME\n  labels: {app.kubernetes.io/name: web}\nrules:\n\
         - apiGroups: [\"\"]\n  resources: [configmaps]\n  resourceNames: [NAME]\n  verbs: [get, watch]\n",
    ),
    (
        "networkpolicy.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: NAME\n  labels: {app.kubernetes.io/name: web}\nspec:\n  \
         podSelector:\n    matchLabels: {app.kubernetes.io/instance: INSTANCE}\n  policyTypes: [Ingress]\n  ingress:\n  \
         - ports:\n    - {port: http}\n",
    ),
];

/// A size of the workload.
pub struct Workload {
    /// How many Applications.
    pub apps: usize,
}

impl Workload {
    /// Returns an App's name.
    pub fn app(index: usize) -> String {
        format!("app-{index:04}")
    }

    /// Returns the namespace of an App's objects.
    pub fn namespace(index: usize) -> String {
        format!("bench-{:02}", index / APPS_PER_NAMESPACE)
    }

    /// Returns the name of an App's objects; an overlay puts its prefix before the base's name.
    pub fn object_name(index: usize) -> String {
        if Self::is_overlay(index) { format!("{}-web", Self::app(index)) } else { Self::app(index) }
    }

    fn is_overlay(index: usize) -> bool {
        index.is_multiple_of(2)
    }

    /// Returns the file that holds an App's image tag, with a tag in it.
    pub fn tag_file(index: usize, tag: &str) -> (String, String) {
        let (app, instance) = (Self::app(index), Self::object_name(index));
        if Self::is_overlay(index) {
            let text = format!(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../base]\nnamePrefix: {app}-\n\
                 images:\n- {{name: registry.example.com/web, newTag: {tag}}}\npatches:\n\
                 - target: {{kind: Deployment}}\n  patch: |\n    - {{op: replace, path: /spec/selector/matchLabels/app.kubernetes.io~1instance, value: {instance}}}\n    \
                 - {{op: replace, path: /spec/template/metadata/labels/app.kubernetes.io~1instance, value: {instance}}}\n\
                 - target: {{kind: Service}}\n  patch: |\n    - {{op: replace, path: /spec/selector/app.kubernetes.io~1instance, value: {instance}}}\n\
                 - target: {{kind: NetworkPolicy}}\n  patch: |\n    - {{op: replace, path: /spec/podSelector/matchLabels/app.kubernetes.io~1instance, value: {instance}}}\n"
            );
            (format!("overlays/{app}/kustomization.yaml"), text)
        } else {
            (format!("values/{app}.yaml"), format!("image:\n  tag: {tag}\n"))
        }
    }

    /// Writes the repository: base, chart, and what each App adds.
    pub fn write_repository(&self, dir: &Path) -> anyhow::Result<()> {
        let write = |path: &str, text: &str| -> anyhow::Result<()> {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().context("a path has a parent")?)?;
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))
        };
        let names: Vec<&str> = OBJECTS.iter().map(|(name, _)| *name).collect();
        write(
            "base/kustomization.yaml",
            &format!(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{}]\n",
                names.join(", ")
            ),
        )?;
        write("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")?;
        write("chart/values.yaml", &format!("image:\n  tag: {FIRST_TAG}\n"))?;
        for (name, text) in OBJECTS {
            write(&format!("base/{name}"), &fill(text, "web", "web", FIRST_TAG))?;
            let release = "{{ .Release.Name }}";
            let templated = fill(text, release, release, "{{ .Values.image.tag }}");
            write(&format!("chart/templates/{name}"), &templated)?;
        }
        for index in 0..self.apps {
            let (path, text) = Self::tag_file(index, FIRST_TAG);
            write(&path, &text)?;
        }
        // What the root Application of `up` points at: the Applications themselves are made before the clock starts.
        write("root/empty.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: root}\n")
    }

    /// Returns the namespaces that the objects live in, and the one of the Applications.
    pub fn namespaces(&self) -> String {
        let count = self.apps.div_ceil(APPS_PER_NAMESPACE);
        (0..count).map(|n| Self::namespace(n * APPS_PER_NAMESPACE)).chain(["argocd".to_owned()]).fold(
            String::new(),
            |mut out, name| {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}");
                out
            },
        )
    }

    /// Returns the Applications, with default settings apart from automation.
    pub fn applications(&self, repo_url: &str) -> String {
        let mut out = String::new();
        for index in 0..self.apps {
            let (app, namespace) = (Self::app(index), Self::namespace(index));
            let source = if Self::is_overlay(index) {
                format!("path: overlays/{app}")
            } else {
                format!("path: chart, helm: {{valueFiles: [../values/{app}.yaml]}}")
            };
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {app}, namespace: argocd}}\nspec:\n  \
                 project: default\n  source: {{repoURL: '{repo_url}', targetRevision: HEAD, {source}}}\n  \
                 destination: {{server: 'https://kubernetes.default.svc', namespace: {namespace}}}\n  \
                 syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}\n"
            );
        }
        out
    }

    /// Returns what the repository renders to, for the floor.
    pub fn rendered(&self) -> String {
        let mut out = String::new();
        for index in 0..self.apps {
            let name = Self::object_name(index);
            for (_, text) in OBJECTS {
                let namespace = format!("  namespace: {}\n  labels: ", Self::namespace(index));
                let text = fill(text, &name, &name, FIRST_TAG).replacen("  labels: ", &namespace, 1);
                out.push_str("---\n");
                out.push_str(&text);
            }
        }
        out
    }
}

fn fill(text: &str, name: &str, instance: &str, tag: &str) -> String {
    text.replace("NAME", name).replace("INSTANCE", &format!("'{instance}'")).replace("TAG", tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_app_has_its_objects_under_a_name_of_its_own() {
        let text = Workload { apps: 4 }.rendered();
        let documents = fairway_yaml::parse_documents(&text).expect("the floor's objects parse");
        let keys: std::collections::BTreeSet<String> =
            documents.into_iter().map(|d| fairway_core::Object::new(d.value).key().to_string()).collect();
        assert_eq!(keys.len(), 4 * OBJECTS_PER_APP, "{keys:?}");
    }
}
