//! Desired against live: what differs, and how well it is.

use crate::clusters::Place;
use crate::desired::Target;
use crate::error::ReconcileError;
use crate::snapshot::Snapshot;
use fairway_core::{
    ApiErrorKind, App, ApplyMode, ApplyRequest, ClusterWriter as _, Condition, ConditionKind, Desired,
    FIELD_MANAGER, Gvk, Health, HealthStatus, IgnoreRule, Live, LiveView, Marks, Object, ObjectKey,
    ObjectPolicy, Str, SyncStatus, Tristate, Validation,
};
use fairway_diff::{IgnoreRules, Known, Mode, Options, Outcome, UncertainReason, Verdicts, outcome};
use fairway_plan::Comparison;
use fairway_schema::Schemas;
use fairway_schema::managed::LAST_APPLIED;
use fairway_value::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// One object of an App, as it stands.
#[derive(Clone, Debug)]
pub struct ObjectState {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// The object.
    pub key: ObjectKey,
    /// Whether desired and live agree; nothing for hooks.
    pub status: Option<SyncStatus>,
    /// How well it is; nothing where its kind has no health.
    pub health: Option<Health>,
    /// Whether it is a hook.
    pub is_hook: bool,
    /// Whether it is no longer desired.
    pub requires_pruning: bool,
    /// Its wave.
    pub wave: i32,
    /// Whether deleting it waits for a person.
    pub needs_confirmation: bool,
    /// Whether its health does not count for the App's.
    pub ignores_health: bool,
}

/// An App as it stands.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Its objects: desired ones in order, then those to prune.
    pub objects: Vec<ObjectState>,
    /// Whether all agree.
    pub sync: SyncStatus,
    /// How well the whole is.
    pub health: Health,
    /// Live objects under desired keys, and all that carry the App's mark.
    pub live: BTreeMap<ObjectKey, Arc<Live>>,
    /// What the diff says of each desired object that is no hook.
    pub verdicts: BTreeMap<ObjectKey, Comparison>,
    /// Things worth knowing.
    pub conditions: Vec<Condition>,
}

/// What was found for an object whose desired and live states have not changed since.
#[derive(Default)]
pub struct VerdictCache {
    known: Verdicts<Comparison>,
    /// What kinds meant when it was found.
    schemas: Option<Arc<Schemas>>,
}

/// What comparing works with.
pub struct CompareContext<'a> {
    /// The App.
    pub app: &'a App,
    /// The destination.
    pub place: &'a Place,
    /// The dialect's marks.
    pub marks: &'a dyn Marks,
    /// The settings: ignore rules before the App's own, known types, users' health checks.
    pub snapshot: &'a Snapshot,
    /// The time in seconds since 1970.
    pub now: i64,
}

/// Returns the options by which an App's objects are compared, and what cannot be followed.
pub fn diff_options(ctx: &CompareContext<'_>) -> (Options, Vec<Condition>) {
    let settings = &ctx.snapshot.settings;
    let rules: Vec<IgnoreRule> =
        settings.ignore_differences.iter().chain(&ctx.app.ignore_differences).cloned().collect();
    let (ignore, unsupported) = IgnoreRules::compile(&rules);
    let mut conditions: Vec<Condition> = unsupported
        .iter()
        .map(|u| Condition::new(ConditionKind::UnsupportedFieldWarning, format!("ignoreDifferences: {u}")))
        .collect();
    let unknown =
        settings.known_type_fields.iter().filter(|f| !fairway_diff::is_known_type(&f.2, &ctx.place.schemas));
    conditions.extend(unknown.map(|(kind, field, name)| {
        let words = format!("knownTypeFields of {kind}: {field}: unsupported: type {name}");
        Condition::new(ConditionKind::UnsupportedFieldWarning, words)
    }));
    let server_side = ctx.app.server_side_diff.or(settings.server_side_diff);
    let options = Options {
        mode: if server_side == Some(false) { Mode::StructuredMerge } else { Mode::ServerSide },
        ignore,
        ignore_aggregated_roles: settings.ignore_aggregated_roles,
        known_type_fields: settings.known_type_fields.clone(),
        take_over_from: former_managers(ctx.app),
    };
    (options, conditions)
}

/// The tools whose fields the App's syncs take over.
fn former_managers(app: &App) -> Vec<Str> {
    if app.sync_policy.options.client_side_apply_migration { app.former_managers.clone() } else { Vec::new() }
}

