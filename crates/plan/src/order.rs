use crate::{Action, Refusal, Step, SyncPlan, Task, Violation, WavePlan};
use fairway_core::{ObjectKey, SyncPhase, Value, install_rank};
use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet};

/// Returns a kind's place in the order of one wave, which is that of gitops-engine's `pkg/sync/sync_tasks.go`; kinds
/// that the order does not name share the last place.
#[must_use]
pub fn kind_rank(kind: &str) -> usize {
    install_rank(kind).unwrap_or(usize::MAX)
}

/// Returns the coarse group that a kind is applied with. Argo CD applies kind after kind; nothing inside one of these
/// groups needs another member of it but by the edges below, so each group is one round of parallel writes:
/// namespaces, then what workloads use, then workloads, then what points at workloads and everything unknown.
fn tier(kind: &str) -> u8 {
    let rank = kind_rank(kind);
    if rank == 0 {
        0
    } else if rank <= kind_rank("Service") {
        1
    } else if rank <= kind_rank("CronJob") {
        2
    } else {
        3
    }
}

/// A task on its way into a plan.
pub(crate) struct Placed {
    pub phase: SyncPhase,
    pub wave: i32,
    pub task: Task,
}

impl Placed {
    fn place(&self) -> (SyncPhase, i32) {
        (self.phase, self.wave)
    }
}

fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    value.get_path(path).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the kind that a CRD brings.
pub(crate) fn brought_kind(value: &Value) -> Option<(String, String)> {
    let is_crd = text(value, &["kind"]) == "CustomResourceDefinition"
        && text(value, &["apiVersion"]).starts_with("apiextensions.k8s.io/");
    let names = (text(value, &["spec", "group"]), text(value, &["spec", "names", "kind"]));
    (is_crd && !names.1.is_empty()).then(|| (names.0.to_owned(), names.1.to_owned()))
}

/// What later tasks may need, by name.
#[derive(Default)]
struct Providers {
    namespaces: BTreeMap<String, usize>,
    kinds: BTreeMap<(String, String), usize>,
    named: BTreeMap<(&'static str, String, String), usize>,
}

impl Providers {
    fn of(placed: &[Placed]) -> Self {
        let mut out = Self::default();
        for (at, p) in placed.iter().enumerate() {
            let Some(object) = p.task.object.as_ref().filter(|_| p.task.action.writes()) else { continue };
            let key = &p.task.key;
            match (key.group.as_str(), key.kind.as_str()) {
                ("", "Namespace") => {
                    out.namespaces.insert(key.name.to_string(), at);
                }
                ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                    if let Some(kind) = brought_kind(object.value()) {
                        out.kinds.insert(kind, at);
                    }
                }
                ("rbac.authorization.k8s.io", "ClusterRole") => out.name("ClusterRole", key, at),
                ("rbac.authorization.k8s.io", "Role") => out.name("Role", key, at),
                ("", "ServiceAccount") => out.name("ServiceAccount", key, at),
                ("scheduling.k8s.io", "PriorityClass") => out.name("PriorityClass", key, at),
                ("networking.k8s.io", "IngressClass") => out.name("IngressClass", key, at),
                _ => {}
            }
        }
        out
    }

    fn name(&mut self, kind: &'static str, key: &ObjectKey, at: usize) {
        self.named.insert((kind, key.namespace.to_string(), key.name.to_string()), at);
    }

    fn find(&self, kind: &'static str, namespace: &str, name: &str) -> Option<usize> {
        self.named.get(&(kind, namespace.to_owned(), name.to_owned())).copied()
    }

