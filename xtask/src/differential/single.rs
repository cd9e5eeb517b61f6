//! One write at a time: what is refused, and what becomes of what is taken.

use super::mutate;
use super::servers::Call;
use super::{Place, Run, compare, encode, growth};
use serde_json::Value;

/// Kinds whose objects change what the server does, or do not go away: only ever written dry.
const DRY: [&str; 11] = [
    "APIService",
    "CustomResourceDefinition",
    "FlowSchema",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PriorityLevelConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Whether objects of a kind may be stored.
pub fn may_store(object: &Value) -> bool {
    let kind = object["kind"].as_str().unwrap_or_default();
    !DRY.contains(&kind)
        && object["globalDefault"] != true
        && object["kind"] != "ServiceCIDR"
        && object["kind"] != "Node"
}

fn name_of(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

/// The path of an object; what an empty name makes of it is left out of the comparison.
pub fn path(place: &Place, name: &str, query: &str) -> String {
    format!("{}/{}?{query}", place.collection, encode(name))
}

/// Applies one broken object dry where none is.
pub fn new(run: &mut Run) -> anyhow::Result<()> {
    let Some((mut object, place)) = run.pick_object() else { return Ok(()) };
    let mut what = mutate::breakage(&mut object, &mut run.random);
    if run.random.chance(15) {
        what = format!("{what}, {}", mutate::breakage(&mut object, &mut run.random));
    }
    if object["kind"] == "Pod" && object["spec"]["serviceAccountName"].is_string() {
        // The one in memory makes no accounts, and takes Pods of any.
        object["spec"]["serviceAccountName"] = "default".into();
    }
    let name = name_of(&object);
    if name.is_empty() || name.contains('/') {
        return Ok(());
    }
    let call = Call {
        method: "PATCH",
        path: path(&place, &name, "dryRun=All&fieldManager=fairway&force=true"),
        content_type: "application/apply-patch+yaml",
        body: object,
    };
    check(run, &call, &what)
}

/// Applies an object with a few more fields dry where none is.
pub fn grown(run: &mut Run) -> anyhow::Result<()> {
    let Some((mut object, place)) = run.pick_object() else { return Ok(()) };
    let mut what = growth::grow(&mut object, &run.schemas, &mut run.random);
    for _ in 0..run.random.below(3) {
        what = format!("{what}, {}", growth::grow(&mut object, &run.schemas, &mut run.random));
    }
    if object["kind"] == "Pod" && object["spec"].is_object() {
        object["spec"]["serviceAccountName"] = "default".into();
    }
    let name = name_of(&object);
    let call = Call {
        method: "PATCH",
        path: path(&place, &name, "dryRun=All&fieldManager=fairway&force=true"),
        content_type: "application/apply-patch+yaml",
        body: object,
    };
    check(run, &call, &format!("grown {what}"))
}

/// Compares the answers to one call.
pub fn check(run: &mut Run, call: &Call<'_>, what: &str) -> anyhow::Result<()> {
    let (real, dev) = (run.servers.real(call)?, run.servers.dev(call));
    if real.status < 300 {
        run.report.taken += 1;
    }
    let kind = call.body["kind"].as_str().unwrap_or("patch");
    let what = format!("{kind} {what}");
    let how = || format!("{} {}\n  {}", call.method, call.path, shortened(&call.body));
    run.report.step(&what, compare::difference(&real, &dev), how);
    Ok(())
}

/// A body to print.
pub fn shortened(body: &Value) -> String {
    body.to_string().chars().take(3000).collect()
}

/// Stores an object and changes it dry, in several ways.
pub fn over(run: &mut Run) -> anyhow::Result<()> {
    let Some((mut object, place)) = run.pick_object() else { return Ok(()) };
    if !may_store(&object) {
        return Ok(());
    }
    let name = name_of(&object);
    let store = Call {
        method: "PATCH",
        path: path(&place, &name, "fieldManager=fairway&force=true"),
        content_type: "application/apply-patch+yaml",
        body: object.clone(),
    };
    let (real, dev) = (run.servers.real(&store)?, run.servers.dev(&store));
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let how = || format!("{} {}\n  {}", store.method, store.path, shortened(&store.body));
    let same = run.report.step(&format!("{kind} store"), compare::difference(&real, &dev), how);
    if same && real.status < 300 {
        for _ in 0..8 {
            let mut changed = object.clone();
            if run.random.chance(50) {
                mutate::variation(&mut changed, &mut run.random);
            }
            let what = mutate::breakage(&mut changed, &mut run.random);
            changed["metadata"]["name"] = name.clone().into();
            change(run, &place, &name, changed, &what, &real.body, &dev.body)?;
        }
    }
    object["metadata"]["name"] = name.clone().into();
    delete(run, &place, &name)
}

/// Writes a change dry: as an apply, or as a PUT of the stored object with the same breakage.
fn change(
    run: &mut Run,
    place: &Place,
    name: &str,
    changed: Value,
    what: &str,
    real: &Value,
    dev: &Value,
) -> anyhow::Result<()> {
    if run.random.chance(60) {
        let call = Call {
            method: "PATCH",
            path: path(place, name, "dryRun=All&fieldManager=fairway&force=true"),
            content_type: "application/apply-patch+yaml",
            body: changed,
        };
        return check(run, &call, &format!("over: {what}"));
    }
    if run.random.chance(50) {
        let call = Call {
            method: "PATCH",
            path: path(place, name, "dryRun=All&fieldManager=other"),
            content_type: "application/merge-patch+json",
            body: changed,
        };
        return check(run, &call, &format!("merge: {what}"));
    }
    let all = mutate::paths(real);
    let Some(at) = run.random.pick(&all).cloned() else { return Ok(()) };
    let mut bodies = [real.clone(), dev.clone()];
    for body in &mut bodies {
        mutate::remove(body, &at);
    }
    let [for_real, for_dev] = bodies;
    let call = |body| Call {
        method: "PUT",
        path: path(place, name, "dryRun=All&fieldManager=other"),
        content_type: "application/json",
        body,
    };
    let kind = for_real["kind"].as_str().unwrap_or_default().to_owned();
    let (real, dev) = (run.servers.real(&call(for_real.clone()))?, run.servers.dev(&call(for_dev)));
    let how = || shortened(&for_real);
    let what = format!("{kind} put without {}", mutate::show(&at));
    run.report.step(&what, compare::difference(&real, &dev), how);
    Ok(())
}

/// Takes an object out of both servers, whatever its finalizers.
pub fn delete(run: &mut Run, place: &Place, name: &str) -> anyhow::Result<()> {
    let finalizers = Call {
        method: "PATCH",
        path: path(place, name, "fieldManager=cleaner"),
        content_type: "application/merge-patch+json",
        body: serde_json::json!({"metadata": {"finalizers": null}}),
    };
    let call = Call {
        method: "DELETE",
        path: path(place, name, "gracePeriodSeconds=0"),
        content_type: "application/json",
        body: Value::Null,
    };
    for call in [&finalizers, &call, &finalizers] {
        run.servers.real(call)?;
        run.servers.dev(call);
    }
    Ok(())
}
