//! What plans look like and what holds for every plan.

use crate::{
    Action, Comparison, DeletionBudget, DeletionInput, HookOutcome, Kinds, PlanInput, Refusal, SyncPlan,
    check, plan, plan_deletion,
};
use fairway_core::{
    App, AppId, AutomatedSync, Desired, GroupKind, Gvk, HookDeletePolicy, Live, Marks, Object, ObjectKey,
    ObjectPolicy, Operation, Origin, Propagation, Scope, SyncPhase, SyncTarget, Tristate,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A dialect with short words: `wave`, `hook`, `on` (`prune=no` …), `owner`.
struct Words;

impl Marks for Words {
    fn policy(&self, object: &Object) -> ObjectPolicy {
        let phase = |word: &str| match word {
            "PreSync" => Some(SyncPhase::PreSync),
            "Sync" => Some(SyncPhase::Sync),
            "PostSync" => Some(SyncPhase::PostSync),
            "SyncFail" => Some(SyncPhase::SyncFail),
            "PreDelete" => Some(SyncPhase::PreDelete),
            "PostDelete" => Some(SyncPhase::PostDelete),
            _ => None,
        };
        let option = |word: &str| object.annotation("on").is_some_and(|o| o.split(',').any(|w| w == word));
        let tristate = |name: &str| {
            [("no", Tristate::No), ("confirm", Tristate::Confirm)]
                .into_iter()
                .find(|(w, _)| option(&format!("{name}={w}")))
                .map(|(_, t)| t)
        };
        let hook = object.annotation("hook");
        ObjectPolicy {
            wave: object.annotation("wave").and_then(|w| w.parse().ok()).unwrap_or_default(),
            is_hook: hook.is_some(),
            hook_phases: hook.into_iter().flat_map(|h| h.split(',')).filter_map(phase).collect(),
            hook_delete: vec![HookDeletePolicy::BeforeHookCreation],
            prune: tristate("prune"),
            delete: tristate("delete"),
            prune_last: option("prune-last"),
            replace: option("replace").then_some(true),
            force: option("force"),
            ..ObjectPolicy::default()
        }
    }
    fn owner(&self, live: &Object) -> Option<AppId> {
        live.annotation("owner").map(|name| AppId::new("ns", name))
    }
    fn mark(&self, desired: &mut Object, app: &App) {
        desired.set_annotation("owner", app.id.name.clone());
    }
}

struct AllKinds;

impl Kinds for AllKinds {
    fn scope(&self, kind: &GroupKind) -> Option<Scope> {
        match kind.kind.as_str() {
            "Widget" => None,
            "Namespace" | "CustomResourceDefinition" | "ClusterRole" => Some(Scope::Cluster),
            _ => Some(Scope::Namespaced),
        }
    }
    fn serves(&self, _: &Gvk) -> bool {
        true
    }
}

/// `group/version Kind namespace/name key=value …`; the core group is `v1`.
fn object(line: &str) -> Object {
    let mut words = line.split_whitespace();
    let (api_version, kind) = (words.next().unwrap(), words.next().unwrap());
    let (namespace, name) = words.next().unwrap().split_once('/').unwrap();
    let mut object = Object::default();
    object.value_mut().set_path(&["apiVersion"], api_version);
    object.value_mut().set_path(&["kind"], kind);
    object.value_mut().set_path(&["metadata", "uid"], format!("uid-{kind}-{name}"));
    if let Some(prefix) = name.strip_prefix('~') {
        object.value_mut().set_path(&["metadata", "generateName"], prefix);
    } else {
        object.set_name(name);
    }
    if !namespace.is_empty() {
        object.set_namespace(namespace);
    }
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        match key.strip_prefix("spec.") {
            Some(field) => {
                let path: Vec<&str> = std::iter::once("spec").chain(field.split('.')).collect();
                object.value_mut().set_path(&path, value);
            }
            None => object.set_annotation(key, value),
        }
    }
    object
}

#[derive(Default)]
struct World {
    app: App,
    operation: Operation,
    desired: Vec<Desired>,
    live: BTreeMap<ObjectKey, Arc<Live>>,
    compared: BTreeMap<ObjectKey, Comparison>,
    hooks: BTreeMap<(SyncPhase, ObjectKey), HookOutcome>,
    approved: bool,
    goes_on: bool,
    budget: DeletionBudget,
}