    /// Returns what a task needs that the API server would otherwise refuse it for.
    fn needed_by(&self, task: &Task) -> Vec<usize> {
        let Some(object) = task.object.as_ref().filter(|_| task.action.writes()) else { return Vec::new() };
        let (key, value) = (&task.key, object.value());
        let mut needs: Vec<Option<usize>> = vec![
            self.namespaces.get(key.namespace.as_str()).copied(),
            self.kinds.get(&(key.group.to_string(), key.kind.to_string())).copied(),
        ];
        match key.kind.as_str() {
            // Binding a role that is not there is refused to anyone who lacks the right to bind any role.
            "RoleBinding" | "ClusterRoleBinding" => {
                let name = text(value, &["roleRef", "name"]);
                needs.push(match text(value, &["roleRef", "kind"]) {
                    "ClusterRole" => self.find("ClusterRole", "", name),
                    _ => self.find("Role", &key.namespace, name),
                });
            }
            // The token controller deletes a token Secret whose ServiceAccount is not there.
            "Secret" if text(value, &["type"]) == "kubernetes.io/service-account-token" => {
                let name = object.annotation("kubernetes.io/service-account.name").unwrap_or_default();
                needs.push(self.find("ServiceAccount", &key.namespace, name));
            }
            // Admission refuses a Pod whose PriorityClass or ServiceAccount is not there.
            "Pod" => {
                needs.push(self.find("PriorityClass", "", text(value, &["spec", "priorityClassName"])));
                needs.push(self.find(
                    "ServiceAccount",
                    &key.namespace,
                    text(value, &["spec", "serviceAccountName"]),
                ));
            }
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" => {
                let template: &[&str] = match key.kind.as_str() {
                    "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec", "priorityClassName"],
                    _ => &["spec", "template", "spec", "priorityClassName"],
                };
                needs.push(self.find("PriorityClass", "", text(value, template)));
            }
            "Ingress" => {
                needs.push(self.find("IngressClass", "", text(value, &["spec", "ingressClassName"])))
            }
            _ => {}
        }
        let unique: BTreeSet<usize> = needs.into_iter().flatten().collect();
        unique.into_iter().collect()
    }
}

/// Pulls Namespaces and CRDs up to the phase and wave of the first object that needs them, as Argo CD does, and names
/// in each task what it needs.
pub(crate) fn resolve_needs(placed: &mut [Placed]) {
    let providers = Providers::of(placed);
    let needs: Vec<Vec<usize>> = placed
        .iter()
        .enumerate()
        .map(|(at, p)| providers.needed_by(&p.task).into_iter().filter(|n| *n != at).collect())
        .collect();
    let movable: BTreeSet<usize> =
        providers.namespaces.values().chain(providers.kinds.values()).copied().collect();
    for (at, list) in needs.iter().enumerate() {
        for needed in list.iter().filter(|n| movable.contains(n)) {
            let (phase, wave) = placed[at].place();
            // Hooks stay in the phases that they name.
            let moves = placed[*needed].task.hook.is_none() && placed[at].phase != SyncPhase::SyncFail;
            if moves && (phase, wave) < placed[*needed].place() {
                (placed[*needed].phase, placed[*needed].wave) = (phase, wave);
            }
        }
    }
    for (at, list) in needs.into_iter().enumerate() {
        // Waves that a person wrote win over what we know: a Role in a later wave than its binding stays there.
        let earlier = list.into_iter().filter(|n| placed[*n].place() <= placed[at].place());
        let mut keys: Vec<ObjectKey> = earlier.map(|n| placed[n].task.key.clone()).collect();
        keys.sort();
        placed[at].task.needs = keys;
    }
}

/// Sorts tasks into phases' waves with their steps. The result is the same whatever order the tasks come in.
pub(crate) fn waves(placed: Vec<Placed>, refusals: &mut Vec<Refusal>) -> BTreeMap<SyncPhase, Vec<WavePlan>> {
    let mut by_place: BTreeMap<(SyncPhase, i32), Vec<Task>> = BTreeMap::new();
    for p in placed {
        by_place.entry((p.phase, p.wave)).or_default().push(p.task);
    }
    let mut out: BTreeMap<SyncPhase, Vec<WavePlan>> = BTreeMap::new();
    for ((phase, wave), tasks) in by_place {
        let steps = steps(tasks, refusals);
        out.entry(phase).or_default().push(WavePlan { wave, steps, gate: false });
    }
    out
}

fn steps(mut tasks: Vec<Task>, refusals: &mut Vec<Refusal>) -> Vec<Step> {
    tasks.sort_by(|a, b| {
        let rank = |t: &Task| (kind_rank(&t.key.kind), t.key.name.clone());
        rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
    });
    let (prunes, rest): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(|t| t.action == Action::Prune);
    let mut out = Vec::new();
    if !prunes.is_empty() {
        out.push(Step { tasks: prunes });
    }
    let places = step_places(&rest, refusals);
    let mut by_place: BTreeMap<(u8, usize), Vec<Task>> = BTreeMap::new();
    for (task, place) in rest.into_iter().zip(places) {
        by_place.entry(place).or_default().push(task);
    }
    out.extend(by_place.into_values().map(|tasks| Step { tasks }));
    out
}

