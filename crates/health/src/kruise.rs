//! Checks of OpenKruise's workloads, as those that Argo CD 3.6 ships.

use crate::seen::{Judged, Res, Seen, said};
use fairway_core::HealthStatus::{Degraded, Healthy, Progressing, Suspended};
use std::cmp::Ordering;

/// Whether the newest spec was seen: both generations are equal, nothing being equal to nothing.
fn is_observed(root: &Seen<'_>, status: &Seen<'_>) -> Res<bool> {
    Ok(root.path(&["metadata", "generation"])?.equals(&status.field("observedGeneration")?))
}

/// Whether a spec is not the first one.
fn was_changed(root: &Seen<'_>) -> Res<bool> {
    Ok(root.path(&["metadata", "generation"])?.order(&Seen::Number(1.0))? == Ordering::Greater)
}

pub(crate) fn clone_set(root: &Seen<'_>) -> Judged {
    let status = root.field("status")?;
    if status.is_nil() || !is_observed(root, &status)? {
        return said(Progressing, "Waiting for initialization");
    }
    let strategy = root.path(&["spec", "updateStrategy"])?;
    let available = || status.field("updatedAvailableReplicas");
    if strategy.field("paused")?.is_true() || !available()?.truthy() {
        return said(Suspended, "Cloneset is paused");
    }
    if !strategy.field("partition")?.equals(&Seen::Number(0.0)) && was_changed(root)? {
        let updated = status.field("updatedReplicas")?;
        if updated.order(&status.field("expectedUpdatedReplicas")?)? != Ordering::Less {
            return said(Suspended, "Cloneset needs manual intervention");
        }
        return said(Progressing, "Waiting for initialization");
    }
    if available()?.equals(&status.field("replicas")?) {
        return said(Healthy, "All Cloneset workloads are ready and updated");
    }
    said(Degraded, "Some replicas are not ready or available")
}

pub(crate) fn stateful_set(root: &Seen<'_>) -> Judged {
    let status = root.field("status")?;
    if status.is_nil() || !is_observed(root, &status)? {
        return said(Progressing, "Waiting for initialization");
    }
    let rolling = root.path(&["spec", "updateStrategy", "rollingUpdate"])?;
    let available = || status.field("updatedAvailableReplicas");
    if rolling.field("paused")?.is_true() || !available()?.truthy() {
        return said(Suspended, "Statefulset is paused");
    }
    let partition = rolling.field("partition")?;
    if !partition.equals(&Seen::Number(0.0)) && was_changed(root)? {
        let rest = status.field("replicas")?.reckoned()? - partition.reckoned()?;
        if status.field("updatedReplicas")?.order(&Seen::Number(rest))? == Ordering::Greater {
            return said(Suspended, "Statefulset needs manual intervention");
        }
        return said(Progressing, "Waiting for initialization");
    }
    if available()?.equals(&status.field("replicas")?) {
        return said(Healthy, "All Statefulset workloads are ready and updated");
    }
    said(Degraded, "Some replicas are not ready or available")
}

pub(crate) fn daemon_set(root: &Seen<'_>) -> Judged {
    let status = root.field("status")?;
    if status.is_nil() || !is_observed(root, &status)? {
        return said(Progressing, "Waiting for initialization");
    }
    let rolling = root.path(&["spec", "updateStrategy", "rollingUpdate"])?;
    let updated = status.field("updatedNumberScheduled")?;
    if rolling.field("paused")?.is_true() || !updated.truthy() {
        return said(Suspended, "Daemonset is paused");
    }
    let (partition, wanted) = (rolling.field("partition")?, status.field("desiredNumberScheduled")?);
    if !partition.is_nil() && !partition.equals(&Seen::Number(0.0)) && was_changed(root)? {
        let rest = wanted.reckoned()? - partition.reckoned()?;
        if updated.order(&Seen::Number(rest))? == Ordering::Greater {
            return said(Suspended, "Daemonset needs manual intervention");
        }
    } else if updated.equals(&wanted) && status.field("numberAvailable")?.equals(&wanted) {
        return said(Healthy, "All Daemonset workloads are ready and updated");
    } else if updated.equals(&wanted) && status.field("numberUnavailable")?.equals(&wanted) {
        return said(Degraded, "Some pods are not ready or available");
    }
    said(Progressing, "Waiting for initialization")
}

pub(crate) fn game_server_set(root: &Seen<'_>) -> Judged {
    let waiting = || said(Progressing, "Waiting for GameServerSet initialization");
    let status = root.field("status")?;
    if !status.truthy() || !is_observed(root, &status)? {
        return waiting();
    }
    let strategy = root.path(&["spec", "updateStrategy"])?;
    let rolling = if strategy.truthy() { strategy.field("rollingUpdate")? } else { Seen::Nil };
    // Without one, it reads as an empty map.
    let rolled = |key: &str| if rolling.truthy() { rolling.field(key) } else { Ok(Seen::Nil) };
    let count = |key: &str| Ok::<_, String>(status.field(key)?.or(Seen::Number(0.0)));
    if rolled("paused")?.is_true() {
        return said(Suspended, "GameServerSet is paused");
    }
    let partition = rolled("partition")?.or(Seen::Number(0.0));
    if !partition.equals(&Seen::Number(0.0)) {
        let rest = count("replicas")?.reckoned()? - partition.reckoned()?;
        if count("updatedReplicas")?.order(&Seen::Number(rest))? != Ordering::Less {
            let partition = partition.joined()?;
            return said(Suspended, format!("Partition={partition}, waiting for manual intervention"));
        }
    }
    if count("updatedReadyReplicas")?.equals(&count("replicas")?) {
        return said(Healthy, "All GameServerSet replicas are updated and ready");
    }
    let (ready, wanted) = (count("readyReplicas")?, count("replicas")?);
    if ready.order(&wanted)? == Ordering::Less {
        let message = format!("ReadyReplicas {}/{}, still progressing", ready.joined()?, wanted.joined()?);
        return said(Progressing, message);
    }
    waiting()
}
