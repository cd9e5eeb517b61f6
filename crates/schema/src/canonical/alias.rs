//! Fields with two names, and fields that decoding moves elsewhere.
//!
//! Source: Kubernetes 1.36 `pkg/apis/core/v1/conversion.go`, `pkg/apis/apps/v1/conversion.go`.

use super::ConvertError;
use fairway_value::{Str, Value};

/// Claim templates are shown with their kind.
pub(super) fn name_claim_templates(object: &mut Value) {
    let claims = object.get_path_mut(&["spec", "volumeClaimTemplates"]).and_then(Value::as_array_mut);
    for claim in claims.into_iter().flat_map(|c| c.make_mut().iter_mut()).filter_map(Value::as_object_mut) {
        claim.insert("apiVersion", "v1");
        claim.insert("kind", "PersistentVolumeClaim");
    }
}

/// A DaemonSet's count of templates is a number, kept as an annotation.
///
/// # Errors
/// It is none.
pub(super) fn count_templates(object: &mut Value) -> Result<(), ConvertError> {
    let path = ["metadata", "annotations", crate::strategy::TEMPLATE_GENERATION];
    let count = match object.get_path(&path) {
        None => 0,
        Some(value) => {
            let text = value.as_str().unwrap_or_default();
            text.parse::<i64>().map_err(|_| {
                let shown = crate::managed::quote(text);
                ConvertError::new(format!("strconv.ParseInt: parsing {shown}: invalid syntax"))
            })?
        }
    };
    object.set_path(&path, count.to_string());
    Ok(())
}

/// `stringData` is write-only: decoding moves it into `data`.
pub(super) fn fold_string_data(secret: &mut Value) {
    let Some(Value::Object(strings)) = secret.as_object_mut().and_then(|m| m.remove("stringData")) else {
        return;
    };
    for (key, value) in &strings.iter().map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>() {
        let encoded = crate::base64::encode(value.as_str().unwrap_or_default().as_bytes());
        secret.set_path(&["data", key], encoded);
    }
}

/// `serviceAccount` is an old name of `serviceAccountName`: both are shown, and the new one wins.
pub(super) fn service_account(spec: &mut Vec<(Str, Value)>) {
    let find = |name: &str| spec.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    if let Some(account) = find("serviceAccountName").or_else(|| find("serviceAccount")) {
        spec.retain(|(k, _)| k != "serviceAccountName" && k != "serviceAccount");
        spec.push(("serviceAccountName".into(), account.clone()));
        spec.push(("serviceAccount".into(), account));
    }
}

/// `podCIDR` is an old name of the first of `podCIDRs`, and wins where both are given.
pub(super) fn first_range(spec: &mut Vec<(Str, Value)>) {
    let find = |name: &str| spec.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone());
    let ranges = find("podCIDRs").filter(|v| v.as_array().is_some_and(|a| !a.is_empty()));
    let first = ranges.as_ref().and_then(|v| v.as_array()?.first().cloned());
    let range = find("podCIDR").filter(|v| v.as_str().is_some_and(|s| !s.is_empty()));
    let (range, ranges) = match (range, ranges) {
        (Some(range), Some(ranges)) if first.as_ref() == Some(&range) => (range, ranges),
        (Some(range), _) => (range.clone(), Value::from(vec![range])),
        (None, Some(ranges)) => (first.unwrap_or_default(), ranges),
        (None, None) => return,
    };
    spec.retain(|(k, _)| k != "podCIDR" && k != "podCIDRs");
    spec.push(("podCIDR".into(), range));
    spec.push(("podCIDRs".into(), ranges));
}
