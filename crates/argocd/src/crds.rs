/// Returns the CRDs of Application, AppProject and ApplicationSet as YAML documents, in that order.
///
/// They describe the full upstream field set structurally; what upstream leaves open stays open
/// (`x-kubernetes-preserve-unknown-fields`).
#[must_use]
pub fn crd_documents() -> [&'static str; 3] {
    [
        include_str!("../data/application-crd.yaml"),
        include_str!("../data/appproject-crd.yaml"),
        include_str!("../data/applicationset-crd.yaml"),
    ]
}
