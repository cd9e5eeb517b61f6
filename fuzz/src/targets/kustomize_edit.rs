//! Edits of kustomizations: the same edit made twice changes nothing more, and no comment line goes.

use fairway_kustomize::{Edit, ListField, edit};

/// Takes one input.
pub fn kustomize_edit(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let changes = [
        Edit::Image("web=registry/web:1.10".into()),
        Edit::Replicas("web".into(), 3),
        Edit::Namespace("prod".into()),
        Edit::Label("app".into(), "web".into()),
        Edit::Resource("extra.yaml".into()),
        Edit::Remove(ListField::Resources, "a*".into()),
        Edit::Fix,
    ];
    for change in &changes {
        if let Ok(once) = edit(text, std::slice::from_ref(change)) {
            assert_eq!(edit(&once, std::slice::from_ref(change)).as_ref(), Ok(&once), "{change:?} {text:?}");
        }
    }
}
