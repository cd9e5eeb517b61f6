//! What kustomize has built in, as the build script lays it out from `defaults.txt`.
//!
//! In that file each section has lines `PATH [KIND [GROUP [VERSION [+]]]]`, `-` for any, `+` for create; in the last one
//! `@KIND [GROUP [VERSION]]` says what the paths below it name. All is canonical and in kustomize's order of field specs.

use super::fieldspec::FieldSpec;
use super::transformer::NameReference;
use crate::id::GvkSelector;
use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/defaults.rs"));

const fn gvk(kind: &'static str, group: &'static str, version: &'static str) -> GvkSelector {
    GvkSelector { group: Cow::Borrowed(group), version: Cow::Borrowed(version), kind: Cow::Borrowed(kind) }
}

const fn spec(
    path: &'static str,
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    create: bool,
) -> FieldSpec {
    FieldSpec { gvk: gvk(kind, group, version), path: Cow::Borrowed(path), create }
}

const fn named(
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    referrers: &'static [FieldSpec],
) -> NameReference {
    NameReference { gvk: gvk(kind, group, version), referrers: Cow::Borrowed(referrers) }
}
