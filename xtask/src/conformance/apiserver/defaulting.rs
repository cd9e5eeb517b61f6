use super::case::{NOW, Placeholders, UID, difference, read, shown, text};
use crate::conformance::Report;
use fairway_schema::managed::{Write, apply};
use fairway_schema::{Schemas, strategy, validate, warnings};
use fairway_value::Value;
use std::path::Path;

/// Applies each object where none exists and compares with the server's reply.
pub fn run(dir: &Path) -> Report {
    let mut report = Report::default();
    for case in read(&dir.join("apiserver/defaulting.jsonl")) {
        report.case(text(&case, "name"), check(&case));
    }
    report
}

fn check(case: &Value) -> Result<(), String> {
    let desired = case.get("desired").ok_or("no desired")?;
    let schemas = Schemas::builtin();
    let write = Write {
        manager: "fairway",
        api_version: text(desired, "apiVersion"),
        kind: text(desired, "kind"),
        subresource: "",
        force: true,
        now: NOW,
    };
    let mut object = apply(None, desired, &write, schemas).map_err(|e| e.to_string())?;
    object.set_path(&["metadata", "uid"], UID);
    strategy::prepare_create(&mut object, schemas, &mut Placeholders::default())
        .map_err(|e| e.to_string())?;
    if let Some(cause) = validate::create(&object, schemas).first() {
        return Err(format!("refused: {}: {}", cause.field, cause.message));
    }
    object.remove_path(&["metadata", "uid"]);
    let mut object = shown(&object);
    let mut managed = object.remove_path(&["metadata", "managedFields"]).unwrap_or_else(Value::array);
    for entry in managed.as_array_mut().into_iter().flat_map(|m| m.make_mut()) {
        entry.remove_path(&["time"]);
    }
    let said: Value = warnings::on_write(None, &object).into_iter().map(Value::from).collect();
    if let Some(why) = difference(case.get("warnings").unwrap_or(&Value::array()), &said) {
        return Err(format!("warnings{why}"));
    }
    let expected = case.get("live").ok_or("no live")?;
    if let Some(why) = difference(expected, &object) {
        return Err(format!("live{why}"));
    }
    match difference(case.get("managedFields").unwrap_or(&Value::Null), &managed) {
        Some(why) => Err(format!("managedFields{why}")),
        None => Ok(()),
    }
}
