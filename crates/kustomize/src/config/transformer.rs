use super::defaults;
use super::fieldspec::{FieldSpec, FieldSpecs, check_path, merge_all};
use crate::decode::{Decode, Fields};
use crate::id::{Gvk, GvkSelector, or};
use fairway_value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

/// Fields that hold the name of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameReference {
    /// The kind that is named.
    pub gvk: GvkSelector,
    /// Where it is named.
    pub referrers: FieldSpecs,
}

/// Where each transformer works.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransformerConfig {
    pub name_prefix: FieldSpecs,
    pub name_suffix: FieldSpecs,
    pub namespace: FieldSpecs,
    pub common_labels: FieldSpecs,
    pub labels: FieldSpecs,
    pub template_labels: FieldSpecs,
    pub volume_claim_template_labels: FieldSpecs,
    pub common_annotations: FieldSpecs,
    pub images: FieldSpecs,
    pub replicas: FieldSpecs,
    pub var_reference: FieldSpecs,
    pub name_reference: Cow<'static, [NameReference]>,
}

const SECTIONS: usize = 11;

impl TransformerConfig {
    /// Returns what kustomize has built in.
    pub fn defaults() -> Arc<Self> {
        static DEFAULT: OnceLock<Arc<TransformerConfig>> = OnceLock::new();
        DEFAULT.get_or_init(|| Arc::new(Self::built_in())).clone()
    }

    fn built_in() -> Self {
        let mut config = Self::default();
        for (name, list) in config.sections_mut() {
            if let Some((_, specs)) = defaults::SECTIONS.iter().find(|(n, _)| *n == name) {
                *list = Cow::Borrowed(specs);
            }
        }
        config.name_reference = Cow::Borrowed(defaults::NAME_REFERENCES);
        config
    }

    fn sections_mut(&mut self) -> [(&'static str, &mut FieldSpecs); SECTIONS] {
        [
            ("namePrefix", &mut self.name_prefix),
            ("nameSuffix", &mut self.name_suffix),
            ("namespace", &mut self.namespace),
            ("commonLabels", &mut self.common_labels),
            ("labels", &mut self.labels),
            ("templateLabels", &mut self.template_labels),
            ("volumeClaimTemplateLabels", &mut self.volume_claim_template_labels),
            ("commonAnnotations", &mut self.common_annotations),
            ("images", &mut self.images),
            ("replicas", &mut self.replicas),
            ("varReference", &mut self.var_reference),
        ]
    }

    fn sections(&self) -> [&[FieldSpec]; SECTIONS] {
        [
            &self.name_prefix,
            &self.name_suffix,
            &self.namespace,
            &self.common_labels,
            &self.labels,
            &self.template_labels,
            &self.volume_claim_template_labels,
            &self.common_annotations,
            &self.images,
            &self.replicas,
            &self.var_reference,
        ]
    }

    /// Adds another's specs.
    ///
    /// # Errors
    /// A field that one creates and the other does not.
    pub fn merge(&mut self, other: &Self) -> Result<(), String> {
        for ((name, mine), more) in self.sections_mut().into_iter().zip(other.sections()) {
            if !more.is_empty() {
                merge_all(mine.to_mut(), more).map_err(|e| format!("{name}: {e}"))?;
            }
        }
        let mine = self.name_reference.to_mut();
        for reference in other.name_reference.iter() {
            match mine.iter_mut().find(|r| r.gvk == reference.gvk) {
                Some(there) => merge_all(there.referrers.to_mut(), &reference.referrers)
                    .map_err(|e| format!("nameReference: {e}"))?,
                None => mine.push(reference.clone()),
            }
        }
        self.sort();
        Ok(())
    }

    /// Merges everything into nothing, as each accumulation begins: what a narrower spec of the same field comes before,
    /// a spec for any kind, goes.
    ///
    /// # Errors
    /// As [`TransformerConfig::merge`].
    pub fn canonical(&self) -> Result<Self, String> {
        let mut out = Self::default();
        out.merge(self)?;
        Ok(out)
    }

    fn sort(&mut self) {
        for (_, list) in self.sections_mut() {
            list.to_mut().sort_by(|a, b| compare(&a.gvk, &b.gvk));
        }
        self.name_reference.to_mut().sort_by(|a, b| compare(&a.gvk, &b.gvk));
    }

    /// Reads a file of `configurations`.
    ///
    /// # Errors
    /// Unknown fields and wrong types.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        let mut config = Self::default();
        let mut names: Vec<&'static str> = config.sections_mut().iter().map(|(n, _)| *n).collect();
        names.push("nameReference");
        let fields = Fields::strict(value, "", &names)?;
        for (name, list) in config.sections_mut() {
            *list = fields.list(name)?.into();
        }
        config.name_reference = fields.list("nameReference")?.into();
        config.sort();
        Ok(config)
    }
}