impl World {
    fn new(desired: &[&str], live: &[&str]) -> Self {
        let mut world = Self::default();
        world.app.id = AppId::new("ns", "shop");
        world.operation.sync.prune = true;
        for line in live {
            let mut object = object(line);
            if object.annotation("owner").is_none() {
                object.set_annotation("owner", "shop");
            }
            world.live.insert(object.key(), Arc::new(Live(object)));
        }
        for line in desired {
            let object = object(line);
            let key = object.key();
            let state = if world.live.contains_key(&key) { Comparison::Changed } else { Comparison::Missing };
            world.compared.insert(key, state);
            world.desired.push(Desired { object, origin: Origin::default() });
        }
        world
    }

    fn plan(&self) -> SyncPlan {
        let plan = plan(&PlanInput {
            app: &self.app,
            operation: &self.operation,
            started_unix: 1_700_000_000,
            revision: "0123456789abcdef",
            desired: &self.desired,
            live: &self.live,
            compared: &self.compared,
            kinds: &AllKinds,
            marks: &Words,
            hooks: &self.hooks,
            goes_on: self.goes_on,
            deletion_approved: self.approved,
            budget: self.budget,
            held: &BTreeSet::new(),
        });
        assert_eq!(check(&plan), [], "{plan}");
        plan
    }

    fn deletion(&self, started_unix: i64) -> SyncPlan {
        plan_deletion(&DeletionInput {
            app: &self.app,
            live: &self.live,
            desired: &self.desired,
            marks: &Words,
            hooks: &self.hooks,
            started_unix,
            revision: "",
            deletion_approved: false,
        })
    }
}

