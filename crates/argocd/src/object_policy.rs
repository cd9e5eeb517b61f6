use crate::sync_options::tristate;
use crate::words::{
    ANNOTATION_COMPARE_OPTIONS, ANNOTATION_HOOK, ANNOTATION_HOOK_DELETE_POLICY,
    ANNOTATION_IGNORE_HEALTHCHECK, ANNOTATION_SYNC_OPTIONS, ANNOTATION_SYNC_WAVE,
};
use fairway_core::{HookDeletePolicy, Object, ObjectPolicy, SyncPhase};

/// Helm's hook annotation, read where an object has no Argo CD hook annotation.
const HELM_HOOK: &str = "helm.sh/hook";
const HELM_HOOK_WEIGHT: &str = "helm.sh/hook-weight";
const HELM_HOOK_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";

/// Reads what an object's annotations say about how it is synced, as gitops-engine `pkg/sync/{hook,syncwaves,resource}`.
#[must_use]
pub fn object_policy(object: &Object) -> ObjectPolicy {
    let mut policy = ObjectPolicy { wave: wave(object), ..ObjectPolicy::default() };
    read_hook(object, &mut policy);
    for option in words(object, ANNOTATION_SYNC_OPTIONS) {
        read_option(option, &mut policy);
    }
    policy.ignore_extraneous = words(object, ANNOTATION_COMPARE_OPTIONS).any(|w| w == "IgnoreExtraneous");
    (policy.server_side_diff, policy.counts_webhooks) = compare_options(object);
    policy.ignore_health = object.annotation(ANNOTATION_IGNORE_HEALTHCHECK) == Some("true");
    policy
}

/// Returns what `ServerSideDiff` and `IncludeMutationWebhook` say in the compare options of an object or Application.
pub(crate) fn compare_options(object: &Object) -> (Option<bool>, Option<bool>) {
    let said = |key: &str| {
        let value = |w: &str| w.split_once('=').filter(|(k, _)| *k == key).and_then(|(_, v)| v.parse().ok());
        words(object, ANNOTATION_COMPARE_OPTIONS).find_map(value)
    };
    (said("ServerSideDiff"), said("IncludeMutationWebhook"))
}

fn words<'a>(object: &'a Object, annotation: &str) -> impl Iterator<Item = &'a str> {
    object.annotation(annotation).unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty())
}

fn wave(object: &Object) -> i32 {
    let number = |key: &str| object.annotation(key).and_then(|text| text.parse::<i32>().ok());
    number(ANNOTATION_SYNC_WAVE).or_else(|| number(HELM_HOOK_WEIGHT)).unwrap_or(0)
}

fn argo_phase(word: &str) -> Option<SyncPhase> {
    match word {
        "PreSync" => Some(SyncPhase::PreSync),
        "Sync" => Some(SyncPhase::Sync),
        "PostSync" => Some(SyncPhase::PostSync),
        "SyncFail" => Some(SyncPhase::SyncFail),
        "PreDelete" => Some(SyncPhase::PreDelete),
        "PostDelete" => Some(SyncPhase::PostDelete),
        _ => None,
    }
}

fn helm_phase(word: &str) -> Option<SyncPhase> {
    match word {
        "pre-install" | "pre-upgrade" => Some(SyncPhase::PreSync),
        "post-install" | "post-upgrade" => Some(SyncPhase::PostSync),
        "pre-delete" => Some(SyncPhase::PreDelete),
        "post-delete" => Some(SyncPhase::PostDelete),
        _ => None,
    }
}

fn read_hook(object: &Object, policy: &mut ObjectPolicy) {
    let argo: Vec<&str> = words(object, ANNOTATION_HOOK).collect();
    let mut phases: Vec<SyncPhase> = argo.iter().filter_map(|w| argo_phase(w)).collect();
    // Helm's words count where no word of Argo CD's is known.
    if phases.is_empty() && !argo.contains(&"Skip") {
        phases = words(object, HELM_HOOK).filter_map(helm_phase).collect();
    }
    phases.sort_unstable();
    phases.dedup();
    policy.skip = argo == ["Skip"];
    let is_argo_hook = object.annotation(ANNOTATION_HOOK).is_some() && !policy.skip;
    // Helm 2 wrote `crd-install` on CRDs, which are no hooks.
    let is_helm_hook = object.annotation(ANNOTATION_HOOK).is_none()
        && object.annotation(HELM_HOOK).is_some_and(|word| word != "crd-install");
    policy.is_hook = is_argo_hook || is_helm_hook;
    if policy.is_hook {
        policy.hook_phases = phases;
        policy.hook_delete = delete_policies(object);
    }
}

