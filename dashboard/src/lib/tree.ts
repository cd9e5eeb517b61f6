import type { ApplicationTree, ResourceStatus, TreeNode } from '../api/types';
import { worse } from './status';

/** An object with what it owns. `group` stands for several objects of one kind that are alike. */
export interface Branch {
  id: string;
  node: TreeNode;
  sync?: string;
  children: Branch[];
  /** The worst health of the object and everything below it. */
  worst?: string;
  /** How many objects are below. */
  below: number;
  group?: number;
}

/** Siblings of one kind from which on they are folded into one group, where none of them owns anything or ails. */
const GROUP_MIN = 6;

/** Returns a text that tells an object from every other. */
export function nodeId(node: { uid?: string; group?: string; kind: string; namespace?: string; name: string }): string {
  return [node.group, node.kind, node.namespace, node.name].join('/');
}

/** Builds the forest of an application's objects; those that are desired and missing in the cluster come from its status. */
export function buildForest(tree: ApplicationTree, resources: ResourceStatus[]): Branch[] {
  const branches = new Map<string, Branch>();
  const byUid = new Map<string, Branch>();
  for (const node of tree.nodes ?? []) {
    const branch: Branch = { id: nodeId(node), node, children: [], below: 0 };
    branches.set(branch.id, branch);
    if (node.uid) byUid.set(node.uid, branch);
  }
  for (const resource of resources) {
    if (resource.hook) continue;
    const id = nodeId(resource);
    const found = branches.get(id);
    if (found) found.sync = resource.status;
    else branches.set(id, { id, node: { ...resource, health: resource.health ?? { status: 'Missing' } }, sync: resource.status, children: [], below: 0 });
  }
  const roots: Branch[] = [];
  for (const branch of branches.values()) {
    const refs = branch.node.parentRefs ?? [];
    const parent = refs.map((ref) => (ref.uid && byUid.get(ref.uid)) || branches.get(nodeId(ref))).find((p) => p && p !== branch);
    if (parent) parent.children.push(branch);
    else roots.push(branch);
  }
  return settle(roots, new Set());
}

