//! Taking over what an earlier tool owns.

use super::entries::{Entry, Operation, read, write};
use fairway_value::Value;

/// Gives `manager` what the `former` managers own, so that a field which they wrote and which is no longer applied goes with
/// the next apply. Returns the new `metadata.managedFields`, or nothing where no former manager owns anything.
///
/// Entries of subresources stay with whom they are: what was written through `status` or `scale` was not configuration.
/// The last-applied annotation is among what is taken over.
///
/// As client-go `util/csaupgrade` `UpgradeManagedFields`, for several managers at once and for earlier server-side appliers
/// too.
///
/// # Errors
/// The managed fields cannot be read, in the API server's words.
pub fn take_over(live: &Value, former: &[impl AsRef<str>], manager: &str) -> Result<Option<Value>, String> {
    let list = live.get_path(&["metadata", "managedFields"]);
    let named = |name: &str| name != manager && former.iter().any(|f| f.as_ref() == name);
    let text = |item: &Value| item.get("manager").and_then(Value::as_str).is_some_and(named);
    if !list.and_then(Value::as_array).unwrap_or_default().iter().any(text) {
        return Ok(None);
    }
    let (theirs, mut kept): (Vec<Entry>, Vec<Entry>) =
        read(list)?.into_iter().partition(|e| e.subresource.is_empty() && named(&e.manager));
    let Some(first) = theirs.first() else { return Ok(None) };
    let own = kept.iter().position(|e| {
        e.operation == Operation::Apply && e.subresource.is_empty() && e.manager.as_str() == manager
    });
    let mut mine = match own {
        Some(n) => kept.swap_remove(n),
        None => Entry { manager: manager.into(), operation: Operation::Apply, ..first.clone() },
    };
    for entry in &theirs {
        mine.set = mine.set.union(&entry.set);
    }
    kept.push(mine);
    Ok(Some(write(&kept)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn entry(manager: &str, operation: &str, subresource: &str, fields: &str) -> String {
        let sub =
            if subresource.is_empty() { String::new() } else { format!(r#","subresource":"{subresource}""#) };
        format!(
            r#"{{"manager":"{manager}","operation":"{operation}","apiVersion":"v1","fieldsType":"FieldsV1","time":"2024-01-01T00:00:00Z","fieldsV1":{fields}{sub}}}"#
        )
    }

    fn live(entries: &[String]) -> Value {
        from_json(format!(r#"{{"metadata":{{"managedFields":[{}]}}}}"#, entries.join(",")).as_bytes())
            .unwrap()
    }

    const A: &str = r#"{"f:data":{"f:a":{}}}"#;
    const B: &str = r#"{"f:data":{"f:b":{}}}"#;

    #[test]
    fn updates_and_applies_of_former_managers_become_ours_and_the_rest_stays() {
        let before = live(&[
            entry("old", "Update", "", A),
            entry("older", "Apply", "", B),
            entry("someone", "Update", "", A),
            entry("old", "Update", "status", B),
        ]);
        let after = take_over(&before, &["old", "older"], "us").unwrap().unwrap();
        let seen: Vec<(String, &str, usize)> = read(Some(&after))
            .unwrap()
            .iter()
            .map(|e| (format!("{} {}", e.manager, e.subresource), e.operation.as_str(), e.set.paths().len()))
            .collect();
        let wanted = [("us ", "Apply", 2), ("old status", "Update", 1), ("someone ", "Update", 1)];
        assert_eq!(seen, wanted.map(|(m, o, n)| (m.to_owned(), o, n)));
    }

    #[test]
    fn what_we_own_already_is_joined() {
        let before = live(&[entry("us", "Apply", "", A), entry("old", "Update", "", B)]);
        let after = take_over(&before, &["old"], "us").unwrap().unwrap();
        assert_eq!(read(Some(&after)).unwrap().len(), 1);
    }

    #[test]
    fn nobody_to_take_over_from_changes_nothing() {
        let before = live(&[entry("us", "Apply", "", A), entry("old", "Update", "status", B)]);
        assert_eq!(take_over(&before, &["old", "us"], "us"), Ok(None));
    }
}