/// Compares an App's desired objects with the live ones.
///
/// # Errors
/// The destination does not answer a dry run that was needed.
pub async fn compare(
    ctx: &CompareContext<'_>,
    target: &Target,
    cache: &mut VerdictCache,
) -> Result<Compared, ReconcileError> {
    let view: &dyn LiveView = &**ctx.place.cluster.cache();
    let (options, conditions) = diff_options(ctx);
    let options_hash =
        crate::desired::hash(&Value::from(format!("{options:?} {:?}", ctx.app.counts_webhooks)));
    let mut out = Compared { conditions, ..Compared::default() };
    for live in view.tracked_by(&ctx.app.id) {
        out.live.insert(live.key(), live);
    }
    if ctx.app.sync_policy.options.create_namespace {
        // The plan has to know whether the destination namespace is there.
        let key = ObjectKey::new("", "Namespace", "", ctx.app.destination.namespace.clone());
        out.live.extend(view.get(&key).map(|live| (key, live)));
    }
    let schemas = &ctx.place.schemas;
    if cache.schemas.as_ref().is_none_or(|of| !Arc::ptr_eq(of, schemas)) {
        *cache = VerdictCache::default();
    }
    let mut fresh = VerdictCache { schemas: Some(schemas.clone()), ..VerdictCache::default() };
    let mut uncertain = Vec::new();
    for (desired, hash) in target.objects.iter().zip(target.hashes.iter()) {
        let policy = ctx.marks.policy(&desired.object);
        let key = desired.key();
        let live = view.get(&key);
        if let Some(live) = &live {
            out.live.insert(key.clone(), live.clone());
        }
        if policy.is_hook || policy.skip {
            if policy.is_hook {
                out.objects.push(state(ctx, desired, &policy, None, live.as_deref()));
            }
            continue;
        }
        shared_warning(ctx, &key, live.as_deref(), &mut out.conditions);
        let seen = live.as_ref().map(|l| Str::from(l.resource_version())).unwrap_or_default();
        let known = cache.known.get(&key, *hash, options_hash, &seen);
        let verdict = match known {
            Some(known) => *known,
            None if live.is_some() && policy.counts_webhooks.or(ctx.app.counts_webhooks) == Some(true) => {
                Comparison::Uncertain
            }
            None => judge(desired, live.as_deref(), ctx, &policy, &options),
        };
        if verdict == Comparison::Uncertain && known.is_none() {
            uncertain.push((key.clone(), desired.object.clone(), live.clone()));
        }
        let found = Known { desired: *hash, options: options_hash, version: seen, verdict };
        fresh.known.keep(key.clone(), found);
        out.verdicts.insert(key, verdict);
        let status =
            if verdict == Comparison::Unchanged { SyncStatus::Synced } else { SyncStatus::OutOfSync };
        out.objects.push(state(ctx, desired, &policy, Some(status), live.as_deref()));
    }
    ask(ctx, uncertain, &options.ignore, &mut fresh, &mut out).await;
    *cache = fresh;
    to_prune(ctx, &mut out);
    out.sync = overall(ctx, &out);
    out.health = overall_health(ctx.app, &out);
    Ok(out)
}

fn judge(
    desired: &Desired,
    live: Option<&Live>,
    ctx: &CompareContext<'_>,
    policy: &ObjectPolicy,
    options: &Options,
) -> Comparison {
    let Some(live) = live else { return Comparison::Missing };
    let as_mode = |mode: Mode| {
        let options = Options { mode, ..options.clone() };
        outcome(desired.value(), Some(live.value()), FIELD_MANAGER, &ctx.place.schemas, &options)
    };
    let said = policy.server_side_apply.or(ctx.app.sync_policy.options.server_side_apply);
    let found = match said {
        Some(false) => as_mode(Mode::ClientSide),
        _ => match policy.server_side_diff {
            Some(true) => as_mode(Mode::ServerSide),
            Some(false) => as_mode(Mode::StructuredMerge),
            None => outcome(desired.value(), Some(live.value()), FIELD_MANAGER, &ctx.place.schemas, options),
        },
    };
    let found = match found {
        // What server-side apply cannot hold, such as a list with one key twice, was applied client-side.
        Outcome::Uncertain(UncertainReason::Refused(_)) if live.annotation(LAST_APPLIED).is_some() => {
            as_mode(Mode::ClientSide)
        }
        other => other,
    };
    match found {
        Outcome::Unchanged => Comparison::Unchanged,
        Outcome::Created => Comparison::Missing,
        Outcome::Changed(_) => Comparison::Changed,
        Outcome::Uncertain(_) => Comparison::Uncertain,
    }
}

/// Asks the server about the objects that only it can judge.
async fn ask(
    ctx: &CompareContext<'_>,
    uncertain: Vec<(ObjectKey, Object, Option<Arc<Live>>)>,
    ignore: &IgnoreRules,
    cache: &mut VerdictCache,
    out: &mut Compared,
) {
    let asked = uncertain.into_iter().map(|(key, object, live)| async move {
        let Some(live) = live else { return (key, Comparison::Missing, true) };
        let request = ApplyRequest {
            object,
            mode: ApplyMode::ServerSide,
            dry_run: true,
            force_conflicts: true,
            validation: Validation::Ignore,
            take_over_from: Vec::new(),
        };
        let (verdict, is_lasting) = match ctx.place.cluster.apply(request).await {
            Ok(after) if same_but_for_bookkeeping(&after, &live, ignore) => (Comparison::Unchanged, true),
            Ok(_) => (Comparison::Changed, true),
            // What the server refuses differs from what is wanted; the sync shows the refusal. It may take it next time.
            Err(e) if e.kind == ApiErrorKind::Unreachable => (Comparison::Uncertain, false),
            Err(_) => (Comparison::Changed, false),
        };
        (key, verdict, is_lasting)
    });
    for (key, verdict, is_lasting) in futures::future::join_all(asked).await {
        match cache.known.get_mut(&key) {
            Some(known) if is_lasting => known.verdict = verdict,
            _ => cache.known.forget(&key),
        }
        if let Some(state) = out.objects.iter_mut().find(|o| o.key == key) {
            state.status = Some(if verdict == Comparison::Unchanged {
                SyncStatus::Synced
            } else {
                SyncStatus::OutOfSync
            });
        }
        out.verdicts.insert(key, verdict);
    }
}

