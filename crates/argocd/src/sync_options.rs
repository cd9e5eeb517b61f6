use fairway_core::{Propagation, Str, SyncOptions, Tristate};

/// Reads `Key=Value` sync options of an App. Returns those that are not known beside the options.
#[must_use]
pub fn parse_sync_options(options: &[Str]) -> (SyncOptions, Vec<Str>) {
    let mut out = SyncOptions::default();
    let mut unknown = Vec::new();
    for option in options {
        if !apply(&mut out, option.trim()) {
            unknown.push(option.clone());
        }
    }
    (out, unknown)
}

fn apply(out: &mut SyncOptions, option: &str) -> bool {
    let Some((key, value)) = option.split_once('=') else { return false };
    let flag = match value {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    match (key, flag) {
        ("Prune", _) => return set(&mut out.prune, tristate(value)),
        ("Delete", _) => return set(&mut out.delete, tristate(value)),
        ("PrunePropagationPolicy", _) => return set(&mut out.prune_propagation, propagation(value)),
        ("CreateNamespace", Some(on)) => out.create_namespace = on,
        ("PruneLast", Some(on)) => out.prune_last = on,
        ("ApplyOutOfSyncOnly", Some(on)) => out.apply_out_of_sync_only = on,
        ("ServerSideApply", Some(on)) => out.server_side_apply = Some(on),
        ("ClientSideApplyMigration", Some(on)) => out.client_side_apply_migration = on,
        ("Replace", Some(on)) => out.replace = on,
        ("Force", Some(on)) => out.force = on,
        ("Validate", Some(on)) => out.validate = on,
        ("SkipDryRunOnMissingResource", Some(on)) => out.skip_dry_run_on_missing_resource = on,
        ("FailOnSharedResource", Some(on)) => out.fail_on_shared_resource = on,
        ("RespectIgnoreDifferences", Some(on)) => out.respect_ignore_differences = on,
        _ => return false,
    }
    true
}

fn set<T>(slot: &mut T, value: Option<T>) -> bool {
    let known = value.is_some();
    if let Some(value) = value {
        *slot = value;
    }
    known
}

pub(crate) fn tristate(word: &str) -> Option<Tristate> {
    match word {
        "true" => Some(Tristate::Yes),
        "false" => Some(Tristate::No),
        "confirm" => Some(Tristate::Confirm),
        _ => None,
    }
}

fn propagation(word: &str) -> Option<Propagation> {
    match word {
        "foreground" => Some(Propagation::Foreground),
        "background" => Some(Propagation::Background),
        "orphan" => Some(Propagation::Orphan),
        _ => None,
    }
}
