//! Events that tell who did what, as Argo CD 3 `util/argo/audit_logger.go` writes them.

use fairway_cluster::Cluster;
use fairway_core::Object;
use fairway_value::Value;

/// Writes an Event about an object into its own cluster. What cannot be written is logged.
pub async fn write(cluster: &Cluster, about: &Object, reason: &str, words: &str) {
    let event = event(about, reason, words, jiff::Timestamp::now());
    if let Err(error) = cluster.create_object(&event, false).await {
        tracing::warn!(object = %about.key(), reason, error = %error, "no Event was written");
    }
}

fn event(about: &Object, reason: &str, words: &str, now: jiff::Timestamp) -> Object {
    let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
    let seconds = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut event = Value::object();
    for (path, text) in [
        (&["apiVersion"][..], "v1"),
        (&["kind"], "Event"),
        (&["metadata", "name"], &format!("{}.{:x}", about.name(), now.as_nanosecond())),
        (&["metadata", "namespace"], namespace),
        (&["involvedObject", "apiVersion"], &about.gvk().api_version()),
        (&["involvedObject", "kind"], about.kind()),
        (&["involvedObject", "name"], about.name()),
        (&["involvedObject", "namespace"], about.namespace()),
        (&["involvedObject", "uid"], about.uid()),
        (&["involvedObject", "resourceVersion"], about.resource_version()),
        (&["source", "component"], "argocd-server"),
        (&["type"], "Normal"),
        (&["reason"], reason),
        (&["message"], words),
        (&["firstTimestamp"], &seconds),
        (&["lastTimestamp"], &seconds),
    ] {
        if !text.is_empty() {
            event.set_path(path, text);
        }
    }
    event.set_path(&["count"], 1_i64);
    Object::new(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    #[test]
    fn an_event_names_the_object_and_lies_beside_it() {
        let about = from_json(
            br#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"one","uid":"u"}}"#,
        );
        let now = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        let event = event(&Object::new(about.unwrap()), "ResourceActionRan", "admin ran action restart", now);
        let expect = r#"{"apiVersion":"v1","count":1,"firstTimestamp":"2023-11-14T22:13:20Z","involvedObject":{"apiVersion":"apps/v1","kind":"Deployment","name":"web","namespace":"one","uid":"u"},"kind":"Event","lastTimestamp":"2023-11-14T22:13:20Z","message":"admin ran action restart","metadata":{"name":"web.17979cfe362a0000","namespace":"one"},"reason":"ResourceActionRan","source":{"component":"argocd-server"},"type":"Normal"}"#;
        assert_eq!(*event.value(), from_json(expect.as_bytes()).unwrap());
    }
}