/** Orders siblings and sums up; an object that owns itself in a circle is cut out of it. */
function settle(branches: Branch[], above: Set<string>): Branch[] {
  const fresh = branches.filter((branch) => !above.has(branch.id));
  for (const branch of fresh) {
    branch.children = settle(branch.children, new Set(above).add(branch.id));
    branch.below = branch.children.reduce((n, child) => n + 1 + child.below, 0);
    branch.worst = branch.children.reduce((health, child) => worse(health, child.worst), branch.node.health?.status as string | undefined);
  }
  return fresh.toSorted((a, b) => kindRank(a) - kindRank(b) || compare(a.node.kind, b.node.kind) || compare(a.node.name, b.node.name));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What runs comes first, then what leads to it, then what configures it. */
const KINDS = ['Application', 'Rollout', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet', 'Pod', 'Ingress', 'Service'];

function kindRank(branch: Branch): number {
  const at = KINDS.indexOf(branch.node.kind);
  return at < 0 ? KINDS.length : at;
}

/** What the tree view leaves out. */
export interface TreeFilter {
  text: string;
  problems: boolean;
  kind?: string;
  health?: string;
  sync?: string;
  namespace?: string;
}

/** Whether an object needs a look. */
export function isProblem(branch: Branch): boolean {
  return (branch.node.health?.status !== undefined && !['Healthy', 'Suspended'].includes(branch.node.health.status)) || branch.sync === 'OutOfSync';
}

/** Keeps the branches that match, with everything on the way to them. */
export function filterForest(forest: Branch[], filter: TreeFilter): Branch[] {
  const text = filter.text.trim().toLowerCase();
  const { kind, health, sync, namespace } = filter;
  if (!text && !filter.problems && !kind && !health && !sync && !namespace) return forest;
  const wanted = (branch: Branch) =>
    (!kind || branch.node.kind === kind) && (!health || branch.node.health?.status === health) && (!sync || branch.sync === sync) &&
    (!namespace || (branch.node.namespace ?? '') === namespace) && (!text || `${branch.node.kind} ${branch.node.name} ${branch.node.namespace ?? ''}`.toLowerCase().includes(text)) && (!filter.problems || isProblem(branch));
  return forest.flatMap((branch) => {
    const children = filterForest(branch.children, filter);
    return wanted(branch) || children.length > 0 ? [{ ...branch, children }] : [];
  });
}

/** Folds many alike siblings into one entry, unless it is opened. */
export function groupForest(forest: Branch[], open: ReadonlySet<string>, parent = ''): Branch[] {
  const alike = new Map<string, Branch[]>();
  for (const branch of forest) {
    if (branch.children.length > 0 || isProblem(branch)) continue;
    const key = `${parent}>${branch.node.group ?? ''}/${branch.node.kind}`;
    alike.set(key, [...(alike.get(key) ?? []), branch]);
  }
  const folded = new Map<Branch, [string, Branch[]]>();
  for (const [key, members] of alike) {
    if (members.length < GROUP_MIN || open.has(key)) continue;
    for (const member of members) folded.set(member, [key, members]);
  }
  return forest.flatMap((branch): Branch[] => {
    const fold = folded.get(branch);
    if (!fold) return [{ ...branch, children: groupForest(branch.children, open, branch.id) }];
    const [key, members] = fold;
    if (members[0] !== branch) return [];
    return [{ id: key, node: { kind: branch.node.kind, group: branch.node.group, name: `${members.length} × ${branch.node.kind}` }, children: [], below: 0, worst: branch.worst, group: members.length }];
  });
}

/** A row of the list view. */
export interface TreeRow {
  branch: Branch;
  depth: number;
  /** For each level above, whether its line goes on below this row. */
  lines: boolean[];
  last: boolean;
  open: boolean;
}

/** Writes the forest as rows; what is closed hides its children. */
export function flatten(forest: Branch[], closed: ReadonlySet<string>, depth = 0, lines: boolean[] = []): TreeRow[] {
  return forest.flatMap((branch, at) => {
    const last = at === forest.length - 1;
    const open = !closed.has(branch.id);
    const row: TreeRow = { branch, depth, lines, last, open };
    return open ? [row, ...flatten(branch.children, closed, depth + 1, [...lines, !last])] : [row];
  });
}

/** Where a card of the graph is, in columns and rows; rows may be halves. */
export interface Placed {
  branch: Branch;
  x: number;
  y: number;
  parent?: Placed;
  open: boolean;
}

/** Rows between the trees and the single objects. */
const GAP = 0.4;

/**
 * Lays the forest out from left to right: a leaf takes a row, a parent stands at the middle of its children. Objects that own nothing and are
 * owned by nothing fill rows of `wide` columns below, so that they do not make the graph long. Returns the cards and how many rows and columns they take.
 */
export function layout(forest: Branch[], closed: ReadonlySet<string>, wide: number): { placed: Placed[]; rows: number; columns: number } {
  const placed: Placed[] = [];
  let rows = 0;
  let columns = 0;
  const place = (branch: Branch, x: number, parent: Placed | undefined): Placed => {
    const open = !closed.has(branch.id);
    const card: Placed = { branch, x, y: 0, parent, open };
    placed.push(card);
    columns = Math.max(columns, x + 1);
    const children = open ? branch.children.map((child) => place(child, x + 1, card)) : [];
    const [first, last] = [children[0], children.at(-1)];
    card.y = first && last ? (first.y + last.y) / 2 : rows++;
    return card;
  };
  const single = forest.filter((branch) => branch.children.length === 0);
  for (const branch of forest) if (branch.children.length > 0) place(branch, 0, undefined);
  const across = Math.max(1, wide);
  if (rows > 0 && single.length > 0) rows += GAP;
  single.forEach((branch, at) => {
    placed.push({ branch, x: at % across, y: rows + Math.floor(at / across), open: true });
    columns = Math.max(columns, (at % across) + 1);
  });
  rows += Math.ceil(single.length / across);
  return { placed, rows, columns };
}

const list = (set: Set<string>) => [...set].toSorted();

/** Which kinds, healths, sync states and namespaces there are, for the filters. */
export function facetsOf(forest: Branch[]): { kind: string[]; health: string[]; sync: string[]; namespace: string[] } {
  const found = { kind: new Set<string>(), health: new Set<string>(), sync: new Set<string>(), namespace: new Set<string>() };
  const look = (branches: Branch[]) => {
    for (const { node, sync, children } of branches) {
      found.kind.add(node.kind);
      if (node.health?.status) found.health.add(node.health.status);
      if (sync) found.sync.add(sync);
      if (node.namespace) found.namespace.add(node.namespace);
      look(children);
    }
  };
  look(forest);
  return { kind: list(found.kind), health: list(found.health), sync: list(found.sync), namespace: list(found.namespace) };
}