/// The plan as lines without indentation.
fn lines(plan: &SyncPlan) -> Vec<String> {
    plan.to_string().lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn an_ordinary_app_goes_from_what_others_need_to_what_needs_them() {
    let world = World::new(
        &[
            "apps/v1 Deployment a/web",
            "networking.k8s.io/v1 Ingress a/web",
            "v1 Service a/web",
            "v1 Namespace /a",
            "v1 ConfigMap a/settings",
        ],
        &["v1 ConfigMap a/settings"],
    );
    assert_eq!(
        lines(&world.plan()),
        [
            "Sync wave 0",
            "1. create Namespace/a (not in the cluster)",
            "2. apply ConfigMap/a/settings (differs; after Namespace/a)",
            "2. create Service/a/web (not in the cluster; after Namespace/a)",
            "3. create apps/Deployment/a/web (not in the cluster; after Namespace/a)",
            "4. create networking.k8s.io/Ingress/a/web (not in the cluster; after Namespace/a)",
        ]
    );
}

#[test]
fn waves_gate_each_other_and_hooks_stand_around_them() {
    let world = World::new(
        &[
            "v1 ConfigMap a/second wave=1",
            "v1 ConfigMap a/first wave=-1",
            "batch/v1 Job a/~migrate- hook=PreSync,PostSync",
            "batch/v1 Job a/alarm hook=SyncFail",
        ],
        &["batch/v1 Job a/alarm hook=SyncFail"],
    );
    assert_eq!(
        lines(&world.plan()),
        [
            "PreSync wave 0, then wait until healthy",
            "1. run-hook batch/Job/a/migrate-0123456-presync-1700000000 (PreSync hook)",
            "Sync wave -1, then wait until healthy",
            "1. create ConfigMap/a/first (not in the cluster)",
            "Sync wave 1, then wait until healthy",
            "1. create ConfigMap/a/second (not in the cluster)",
            "PostSync wave 0",
            "1. run-hook batch/Job/a/migrate-0123456-postsync-1700000000 (PostSync hook)",
            "SyncFail wave 0",
            "1. run-hook batch/Job/a/alarm (SyncFail hook)",
        ]
    );
    let plan = world.plan();
    let alarm = plan.tasks().last().unwrap().2;
    assert_eq!(alarm.hook.as_ref().unwrap().delete_first.as_deref(), Some("uid-Job-alarm"));
}

#[test]
fn a_hook_that_ran_is_not_run_again() {
    let mut world = World::new(&["batch/v1 Job a/m hook=PreSync"], &[]);
    let key = world.desired[0].key();
    world.hooks.insert((SyncPhase::PreSync, key.clone()), HookOutcome::Running);
    assert_eq!(world.plan().tasks().next().unwrap().2.action, Action::AwaitHook);
    world.hooks.insert((SyncPhase::PreSync, key), HookOutcome::Succeeded);
    assert_eq!(world.plan().tasks().next().unwrap().2.action, Action::Keep);
}

#[test]
fn namespaces_and_crds_are_pulled_up_to_the_first_object_that_needs_them() {
    let world = World::new(
        &[
            "example.com/v1 Widget a/w wave=-5",
            "apiextensions.k8s.io/v1 CustomResourceDefinition /widgets.example.com wave=3 spec.group=example.com \
             spec.names.kind=Widget",
            "v1 Namespace /a wave=2",
        ],
        &[],
    );
    let plan = world.plan();
    assert_eq!(
        lines(&plan),
        [
            "Sync wave -5",
            "1. create Namespace/a (not in the cluster)",
            "2. create apiextensions.k8s.io/CustomResourceDefinition/widgets.example.com (not in the cluster)",
            "3. create example.com/Widget/a/w (not in the cluster; after Namespace/a, \
             apiextensions.k8s.io/CustomResourceDefinition/widgets.example.com)",
        ]
    );
    assert!(plan.tasks().last().unwrap().2.options.skip_dry_run);
}

#[test]
fn an_unknown_kind_that_nothing_brings_is_refused() {
    let plan = World::new(&["example.com/v1 Widget a/w"], &[]).plan();
    assert!(matches!(&plan.refusals[..], [Refusal::UnknownKind { .. }]));
    assert!(!plan.is_executable());
}

#[test]
fn prunes_run_in_reversed_waves_and_prune_last_behind_everything() {
    let world = World::new(
        &["v1 ConfigMap a/kept wave=4"],
        &[
            "v1 ConfigMap a/kept wave=4",
            "v1 ConfigMap a/p1 wave=1",
            "v1 ConfigMap a/p2 wave=2",
            "v1 ConfigMap a/p3 wave=3",
            "v1 ConfigMap a/last on=prune-last",
            "v1 ConfigMap a/stays on=prune=no",
            "v1 ConfigMap a/asks on=prune=confirm",
            "v1 ConfigMap a/foreign owner=other",
        ],
    );
    let plan = world.plan();
    let prunes: Vec<_> = plan
        .tasks()
        .filter(|(.., t)| t.action == Action::Prune)
        .map(|(_, wave, t)| (wave, t.key.name.to_string()))
        .collect();
    let expect: Vec<(i32, String)> =
        [(0, "p3"), (1, "p2"), (2, "p1"), (5, "last")].map(|(w, n)| (w, n.to_owned())).into();
    // Waves 0 (those that stay or ask have it), 1, 2 and 3 change places: 0↔3, 1↔2.
    assert_eq!(prunes, expect);
    let skipped: BTreeSet<String> = plan
        .tasks()
        .filter(|(.., t)| t.action == Action::Skip)
        .map(|(.., t)| format!("{} {}", t.key.name, t.reason))
        .collect();
    assert_eq!(
        skipped,
        [
            "asks no longer in the sources; pruning it needs confirmation",
            "stays no longer in the sources, but it says Prune=false"
        ]
        .map(str::to_owned)
        .into()
    );
}

/// The action of the first hook in a plan, after another run has left a hook of this run, or of an earlier one.
fn first_hook(world: &World) -> Action {
    let plan = world.plan();
    plan.tasks().find(|(_, _, task)| task.hook.is_some()).unwrap().2.action
}

#[test]
fn a_sync_that_goes_on_knows_its_own_hooks_and_no_others() {
    let hook = "batch/v1 Job a/m hook=PreSync";
    let of = |run: &str, goes_on: bool| {
        let live = format!("{hook} fairway.dev/hook-run={run}");
        World { goes_on, ..World::new(&[hook], &[&live]) }
    };
    let (own, earlier) = ("presync-1700000000", "presync-1600000000");
    assert_eq!(first_hook(&of(own, true)), Action::AwaitHook);
    assert_eq!(first_hook(&of(earlier, true)), Action::RunHook);
    // One that begins in the same second as another ended is another.
    assert_eq!(first_hook(&of(own, false)), Action::RunHook);
}

#[test]
fn without_prune_nothing_is_deleted() {
    let mut world = World::new(&["v1 ConfigMap a/x"], &["v1 ConfigMap a/gone"]);
    world.operation.sync.prune = false;
    assert!(world.plan().tasks().all(|(.., t)| t.action != Action::Prune));
}

#[test]
fn a_source_that_renders_nothing_is_refused_until_somebody_approves() {
    let mut world = World::new(&[], &["v1 ConfigMap a/x", "v1 ConfigMap a/y"]);
    assert!(matches!(&world.plan().refusals[..], [Refusal::EmptySource { objects: 2 }]));
    world.app.sync_policy.automated = Some(AutomatedSync { allow_empty: true, ..AutomatedSync::default() });
    assert!(world.plan().is_executable());
    world.app.sync_policy.automated = None;
    world.approved = true;
    assert!(world.plan().is_executable());
}

#[test]
fn an_automated_prune_over_the_budget_is_refused() {
    let live: Vec<String> = (0..20).map(|n| format!("v1 ConfigMap a/x{n}")).collect();
    let live: Vec<&str> = live.iter().map(String::as_str).collect();
    let mut world = World::new(&live[..5], &live);
    world.budget = DeletionBudget { share_max_percent: 50, exempt_objects_max: 10 };
    assert!(world.plan().is_executable());
    world.operation.automated = true;
    assert!(matches!(&world.plan().refusals[..], [Refusal::OverBudget { objects: 15, of: 20, .. }]));
}

#[test]
fn replace_and_force_together_make_an_object_anew_but_never_a_namespace() {
    let world = World::new(
        &["batch/v1 Job a/j on=replace,force", "v1 Namespace /a on=replace,force"],
        &["batch/v1 Job a/j", "v1 Namespace /a"],
    );
    let actions: Vec<_> = world.plan().tasks().map(|(.., t)| (t.key.kind.to_string(), t.action)).collect();
    assert_eq!(actions, [("Namespace".into(), Action::Replace), ("Job".into(), Action::Recreate)]);
}

#[test]
fn a_selective_sync_touches_what_it_names_and_runs_no_hooks() {
    let mut world =
        World::new(&["v1 ConfigMap a/x", "v1 ConfigMap a/y", "batch/v1 Job a/h hook=PreSync"], &[]);
    world.operation.sync.resources = vec![SyncTarget { key: ObjectKey::new("", "ConfigMap", "a", "x") }];
    let plan = world.plan();
    let touched: Vec<_> =
        plan.tasks().filter(|(.., t)| t.action.writes()).map(|(.., t)| t.key.name.to_string()).collect();
    assert_eq!(touched, ["x"]);
}

#[test]
fn create_namespace_makes_the_destination_before_everything() {
    let mut world = World::new(&["v1 ConfigMap a/x"], &[]);
    world.app.destination.namespace = "a".into();
    world.app.sync_policy.options.create_namespace = true;
    world.app.sync_policy.managed_namespace_labels.insert("team".into(), "x".into());
    let plan = world.plan();
    let (phase, _, namespace) = plan.tasks().next().unwrap();
    assert_eq!((phase, namespace.action), (SyncPhase::PreSync, Action::Create));
    assert_eq!(namespace.object.as_ref().unwrap().label("team"), Some("x"));
    let mut there = object("v1 Namespace /a");
    there.set_label("team", "x");
    world.live.insert(there.key(), Arc::new(Live(there)));
    assert_eq!(world.plan().tasks().next().unwrap().2.action, Action::Keep);
}

#[test]
fn deleting_an_app_runs_its_hooks_around_reversed_waves() {
    let mut world = World::new(
        &["batch/v1 Job a/before hook=PreDelete", "batch/v1 Job a/after hook=PostDelete"],
        &["v1 ConfigMap a/x wave=1", "v1 ConfigMap a/y wave=2", "v1 ConfigMap a/stays on=delete=no"],
    );
    world.app.cascade = Some(Propagation::Foreground);
    let plan = world.deletion(0);
    assert_eq!(check(&plan), []);
    assert_eq!(
        lines(&plan),
        [
            "PreDelete wave 0, then wait until healthy",
            "1. run-hook batch/Job/a/before (PreDelete hook)",
            "Delete wave 2, then wait until healthy",
            "1. prune ConfigMap/a/y (its App is being deleted)",
            "Delete wave 1, then wait until healthy",
            "1. prune ConfigMap/a/x (its App is being deleted)",
            "Delete wave 0, then wait until healthy",
            "1. skip ConfigMap/a/stays (stays when its App is deleted: it says Delete=false)",
            "PostDelete wave 0",
            "1. run-hook batch/Job/a/after (PostDelete hook)",
        ]
    );
}

#[test]
fn a_deletion_that_is_tried_again_waits_for_the_hook_that_it_started() {
    let hook = "batch/v1 Job a/before hook=PreDelete";
    let action = |run: &str| {
        let world = World::new(&[hook], &[&format!("{hook} fairway.dev/hook-run={run}")]);
        let plan = world.deletion(7);
        plan.tasks().find(|(_, _, task)| task.hook.is_some()).unwrap().2.action
    };
    assert_eq!(action("predelete-7"), Action::AwaitHook);
    assert_eq!(action("predelete-6"), Action::RunHook);
}

#[test]
fn a_hook_of_a_deletion_that_fails_is_deleted_whatever_its_policy() {
    let hooks = ["batch/v1 Job a/before hook=PreDelete", "batch/v1 Job a/after hook=PostDelete"];
    let world = World::new(&hooks, &[]);
    let plan = world.deletion(0);
    let deleted: Vec<_> =
        plan.cleanup_on_failure.iter().map(|c| (c.phase, c.key.name.as_str(), c.if_failed)).collect();
    assert_eq!(deleted, [(SyncPhase::PreDelete, "before", true), (SyncPhase::PostDelete, "after", true)]);
    assert_eq!(plan.cleanup_on_success, []);
}

fn any_object() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec![
        "v1 ConfigMap a",
        "v1 Secret b",
        "apps/v1 Deployment a",
        "v1 Namespace ",
        "rbac.authorization.k8s.io/v1 ClusterRole ",
        "networking.k8s.io/v1 Ingress b",
        "batch/v1 Job a",
    ]);
    let names = prop::sample::select(vec!["a", "b", "c", "d"]);
    let hook = prop::sample::select(vec!["", "", "", " hook=PreSync", " hook=PostSync,SyncFail"]);
    (kinds, names, -2..3_i32, hook)
        .prop_map(|(kind, name, wave, hook)| format!("{kind}/{name} wave={wave}{hook}"))
}