impl Decode for FieldSpec {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let fields = Fields::new(value, path, &["group", "version", "kind", "path", "create"], strict)?;
        let spec = Self {
            gvk: fields.gvk()?.into(),
            path: fields.string("path")?.to_string().into(),
            create: fields.bool("create")?,
        };
        check_path(&spec.path, '/').map_err(|e| format!("{path}.path: {e}"))?;
        Ok(spec)
    }
}

impl Decode for NameReference {
    fn decode(value: &Value, path: &str, strict: bool) -> Result<Self, String> {
        let fields = Fields::new(value, path, &["group", "version", "kind", "fieldSpecs"], strict)?;
        Ok(Self { gvk: fields.gvk()?.into(), referrers: fields.list("fieldSpecs")?.into() })
    }
}

/// Kinds that others need, and kinds that need others, in the order in which kustomize writes them.
const ORDER_FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
/// Kinds that come last.
const ORDER_LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Returns where a kind comes among the others: below 0 before most, above 0 after them.
pub fn rank(kind: &str) -> i64 {
    let position = |list: &[&str]| list.iter().position(|k| *k == kind).and_then(|n| i64::try_from(n).ok());
    match (position(&ORDER_FIRST), position(&ORDER_LAST)) {
        (Some(n), _) => n - 22,
        (None, Some(n)) => n + 1,
        (None, None) => 0,
    }
}

/// Orders kinds as kustomize orders field specs.
fn compare(a: &GvkSelector, b: &GvkSelector) -> Ordering {
    rank(&a.kind).cmp(&rank(&b.kind)).then_with(|| compare_texts(a, b))
}

/// Orders kinds of one rank as kustomize does: by `group_version_kind` as one text.
pub fn compare_texts<S: AsRef<str>>(a: &Gvk<S>, b: &Gvk<S>) -> Ordering {
    fn bytes<S: AsRef<str>>(gvk: &Gvk<S>) -> impl Iterator<Item = u8> {
        let tail = or(&gvk.version, "~V").bytes().chain([b'_']).chain(or(&gvk.kind, "~K").bytes());
        or(&gvk.group, "~G").bytes().chain([b'_']).chain(tail)
    }
    bytes(a).cmp(bytes(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_holds_every_section() {
        let mut config = TransformerConfig::built_in();
        for (name, list) in config.sections_mut() {
            assert_eq!(list.is_empty(), name == "labels", "{name}");
        }
        let config_map = config.name_reference.iter().find(|r| r.gvk.kind == "ConfigMap").unwrap();
        assert!(
            config_map
                .referrers
                .iter()
                .any(|f| f.path.ends_with(r"nginx.ingress.kubernetes.io\/fastcgi-params-configmap"))
        );
    }

    #[test]
    fn the_built_in_table_is_in_order() {
        let config = TransformerConfig::built_in();
        let mut sorted = config.clone();
        sorted.sort();
        assert_eq!(config, sorted);
        assert_eq!(config, config.canonical().unwrap());
    }

    #[test]
    fn a_spec_for_any_kind_is_met_by_one_for_that_path() {
        let mut list = vec![FieldSpec::created("metadata/labels")];
        let narrower = FieldSpec { gvk: Gvk::of_kind("Foo").into(), ..FieldSpec::created("metadata/labels") };
        merge_all(&mut list, std::slice::from_ref(&narrower)).unwrap();
        assert_eq!(list.len(), 2);
        merge_all(&mut list, &[FieldSpec::created("metadata/labels")]).unwrap();
        assert_eq!(list.len(), 2);
        let other = FieldSpec { create: false, ..narrower };
        assert!(merge_all(&mut list, &[other]).is_err());
    }
}
