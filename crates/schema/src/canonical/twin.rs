//! What has been merged over an object in stored form shares with it whatever did not change: that is in stored form already.

use super::ConvertError;
use crate::{Schemas, structural};
use fairway_value::Value;

/// What becomes of a merged object of a built-in kind.
#[derive(Clone, Copy)]
pub(crate) enum Otherwise<'v> {
    /// This form.
    As(super::Form),
    /// As [`super::canonicalize`], told what the object was merged over.
    Over(&'v Value),
}

impl<'v> Otherwise<'v> {
    /// The stored object.
    pub fn twin(self) -> Twin<'v> {
        match self {
            Self::Over(stored) => Some(stored),
            Self::As(_) => None,
        }
    }
}

/// As [`super::canonicalize`], for what an apply has merged: nulls of custom resources stay until they have been validated.
pub(crate) fn canonicalize_applied(
    object: &mut Value,
    schemas: &Schemas,
    otherwise: Otherwise<'_>,
) -> Result<(), ConvertError> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    match schemas.resource(text("apiVersion"), text("kind")) {
        Some(resource) if resource.custom => {
            let twin = otherwise.twin();
            if let Some(schema) = &resource.crd_schema {
                structural::prune_unknown(object, twin, schema);
            }
            super::custom_metadata(object, twin, schemas)
        }
        _ => match otherwise {
            Otherwise::As(form) => super::form(object, form, schemas),
            Otherwise::Over(stored) => {
                super::canonicalize_as(object, Some(stored), schemas, super::Unknown::Dropped)
            }
        },
    }
}

/// The same part of an object that is in stored form already.
pub(crate) type Twin<'v> = Option<&'v Value>;

/// Whether a part is surely the same as its twin because they share their storage.
pub(crate) fn is_twin(value: &Value, twin: Twin<'_>) -> bool {
    match (value, twin) {
        (Value::Object(map), Some(Value::Object(other))) => map.shares(other),
        (Value::Array(items), Some(Value::Array(other))) => std::ptr::eq(items.as_slice(), other.as_slice()),
        _ => false,
    }
}

/// How many entries that are gone may lie between two that are still there, for the second to be found.
const GONE_MAX: usize = 32;

/// The twins of a list's entries: entries that are shared stand in both lists in one order.
pub(crate) struct Twins<'v> {
    left: &'v [Value],
    /// Both lists are of one length: what is not shared stands at its twin's place.
    by_place: bool,
}

impl<'v> Twins<'v> {
    pub fn of(list: Twin<'v>, length: usize) -> Self {
        let left = list.and_then(Value::as_array).unwrap_or_default();
        Self { left, by_place: left.len() == length }
    }

    /// Returns the twin of the next entry: the one that it shares its storage with, else one that may share parts with it.
    pub fn next(&mut self, item: &Value) -> Twin<'v> {
        if !matches!(item, Value::Object(_) | Value::Array(_)) {
            return None;
        }
        let found = self.left.iter().take(GONE_MAX).position(|twin| is_twin(item, Some(twin)));
        let (twin, rest) = self.left.get(found.unwrap_or(0)..)?.split_first()?;
        if found.is_some() || self.by_place {
            self.left = rest;
        }
        Some(twin)
    }
}