fn same_but_for_bookkeeping(a: &Live, b: &Live, ignore: &IgnoreRules) -> bool {
    let strip = |live: &Live| {
        let mut value = live.value().clone();
        for path in [
            &["metadata", "managedFields"][..],
            &["metadata", "resourceVersion"],
            &["metadata", "generation"],
        ] {
            value.remove_path(path);
        }
        ignore.normalize(&mut value);
        value
    };
    strip(a) == strip(b)
}

fn state(
    ctx: &CompareContext<'_>,
    desired: &Desired,
    policy: &ObjectPolicy,
    status: Option<SyncStatus>,
    live: Option<&Live>,
) -> ObjectState {
    let health = match (live, policy.is_hook) {
        (Some(live), _) => crate::scripts::assess(&ctx.snapshot.customizations, live, ctx.now),
        (None, false) => Some(Health::new(HealthStatus::Missing, "")),
        (None, true) => None,
    };
    ObjectState {
        gvk: desired.gvk(),
        key: desired.key(),
        status,
        health,
        is_hook: policy.is_hook,
        requires_pruning: false,
        wave: policy.wave,
        needs_confirmation: policy.delete == Some(Tristate::Confirm)
            || policy.prune == Some(Tristate::Confirm),
        ignores_health: policy.ignore_health,
    }
}

fn shared_warning(
    ctx: &CompareContext<'_>,
    key: &ObjectKey,
    live: Option<&Live>,
    conditions: &mut Vec<Condition>,
) {
    let Some(owner) = live.and_then(|l| ctx.marks.owner(l)) else { return };
    if owner != ctx.app.id {
        let words = format!("{}/{} is part of applications {} and {}", key.kind, key.name, ctx.app.id, owner);
        conditions.push(Condition::new(ConditionKind::SharedResourceWarning, words));
    }
}

/// Live objects that carry the App's mark and are no longer desired.
fn to_prune(ctx: &CompareContext<'_>, out: &mut Compared) {
    let wanted: HashSet<&ObjectKey> = out.objects.iter().map(|o| &o.key).collect();
    let mut extra = Vec::new();
    for (key, live) in &out.live {
        if wanted.contains(key) || out.verdicts.contains_key(key) {
            continue;
        }
        let policy = ctx.marks.policy(live);
        let owned_by_another = live.value().get_path(&["metadata", "ownerReferences"]).is_some();
        if policy.is_hook || owned_by_another || ctx.marks.owner(live).as_ref() != Some(&ctx.app.id) {
            continue;
        }
        extra.push(ObjectState {
            gvk: live.gvk(),
            key: key.clone(),
            status: Some(if policy.ignore_extraneous { SyncStatus::Synced } else { SyncStatus::OutOfSync }),
            health: crate::scripts::assess(&ctx.snapshot.customizations, live, ctx.now),
            is_hook: false,
            requires_pruning: true,
            wave: policy.wave,
            needs_confirmation: policy.prune == Some(Tristate::Confirm),
            ignores_health: policy.ignore_health,
        });
    }
    out.objects.append(&mut extra);
}

fn overall(ctx: &CompareContext<'_>, out: &Compared) -> SyncStatus {
    let drifted = out.objects.iter().any(|o| o.status == Some(SyncStatus::OutOfSync));
    if drifted || namespace_drifted(ctx) { SyncStatus::OutOfSync } else { SyncStatus::Synced }
}

/// Whether the labels and annotations of a managed destination namespace differ.
fn namespace_drifted(ctx: &CompareContext<'_>) -> bool {
    let policy = &ctx.app.sync_policy;
    let (labels, annotations) = (&policy.managed_namespace_labels, &policy.managed_namespace_annotations);
    if !policy.options.create_namespace || (labels.is_empty() && annotations.is_empty()) {
        return false;
    }
    let key = ObjectKey::new("", "Namespace", "", ctx.app.destination.namespace.clone());
    let Some(live) = ctx.place.cluster.cache().get(&key) else { return true };
    labels.iter().any(|(k, v)| live.label(k) != Some(v))
        || annotations.iter().any(|(k, v)| live.annotation(k) != Some(v))
}

fn overall_health(app: &App, out: &Compared) -> Health {
    let parts: Vec<fairway_health::Part> = out
        .objects
        .iter()
        .filter(|o| !o.is_hook)
        .map(|o| fairway_health::Part {
            key: o.key.clone(),
            is_live: out.live.contains_key(&o.key),
            health: o.health.clone(),
            ignored: o.ignores_health || o.key == crate::engine::application_key(&app.id),
        })
        .collect();
    fairway_health::app_health(&parts)
}
