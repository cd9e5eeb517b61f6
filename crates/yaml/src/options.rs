/// Whose reading of scalars and merge keys is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// go-yaml v2, which sigs.k8s.io/yaml (and so Helm and kubectl) reads with: `yes` and `on` are booleans, a merge
    /// key overrides what stands before it, timestamps stay strings.
    #[default]
    V2,
    /// go-yaml v3, which kustomize's kyaml reads with: only `true` and `false` are booleans, explicit keys win over
    /// merged ones, timestamps become RFC 3339 strings.
    V3,
}

/// What a key that stands twice in one mapping means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// The last one counts, as `sigs.k8s.io/yaml.Unmarshal`.
    #[default]
    LastWins,
    /// An error, as `UnmarshalStrict` and every go-yaml v3 decode.
    Refuse,
}

/// How much is read before the input is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text, in bytes.
    pub bytes_max: usize,
    /// Deepest nesting of mappings and sequences.
    pub depth_max: usize,
    /// Most nodes over all documents of one text, aliases counted with all that they stand for.
    pub nodes_max: usize,
}

impl Default for Limits {
    /// 64 MiB (twice the largest Helm repository index seen), 512 levels (as `fairway_value::DEPTH_MAX`) and
    /// 8 million nodes (about four times what 64 MiB of ordinary manifests hold, far below what an alias bomb makes).
    fn default() -> Self {
        Self { bytes_max: 64 << 20, depth_max: fairway_value::DEPTH_MAX, nodes_max: 8_000_000 }
    }
}

/// How text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whose scalars and merge keys.
    pub dialect: Dialect,
    /// What a key that stands twice means.
    pub duplicate_keys: DuplicateKeys,
    /// Keeps floats that are whole numbers floats (`1e6`), for who shows them as Go shows a `float64`.
    pub keep_floats: bool,
    /// How much is read.
    pub limits: Limits,
    /// Whether `.inf` and `.nan` are read; JSON cannot hold them, so that they are refused otherwise.
    pub infinities: bool,
}

impl Options {
    /// As a go-yaml v3 decode: its scalars, and duplicate keys refused.
    #[must_use]
    pub fn v3() -> Self {
        Self { dialect: Dialect::V3, duplicate_keys: DuplicateKeys::Refuse, ..Self::default() }
    }
}