/// Returns each task's tier and, inside the tier, the length of the longest chain of needs before it.
fn step_places(tasks: &[Task], refusals: &mut Vec<Refusal>) -> Vec<(u8, usize)> {
    let mut graph: DiGraph<usize, ()> = DiGraph::with_capacity(tasks.len(), 0);
    let nodes: Vec<NodeIndex> = (0..tasks.len()).map(|at| graph.add_node(at)).collect();
    let by_key: BTreeMap<&ObjectKey, usize> = tasks.iter().enumerate().map(|(at, t)| (&t.key, at)).collect();
    for (at, task) in tasks.iter().enumerate() {
        for needed in task.needs.iter().filter_map(|k| by_key.get(k)) {
            graph.add_edge(nodes[*needed], nodes[at], ());
        }
    }
    let mut places: Vec<(u8, usize)> = tasks.iter().map(|t| (tier(&t.key.kind), 0)).collect();
    let order = match toposort(&graph, None) {
        Ok(order) => order,
        Err(cycle) => {
            refusals.push(Refusal::Cycle { key: tasks[graph[cycle.node_id()]].key.clone() });
            return places;
        }
    };
    for node in order.iter().rev() {
        let lowest = graph.neighbors(*node).map(|n| places[graph[n]].0).min();
        let place = &mut places[graph[*node]];
        place.0 = place.0.min(lowest.unwrap_or(place.0));
    }
    for node in order {
        let (tier, depth) = places[graph[node]];
        for next in graph.neighbors(node).collect::<Vec<_>>() {
            let place = &mut places[graph[next]];
            if place.0 == tier {
                place.1 = place.1.max(depth + 1);
            }
        }
    }
    places
}

/// What `check` reports.
pub(crate) fn violations(plan: &SyncPlan) -> Vec<Violation> {
    let mut out = Vec::new();
    let phases: Vec<SyncPhase> = plan.phases.iter().map(|p| p.phase).collect();
    if !phases.is_sorted_by(|a, b| a < b) {
        out.push(Violation::Shape);
    }
    let mut done: BTreeSet<&ObjectKey> = BTreeSet::new();
    let mut desired: BTreeSet<&ObjectKey> = BTreeSet::new();
    let mut pruned: BTreeSet<&ObjectKey> = BTreeSet::new();
    for phase in plan.phases.iter().chain(&plan.on_failure) {
        let reversed = phase.phase == SyncPhase::Delete;
        let sorted =
            phase.waves.is_sorted_by(|a, b| if reversed { a.wave > b.wave } else { a.wave < b.wave });
        if phase.waves.is_empty() || !sorted {
            out.push(Violation::Shape);
        }
        let mut in_phase: BTreeSet<&ObjectKey> = BTreeSet::new();
        for step in phase.waves.iter().flat_map(|w| &w.steps) {
            if step.tasks.is_empty() {
                out.push(Violation::Shape);
            }
            for task in &step.tasks {
                let missing = task.needs.iter().filter(|n| task.action.writes() && !done.contains(n));
                out.extend(
                    missing.map(|n| Violation::OutOfOrder { key: task.key.clone(), needs: n.clone() }),
                );
                if !in_phase.insert(&task.key) {
                    out.push(Violation::Twice(task.key.clone()));
                }
                out.extend(faults(task));
                if task.action == Action::Prune {
                    pruned.insert(&task.key);
                } else if task.object.is_some() {
                    desired.insert(&task.key);
                }
            }
            done.extend(step.tasks.iter().map(|t| &t.key));
        }
    }
    out.extend(pruned.intersection(&desired).map(|k| Violation::PrunesDesired((*k).clone())));
    out
}

fn faults(task: &Task) -> Vec<Violation> {
    let mut out = Vec::new();
    if task.action == Action::Prune && !task.owned {
        out.push(Violation::PrunesUnowned(task.key.clone()));
    }
    let writes_object = task.action.writes() && task.action != Action::Prune;
    if writes_object && task.object.as_ref().is_none_or(|o| o.key() != task.key) {
        out.push(Violation::WrongObject(task.key.clone()));
    }
    out
}
