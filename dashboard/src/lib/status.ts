import type { HealthStatus, SyncStatus } from '../api/types';

/** Every health, what needs a person first: the order of the summary, of filters and of the worst-of rule. */
export const HEALTHS: HealthStatus[] = ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy'];

/** Every sync status, what needs a person first. */
export const SYNCS: SyncStatus[] = ['OutOfSync', 'Unknown', 'Synced'];

/** The colour of a state, as the name of a custom property. */
export type Tone = 'ok' | 'progress' | 'bad' | 'pause' | 'missing' | 'warn' | 'unknown';

const HEALTH_TONES: Record<HealthStatus, Tone> = {
  Healthy: 'ok', Progressing: 'progress', Degraded: 'bad', Suspended: 'pause', Missing: 'missing', Unknown: 'unknown',
};

export function healthTone(health: string | undefined): Tone {
  return HEALTH_TONES[health as HealthStatus] ?? 'unknown';
}

export function syncTone(sync: string | undefined): Tone {
  if (sync === 'Synced') return 'ok';
  return sync === 'OutOfSync' ? 'warn' : 'unknown';
}

export function phaseTone(phase: string | undefined): Tone {
  if (phase === 'Succeeded' || phase === 'Synced' || phase === 'Pruned') return 'ok';
  if (phase === 'Running' || phase === 'Terminating') return 'progress';
  return phase === 'PruneSkipped' ? 'pause' : phase ? 'bad' : 'unknown';
}

function rank(health: string | undefined): number {
  const at = HEALTHS.indexOf(health as HealthStatus);
  return at < 0 ? HEALTHS.length : at;
}

/** Returns the worse of two healths; none is better than any. */
export function worse(a: string | undefined, b: string | undefined): string | undefined {
  return rank(b) < rank(a) ? b : a;
}
