//! What kustomize has built in, as the build script lays it out from `defaults.txt`.
//!
//! In that file each section has lines `PATH [KIND [GROUP [VERSION [+]]]]`, `-` for any, `+` for create; in the last one
//! `@KIND [GROUP [VERSION]]` says what the paths below it name. All is canonical and in kustomize's order of field specs.

use super::fieldspec::FieldSpec;
use super::transformer::NameReference;
use crate::id::Gvk;

include!(concat!(env!("OUT_DIR"), "/defaults.rs"));

/// A field spec; an empty text means any.
pub struct Spec {
    path: &'static str,
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    create: bool,
}

/// The fields that name a kind.
pub struct Named {
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    referrers: &'static [Spec],
}

impl From<&Spec> for FieldSpec {
    fn from(spec: &Spec) -> Self {
        let gvk = Gvk { group: spec.group.into(), version: spec.version.into(), kind: spec.kind.into() };
        Self { gvk, path: spec.path.into(), create: spec.create }
    }
}

impl From<&Named> for NameReference {
    fn from(named: &Named) -> Self {
        let gvk = Gvk { group: named.group.into(), version: named.version.into(), kind: named.kind.into() };
        Self { gvk, referrers: named.referrers.iter().map(FieldSpec::from).collect() }
    }
}