fn unique(objects: &[String]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    objects.iter().map(String::as_str).filter(|o| seen.insert(object(o).key())).collect()
}

proptest! {
    #[test]
    fn every_plan_keeps_its_invariants_and_no_order_of_input_matters(
        desired in prop::collection::vec(any_object(), 0..14),
        live in prop::collection::vec(any_object(), 0..14),
        rotation in 0..14_usize,
    ) {
        let (desired, live) = (unique(&desired), unique(&live));
        let world = World::new(&desired, &live);
        let plan = world.plan();
        let mut rotated = desired.clone();
        if !rotated.is_empty() {
            let by = rotation % rotated.len();
            rotated.rotate_left(by);
            rotated.reverse();
        }
        prop_assert_eq!(&World::new(&rotated, &live).plan(), &plan);
        let desired_keys: BTreeSet<ObjectKey> = desired.iter().map(|o| object(o).key()).collect();
        for (_, _, task) in plan.tasks().filter(|(.., t)| t.action == Action::Prune) {
            prop_assert!(!desired_keys.contains(&task.key));
            prop_assert!(world.live.contains_key(&task.key));
        }
    }

    #[test]
    fn a_sync_of_what_is_there_writes_nothing(live in prop::collection::vec(any_object(), 0..14)) {
        let plain: Vec<&str> = unique(&live).into_iter().filter(|o| !o.contains("hook=")).collect();
        let mut world = World::new(&plain, &plain);
        world.compared.values_mut().for_each(|c| *c = Comparison::Unchanged);
        prop_assert!(world.plan().is_idle());
    }
}
