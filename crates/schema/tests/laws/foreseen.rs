//! What is foreseen is what is applied.

use crate::made::{changed, node, object_of, schemas};
use fairway_schema::managed::{Write, apply, foresee, update};
use fairway_schema::request::{self, FieldValidation, Request, Verb};
use fairway_schema::strategy::Chooser;
use fairway_schema::{Schemas, canonical, defaults};
use fairway_value::{Str, Value, from_json};
use proptest::prelude::*;

fn write<'w>(object: &'w Value, manager: &'w str) -> Write<'w> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).expect("objects say what they are");
    Write {
        manager,
        api_version: text("apiVersion"),
        kind: text("kind"),
        subresource: "",
        force: true,
        now: "2024-01-01T00:00:00Z",
    }
}

/// The same without what is not foreseen.
fn bare(mut object: Value) -> Value {
    object.remove_path(&["metadata", "managedFields"]);
    object
}

/// Writes the objects in turn, as this manager or that, by apply or by update. What does not fit its type is left out.
fn written(steps: &[(Value, bool, bool)], schemas: &Schemas) -> Option<Value> {
    let mut live: Option<Value> = None;
    for (object, mine, by_apply) in steps {
        let manager = if *mine { "a" } else { "b" };
        let write = write(object, manager);
        if *by_apply {
            live = apply(live.as_ref(), object, &write, schemas).ok().or(live);
            continue;
        }
        let mut new = object.clone();
        if canonical::canonicalize(&mut new, schemas).is_err() {
            continue;
        }
        defaults::apply(&mut new, schemas);
        update(live.as_ref(), &mut new, &write, schemas);
        live = Some(new);
    }
    let mut live = live?;
    live.set_path(&["metadata", "uid"], "u");
    Some(live)
}

fn agree(steps: &[(Value, bool, bool)], config: &Value, schemas: &Schemas) -> Result<(), TestCaseError> {
    let Some(live) = written(steps, schemas) else { return Ok(()) };
    let write = write(config, "a");
    let foreseen = foresee(&live, config, &write, schemas).map(bare);
    let applied = apply(Some(&live), config, &write, schemas).map(bare);
    prop_assert_eq!(foreseen, applied, "{} on {}", config, live);
    Ok(())
}

/// Stands in for what a server chooses: objects of these kinds ask for nothing.
struct Nothing;

impl Chooser for Nothing {
    fn cluster_ip(&mut self, _: Option<&str>) -> Result<Value, String> {
        Err("no Service is written".to_owned())
    }
    fn node_port(&mut self) -> Result<Value, String> {
        Err("no Service is written".to_owned())
    }
    fn suffix(&mut self) -> Str {
        Str::new()
    }
    fn now(&self) -> Str {
        "2024-01-01T00:00:00Z".into()
    }
    fn priority(&self, _: &str) -> Option<(i64, Str)> {
        None
    }
}

/// The object as a server stores it when this manager applies it; nothing where it is refused.
fn stored(live: Option<&Value>, object: &Value, manager: &str, schemas: &Schemas) -> Option<Value> {
    let write = write(object, manager);
    let request = Request {
        verb: Verb::Apply { force: true },
        resource: schemas.resource(write.api_version, write.kind).expect("the kind is served"),
        subresource: "",
        manager,
        namespace: "n",
        name: object.get_path(&["metadata", "name"]).and_then(Value::as_str).expect("objects have names"),
        body: object,
        field_validation: FieldValidation::Warn,
        now: write.now,
        uid: "u",
    };
    request::write(live, &request, schemas, &mut Nothing).ok().map(|w| w.object)
}

/// What was applied is foreseen not to change, and applying it again changes nothing, whoever wrote before.
fn rests(before: &Value, config: &Value, schemas: &Schemas) -> Result<(), TestCaseError> {
    let live = stored(None, before, "b", schemas);
    let Some(once) = stored(live.as_ref(), config, "a", schemas) else { return Ok(()) };
    let foreseen = foresee(&once, config, &write(config, "a"), schemas).map(bare);
    prop_assert_eq!(foreseen, Ok(bare(once.clone())));
    let twice = stored(Some(&once), config, "a", schemas);
    prop_assert_eq!(twice, Some(once));
    Ok(())
}

const DEPLOYMENT: &str = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"n","labels":{"a":"b"}},
    "spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},
    "template":{"metadata":{"labels":{"a":"b","c":"d"}},"spec":{"securityContext":{"fsGroup":1,"supplementalGroups":[1,2]},
    "containers":[{"name":"c","image":"i:1","args":["a","b"],"env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"fieldRef":
    {"fieldPath":"metadata.name"}}}],"ports":[{"containerPort":80,"protocol":"TCP","name":"http"},{"containerPort":81}],"resources":
    {"limits":{"cpu":"500m","memory":"1Gi"},"requests":{"cpu":"0.1"}},"livenessProbe":{"httpGet":{"path":"/","port":80}},
    "volumeMounts":[{"name":"v","mountPath":"/v"}]},{"name":"e","image":"j:1"}],"volumes":[{"name":"v","emptyDir":{}},{"name":"w",
    "secret":{"secretName":"s"}}],"tolerations":[{"key":"k","operator":"Exists"}],"nodeSelector":{"n":"1"}}}}}"#;

fn few() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((any::<usize>(), 0_u8..4), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn of_any_type(
        (fields, objects, turns) in prop::collection::vec(node(), 1..5).prop_flat_map(|fields| {
            let objects = prop::collection::vec(object_of(&fields), 5);
            (Just(fields), objects, prop::collection::vec(any::<(bool, bool)>(), 4))
        })
    ) {
        let schemas = schemas(&fields);
        let (config, before) = objects.split_last().expect("there are five");
        let steps: Vec<_> =
            before.iter().zip(&turns).map(|(o, (mine, apply))| (o.clone(), *mine, *apply)).collect();
        agree(&steps, config, &schemas)?;
    }

    #[test]
    fn what_was_applied_rests(
        (fields, objects) in prop::collection::vec(node(), 1..5).prop_flat_map(|fields| {
            let objects = prop::collection::vec(object_of(&fields), 2);
            (Just(fields), objects)
        }),
        changes in prop::collection::vec(few(), 2)
    ) {
        rests(&objects[0], &objects[1], &schemas(&fields))?;
        let base = from_json(DEPLOYMENT.as_bytes()).expect("it is JSON");
        // A key of an entry that is null or empty is another key once it has its default.
        let whole = |changes: &[(usize, u8)]| -> Vec<_> { changes.iter().map(|(at, how)| (*at, how % 2)).collect() };
        let made = changes.iter().map(|c| changed(&base, &whole(c))).collect::<Vec<_>>();
        rests(&made[0], &made[1], Schemas::builtin())?;
    }

    #[test]
    fn of_a_deployment(
        changes in prop::collection::vec(few(), 4), turns in prop::collection::vec(any::<(bool, bool)>(), 3)
    ) {
        let base = from_json(DEPLOYMENT.as_bytes()).expect("it is JSON");
        let made: Vec<Value> = changes.iter().map(|c| changed(&base, c)).collect();
        let (config, before) = made.split_last().expect("there are four");
        let steps: Vec<_> =
            before.iter().zip(&turns).map(|(o, (mine, apply))| (o.clone(), *mine, *apply)).collect();
        agree(&steps, config, Schemas::builtin())?;
    }
}
