use crate::error::LuaError;
use crate::sandbox::{Input, run};
use crate::values::from_table;
use fairway_core::{Health, HealthStatus};
use fairway_value::Value;
use mlua::Value as LuaValue;
use std::collections::BTreeMap;

/// Judges an object by a script; nothing where the script does not say. `now` is in seconds since 1970.
///
/// As Argo CD `util/lua` `ExecuteHealthLua`.
///
/// # Errors
/// The script fails, or returns what is no table.
pub fn run_health(
    script: &str,
    object: &Value,
    open_libs: bool,
    now: i64,
) -> Result<Option<Health>, LuaError> {
    let input = Input { object, params: &BTreeMap::new(), open_libs, now };
    run(script, &input, |result| match result {
        LuaValue::Nil => Ok(None),
        LuaValue::Table(table) => Ok(judgement(&from_table(&table)?)),
        other => Err(LuaError::NotTable(other.type_name())),
    })
}

/// Reads `{status, message}`; what is of another shape says nothing, as in Argo CD.
fn judgement(table: &Value) -> Option<Health> {
    let map = table.as_object()?;
    let field = |name: &str| {
        let exact = map.get(name);
        exact.or_else(|| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    };
    let text = |name: &str| match field(name) {
        None | Some(Value::Null) => Some(""),
        Some(value) => value.as_str(),
    };
    let (status, message) = (text("status")?, text("message")?);
    Some(match status_of(status) {
        Some(status) => Health::new(status, message),
        None => Health::new(HealthStatus::Unknown, "Lua returned an invalid health status"),
    })
}

pub(crate) fn status_of(word: &str) -> Option<HealthStatus> {
    Some(match word {
        "Healthy" => HealthStatus::Healthy,
        "Suspended" => HealthStatus::Suspended,
        "Progressing" => HealthStatus::Progressing,
        "Missing" => HealthStatus::Missing,
        "Degraded" => HealthStatus::Degraded,
        "Unknown" => HealthStatus::Unknown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_as_argo_cd_reads_them() {
        let object = fairway_value::from_json(br#"{"status":{"phase":"Ready"}}"#).unwrap();
        let judge = |script: &str| run_health(script, &object, false, 0);
        let hs = "local hs = {} hs.status = 'Healthy' hs.message = obj.status.phase return hs";
        assert_eq!(judge(hs), Ok(Some(Health::new(HealthStatus::Healthy, "Ready"))));
        assert_eq!(judge("return nil"), Ok(None));
        assert_eq!(judge("return {}"), Ok(None));
        assert_eq!(judge("return {status='Healthy', message=5}"), Ok(None));
        let odd = judge("return {status='Great'}").unwrap().unwrap();
        assert_eq!(
            (odd.status, odd.message.as_str()),
            (HealthStatus::Unknown, "Lua returned an invalid health status")
        );
        assert_eq!(judge("return 'x'"), Err(LuaError::NotTable("string")));
        let failed = judge("return obj.spec.x").unwrap_err().to_string();
        assert!(failed.contains("<string>:1") && !failed.contains("traceback"), "{failed}");
        assert!(judge("this is no lua").is_err());
    }
}
