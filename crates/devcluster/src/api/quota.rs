//! ResourceQuota: object counts. Amounts of cpu, memory and storage are not counted.

use super::call::Call;
use super::status::{ApiError, ApiResult};
use fairway_value::Value;

/// Refuses a new object that a quota of its namespace has no room for.
pub(crate) fn check(call: &Call<'_>, object: &Value) -> ApiResult<()> {
    let resource = &call.resource;
    if !resource.namespaced {
        return Ok(());
    }
    let prefix = format!("{}/", call.target.namespace);
    let (_, quotas) = call.api.store.list("resourcequotas", &prefix);
    if quotas.is_empty() {
        return Ok(());
    }
    let counted = [resource.plural.to_string(), format!("count/{}", resource.group_resource())];
    let name = object.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    for quota in &quotas {
        let Some(hard) = quota.value.get_path(&["spec", "hard"]) else { continue };
        for what in &counted {
            let Some(limit) = hard.get(what).and_then(number) else { continue };
            let (_, existing) = call.api.store.list(&resource.table, &prefix);
            let used = i64::try_from(existing.len()).unwrap_or(i64::MAX);
            if used + 1 > limit {
                let quota =
                    quota.value.get_path(&["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
                let why = format!(
                    "exceeded quota: {quota}, requested: {what}=1, used: {what}={used}, limited: {what}={limit}"
                );
                return Err(ApiError::forbidden(resource, name, &why));
            }
        }
    }
    Ok(())
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