fn delete_policies(object: &Object) -> Vec<HookDeletePolicy> {
    let argo = words(object, ANNOTATION_HOOK_DELETE_POLICY).filter_map(|word| match word {
        "BeforeHookCreation" => Some(HookDeletePolicy::BeforeHookCreation),
        "HookSucceeded" => Some(HookDeletePolicy::HookSucceeded),
        "HookFailed" => Some(HookDeletePolicy::HookFailed),
        _ => None,
    });
    let helm = words(object, HELM_HOOK_DELETE_POLICY).filter_map(|word| match word {
        "before-hook-creation" => Some(HookDeletePolicy::BeforeHookCreation),
        "hook-succeeded" => Some(HookDeletePolicy::HookSucceeded),
        "hook-failed" => Some(HookDeletePolicy::HookFailed),
        _ => None,
    });
    let mut out: Vec<HookDeletePolicy> = argo.chain(helm).collect();
    if out.is_empty() {
        out.push(HookDeletePolicy::BeforeHookCreation);
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn read_option(option: &str, policy: &mut ObjectPolicy) {
    let Some((key, value)) = option.split_once('=') else { return };
    let flag = match value {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    match key {
        "Prune" => policy.prune = tristate(value).or(policy.prune),
        "Delete" => policy.delete = tristate(value).or(policy.delete),
        "PruneLast" => policy.prune_last = flag == Some(true),
        "Replace" => policy.replace = flag.or(policy.replace),
        "Force" => policy.force = flag == Some(true),
        "ServerSideApply" => policy.server_side_apply = flag.or(policy.server_side_apply),
        "ClientSideApplyMigration" => {
            policy.client_side_apply_migration = flag.or(policy.client_side_apply_migration);
        }
        "Validate" => policy.validate = flag.or(policy.validate),
        "SkipDryRunOnMissingResource" => policy.skip_dry_run_on_missing_resource = flag == Some(true),
        "ApplyOutOfSyncOnly" => policy.apply_out_of_sync_only = flag.or(policy.apply_out_of_sync_only),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(annotations: &[(&str, &str)]) -> ObjectPolicy {
        let mut object = Object::default();
        for (key, value) in annotations {
            object.set_annotation(key, *value);
        }
        object_policy(&object)
    }

    #[test]
    fn helm_hooks_count_only_without_an_argo_cd_hook() {
        let helm = policy(&[(HELM_HOOK, "pre-install,pre-upgrade"), (HELM_HOOK_WEIGHT, "-3")]);
        assert_eq!((helm.is_hook, helm.hook_phases, helm.wave), (true, vec![SyncPhase::PreSync], -3));
        let both = policy(&[(HELM_HOOK, "pre-install"), (ANNOTATION_HOOK, "PostSync")]);
        assert_eq!(both.hook_phases, [SyncPhase::PostSync]);
        assert!(!policy(&[(HELM_HOOK, "crd-install")]).is_hook);
        let test = policy(&[(HELM_HOOK, "test")]);
        assert_eq!((test.is_hook, test.hook_phases), (true, vec![]));
    }

    #[test]
    fn skip_alone_leaves_the_object_alone() {
        let skip = policy(&[(ANNOTATION_HOOK, "Skip")]);
        assert_eq!((skip.skip, skip.is_hook), (true, false));
        let both = policy(&[(ANNOTATION_HOOK, "Skip,Sync")]);
        assert_eq!((both.skip, both.is_hook, both.hook_phases), (false, true, vec![SyncPhase::Sync]));
    }

    #[test]
    fn an_unknown_hook_is_a_hook_without_a_phase() {
        let unknown = policy(&[(ANNOTATION_HOOK, "Sometimes")]);
        assert_eq!((unknown.is_hook, unknown.hook_phases), (true, vec![]));
    }
}
