//! Claims and volumes: a claim of a class that exists is bound to a volume made for it.

use super::object::{deleting, get, key, list, name, namespace, text, uid};
use super::work::World;
use crate::api::{CONTROLLER, Part, to_value};
use crate::store::object_key;
use fairway_value::Value;
use serde_json::json;

const CLAIMS: &str = "persistentvolumeclaims";
const VOLUMES: &str = "persistentvolumes";

/// Binds a claim, or lets one that is being deleted go once no Pod uses it.
pub(crate) fn claim(world: &World, claim: &Value) {
    if deleting(claim) {
        let (_, pods) = world.api.store.list("pods", &format!("{}/", namespace(claim)));
        let used = pods.iter().any(|p| {
            super::object::is_active(&p.value)
                && list(&p.value, "spec.volumes")
                    .iter()
                    .any(|v| text(v, "persistentVolumeClaim.claimName") == name(claim))
        });
        if !used {
            release(world, CLAIMS, claim, "kubernetes.io/pvc-protection");
        }
        return;
    }
    if text(claim, "status.phase") == "Bound" {
        return;
    }
    let volume = match existing(world, claim) {
        Some(volume) => volume,
        None => match provision(world, claim) {
            Some(volume) => volume,
            None => return,
        },
    };
    world.api.change(CLAIMS, &key(claim), CONTROLLER, Part::Object, |o| {
        o.set_path(&["spec", "volumeName"], volume.as_str());
        o.set_path(&["metadata", "annotations", "pv.kubernetes.io/bind-completed"], "yes");
    });
    let size = get(claim, "spec.resources.requests.storage").cloned();
    world.api.change(CLAIMS, &key(claim), CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "phase"], "Bound");
        if let Some(modes) = get(o, "spec.accessModes").cloned() {
            o.set_path(&["status", "accessModes"], modes);
        }
        if let Some(size) = &size {
            o.set_path(&["status", "capacity", "storage"], size.clone());
        }
    });
}

/// Finds a volume that the claim names, or one that nobody has and that fits by class.
fn existing(world: &World, claim: &Value) -> Option<String> {
    let named = text(claim, "spec.volumeName");
    let class = text(claim, "spec.storageClassName");
    let free = |v: &Value| {
        let owner = (text(v, "spec.claimRef.namespace"), text(v, "spec.claimRef.name"));
        owner == ("", "") || owner == (namespace(claim), name(claim))
    };
    let volume = world.api.store.list(VOLUMES, "").1.into_iter().find(|v| {
        let fits = if named.is_empty() {
            text(&v.value, "spec.storageClassName") == class
        } else {
            name(&v.value) == named
        };
        fits && free(&v.value) && !deleting(&v.value)
    })?;
    let volume_name = name(&volume.value).to_owned();
    let reference = claim_reference(claim);
    world.api.change(VOLUMES, &volume_name, CONTROLLER, Part::Object, |o| {
        o.set_path(&["spec", "claimRef"], reference.clone());
    });
    world.api.change(VOLUMES, &volume_name, CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "phase"], "Bound");
    });
    Some(volume_name)
}

fn claim_reference(claim: &Value) -> Value {
    to_value(&json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace(claim),
        "name": name(claim), "uid": uid(claim) }))
}

/// Makes a volume for a claim whose class exists.
fn provision(world: &World, claim: &Value) -> Option<String> {
    let class = world.api.store.get("storageclasses.storage.k8s.io", text(claim, "spec.storageClassName"))?;
    let volume_name = format!("pvc-{}", uid(claim));
    let mut volume = to_value(&json!({ "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": { "name": volume_name,
            "annotations": { "pv.kubernetes.io/provisioned-by": text(&class.value, "provisioner") } },
        "spec": { "csi": { "driver": text(&class.value, "provisioner"), "volumeHandle": uid(claim) } } }));
    volume.set_path(&["spec", "storageClassName"], name(&class.value));
    volume.set_path(&["spec", "claimRef"], claim_reference(claim));
    for (from, to) in [("spec.accessModes", "accessModes"), ("spec.volumeMode", "volumeMode")] {
        if let Some(value) = get(claim, from) {
            volume.set_path(&["spec", to], value.clone());
        }
    }
    if let Some(size) = get(claim, "spec.resources.requests.storage") {
        volume.set_path(&["spec", "capacity", "storage"], size.clone());
    }
    let policy = text(&class.value, "reclaimPolicy");
    volume.set_path(
        &["spec", "persistentVolumeReclaimPolicy"],
        if policy.is_empty() { "Delete" } else { policy },
    );
    match world.api.make("/api/v1/persistentvolumes", &volume) {
        Ok(()) | Err((409, _)) => {}
        Err((_, why)) => {
            tracing::debug!(claim = name(claim), %why, "a volume is refused");
            return None;
        }
    }
    world.api.change(VOLUMES, &volume_name, CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "phase"], "Bound");
    });
    Some(volume_name)
}

/// Deletes or releases the volume of a claim that is gone.
pub(crate) fn claim_gone(world: &World, claim: &Value) {
    let volume_name = text(claim, "spec.volumeName");
    let Some(volume) = world.api.store.get(VOLUMES, &object_key("", volume_name)) else { return };
    if text(&volume.value, "spec.claimRef.uid") != uid(claim) {
        return;
    }
    if text(&volume.value, "spec.persistentVolumeReclaimPolicy") == "Delete" {
        world.api.dispose(VOLUMES, "", volume_name, "Background");
        return;
    }
    world.api.change(VOLUMES, volume_name, CONTROLLER, Part::Status, |o| {
        o.set_path(&["status", "phase"], "Released");
    });
}

/// Makes a new volume available; lets one go that is being deleted and unbound.
pub(crate) fn volume(world: &World, volume: &Value) {
    let claim = (text(volume, "spec.claimRef.namespace"), text(volume, "spec.claimRef.name"));
    let bound = claim != ("", "") && world.api.find(CLAIMS, claim.0, claim.1).is_some();
    if deleting(volume) {
        if !bound {
            release(world, VOLUMES, volume, "kubernetes.io/pv-protection");
        }
        return;
    }
    if text(volume, "status.phase") == "Pending" && !bound {
        world.api.change(VOLUMES, name(volume), CONTROLLER, Part::Status, |o| {
            o.set_path(&["status", "phase"], "Available");
        });
        // Claims that wait for a volume of this class are looked at again.
        for claim in world.api.store.list(CLAIMS, "").1 {
            if text(&claim.value, "status.phase") == "Pending" {
                world.queue.push(CLAIMS, &key(&claim.value), None);
            }
        }
    }
}

fn release(world: &World, table: &str, object: &Value, finalizer: &str) {
    world.api.change(table, &key(object), CONTROLLER, Part::Object, |o| {
        let kept: Vec<Value> = list(o, "metadata.finalizers")
            .iter()
            .filter(|f| f.as_str() != Some(finalizer))
            .cloned()
            .collect();
        if kept.is_empty() {
            o.remove_path(&["metadata", "finalizers"]);
        } else {
            o.set_path(&["metadata", "finalizers"], kept);
        }
    });
}
