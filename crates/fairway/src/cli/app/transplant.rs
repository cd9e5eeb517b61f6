//! What a change of the desired state makes of the live object.

use fairway_value::Value;

/// Returns `onto` with what changes from `old` to `new`. What neither of them names, such as defaults of the server, stays.
/// Lists of objects with names are matched by name, others of one length by their places; any other list is the new one.
pub(super) fn transplant(old: &Value, new: &Value, onto: &Value) -> Value {
    if old == new {
        return onto.clone();
    }
    match (old, new, onto) {
        (Value::Object(before), Value::Object(after), Value::Object(live)) => {
            let mut out = live.clone();
            for (key, value) in after.iter() {
                let merged = match (before.get(key.as_str()), live.get(key.as_str())) {
                    (Some(old), Some(live)) => transplant(old, value, live),
                    _ => value.clone(),
                };
                out.insert(key.as_str(), merged);
            }
            for (key, _) in before.iter() {
                if after.get(key.as_str()).is_none() {
                    out.remove(key.as_str());
                }
            }
            Value::Object(out)
        }
        (Value::Array(_), Value::Array(_), Value::Array(_)) => {
            let list = |v: &Value| v.as_array().unwrap_or_default().to_vec();
            Value::from(items(&list(old), &list(new), &list(onto)))
        }
        _ => new.clone(),
    }
}

fn items(old: &[Value], new: &[Value], onto: &[Value]) -> Vec<Value> {
    let name = |v: &Value| v.get("name").and_then(Value::as_str).map(str::to_owned);
    let named = |list: &[Value]| list.iter().all(|v| name(v).is_some());
    if named(new) && named(old) && named(onto) {
        let find = |list: &[Value], wanted: &Value| list.iter().find(|v| name(v) == name(wanted)).cloned();
        return new
            .iter()
            .map(|item| match (find(old, item), find(onto, item)) {
                (Some(old), Some(live)) => transplant(&old, item, &live),
                _ => item.clone(),
            })
            .collect();
    }
    if old.len() == new.len() && new.len() == onto.len() {
        return old.iter().zip(new).zip(onto).map(|((old, new), live)| transplant(old, new, live)).collect();
    }
    new.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        fairway_value::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_servers_defaults_stay_where_the_change_does_not_reach() {
        let old =
            read(r#"{"spec":{"replicas":1,"paused":true,"containers":[{"name":"web","image":"a:1"}]}}"#);
        let new = read(
            r#"{"spec":{"replicas":2,"containers":[{"name":"web","image":"a:2"},{"name":"log","image":"l"}]}}"#,
        );
        let live = read(
            r#"{"spec":{"replicas":1,"paused":true,"policy":"Always","containers":[{"name":"web","image":"a:1","pull":"IfNotPresent"}]}}"#,
        );
        let wanted = read(
            r#"{"spec":{"replicas":2,"policy":"Always","containers":[{"name":"web","image":"a:2","pull":"IfNotPresent"},{"name":"log","image":"l"}]}}"#,
        );
        assert_eq!(transplant(&old, &new, &live), wanted);
        assert_eq!(transplant(&old, &old, &live), live);
    }
}
