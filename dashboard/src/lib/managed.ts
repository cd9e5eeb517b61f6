import type { ManagedResource } from '../api/types';
import { toYaml } from './yaml';

/** How an object in the cluster compares with the one in Git. */
export type DiffState = 'same' | 'changed' | 'added' | 'removed';

function parse(text: string | undefined): unknown {
  if (!text) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Returns the live and the desired state as YAML, an absent one as the empty text. What only the server writes is left out. */
export function comparable(item: ManagedResource): [live: string, desired: string] {
  const target = parse(item.targetState);
  const live = parse(item.normalizedLiveState) ?? parse(item.liveState);
  // The prediction holds the server's defaults, so that only what a sync would change is shown.
  // Where the engine says that nothing differs, nothing is shown as differing: it knows defaults, conversions and what to ignore.
  const same = item.modified === false && target !== null && live !== null;
  const desired = target === null ? null : same ? live : (parse(item.predictedLiveState) ?? target);
  return [live, desired].map((object) => (object === null ? '' : toYaml(tidy(object)))) as [string, string];
}

/** Says how an object compares. The engine's word counts, since it knows what to ignore. */
export function stateOf(item: ManagedResource): DiffState {
  const [target, live] = [parse(item.targetState), parse(item.liveState)];
  if (target !== null && live === null) return 'added';
  if (target === null && live !== null) return 'removed';
  if (item.modified !== undefined) return item.modified ? 'changed' : 'same';
  const [a, b] = comparable(item);
  return a === b ? 'same' : 'changed';
}

const NOISE = ['managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp', 'selfLink'];

function tidy(object: unknown): unknown {
  if (object === null || typeof object !== 'object' || !('metadata' in object)) return object;
  const { status: _status, metadata, ...rest } = object as { status?: unknown; metadata: Record<string, unknown> };
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata ?? {}).filter(([key]) => !NOISE.includes(key))) };
}
