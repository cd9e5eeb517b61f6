import { readEntry, splitLines, type LogLine } from '../lib/logs';
import type {
  Account, Application, ApplicationList, ApplicationSet, ApplicationTree, Cluster, KubeEvent, ManagedResource, Plan, Project, Repository, ResourceId, Retry,
  RevisionMetadata,
} from './types';

/** An answer of the server that is no success. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** Which application, as its page's address names it. */
export interface AppKey {
  namespace: string;
  name: string;
}

type Query = Record<string, string | number | boolean | string[] | undefined>;

/** Returns a path with a query string; empty values are left out. */
export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== '') params.append(key, String(one));
    }
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

let onSignedOut: () => void = () => {};

/** Says what to do when the session has ended. */
export function whenSignedOut(act: () => void) {
  onSignedOut = act;
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The server cannot be reached.');
  }
  const text = await response.text();
  if (response.ok) return (text ? JSON.parse(text) : {}) as T;
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // A proxy may answer with a page instead of JSON; its status says enough.
    message = response.statusText;
  }
  if (response.status === 401 && path !== SESSION) onSignedOut();
  throw new ApiError(response.status, message || `The server answered ${response.status}.`);
}

const SESSION = '/api/v1/session';
const APPS = '/api/v1/applications';
const app = (key: AppKey, rest = '') => `${APPS}/${encodeURIComponent(key.name)}${rest}`;
const ns = (key: AppKey): Query => ({ appNamespace: key.namespace });
const resourceQuery = (key: AppKey, id: ResourceId): Query => ({ ...ns(key), group: id.group, version: id.version, kind: id.kind, namespace: id.namespace, resourceName: id.name });
const items = async <T>(list: Promise<{ items?: T[] | null }>) => (await list).items ?? [];

/** What a sync is asked to do, in the fields of Argo CD's request. */
export interface SyncRequest {
  revision?: string;
  prune: boolean;
  dryRun: boolean;
  strategy?: { apply?: { force: boolean }; hook?: { force: boolean } };
  resources: ResourceId[] | null;
  syncOptions?: { items: string[] };
  retryStrategy?: Retry;
}

/** An action that a kind offers. */
export interface ResourceAction {
  name: string;
  displayName?: string;
  disabled?: boolean;
  params?: { name: string; default?: string }[] | null;
}

export const api = {
  login: (username: string, password: string) => call<{ token: string }>('POST', SESSION, { username, password }),
  logout: () => call<unknown>('DELETE', SESSION),
  userInfo: () => call<{ loggedIn?: boolean; username?: string }>('GET', `${SESSION}/userinfo`),
  version: () => call<{ Version?: string }>('GET', '/api/version'),

  applications: (query: Query, signal?: AbortSignal) => call<ApplicationList>('GET', withQuery(APPS, query), undefined, signal),
  application: (key: AppKey) => call<Application>('GET', withQuery(app(key), ns(key))),
  refresh: (key: AppKey, hard: boolean) => call<Application>('GET', withQuery(app(key), { ...ns(key), refresh: hard ? 'hard' : 'normal' })),
  remove: (key: AppKey, cascade: boolean, propagationPolicy?: string) => call<unknown>('DELETE', withQuery(app(key), { ...ns(key), cascade, propagationPolicy })),
  sync: (key: AppKey, request: SyncRequest) => call<Application>('POST', app(key, '/sync'), { ...request, appNamespace: key.namespace }),
  rollback: (key: AppKey, id: number, prune: boolean) => call<Application>('POST', app(key, '/rollback'), { id, prune, appNamespace: key.namespace }),
  terminate: (key: AppKey) => call<unknown>('DELETE', withQuery(app(key, '/operation'), ns(key))),

  patch: (key: AppKey, patch: object) => call<Application>('PATCH', app(key), { name: key.name, appNamespace: key.namespace, patch: JSON.stringify(patch), patchType: 'merge' }),

  /** Reads a log line by line until it ends or `signal` says so. */
  logs: async (key: AppKey, of: ResourceId | undefined, query: Query, onLine: (line: LogLine) => void, signal: AbortSignal) => {
    const pod = of?.kind === 'Pod' && !of.group;
    const which = of ? { namespace: of.namespace, ...(pod ? { podName: of.name } : { group: of.group, kind: of.kind, resourceName: of.name }) } : {};
    const response = await fetch(withQuery(app(key, '/logs'), { ...ns(key), ...which, ...query }), { signal });
    if (!response.ok || !response.body) {
      const text = await response.text();
      let message = response.statusText;
      try {
        message = (JSON.parse(text) as { message?: string }).message ?? message;
      } catch {
        // A proxy may answer with a page; its status says enough.
      }
      throw new ApiError(response.status, message);
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const [lines, open] = splitLines(rest + value);
      rest = open;
      for (const text of lines) {
        const { line, error } = readEntry(text);
        if (error) throw new ApiError(0, error);
        if (line?.last) return;
        if (line) onLine(line);
      }
    }
  },

  tree: (key: AppKey) => call<ApplicationTree>('GET', withQuery(app(key, '/resource-tree'), ns(key))),
  managed: (key: AppKey) => items(call<{ items?: ManagedResource[] | null }>('GET', withQuery(app(key, '/managed-resources'), ns(key)))),
  managedOne: (key: AppKey, id: ResourceId) =>
    items(call<{ items?: ManagedResource[] | null }>('GET', withQuery(app(key, '/managed-resources'), { ...ns(key), group: id.group, kind: id.kind, namespace: id.namespace, name: id.name }))),
  manifests: (key: AppKey) => call<{ manifests?: string[] | null; revision?: string }>('GET', withQuery(app(key, '/manifests'), ns(key))),
  plan: (key: AppKey) => call<Plan>('GET', withQuery(app(key, '/plan'), ns(key))),
  events: (key: AppKey, of?: { name: string; namespace?: string; uid?: string; kind?: string; group?: string }) =>
    items(call<{ items?: KubeEvent[] | null }>('GET', withQuery(app(key, '/events'), { ...ns(key), resourceName: of?.name, resourceNamespace: of?.namespace, resourceUID: of?.uid, kind: of?.kind, group: of?.group }))),
  resource: async (key: AppKey, id: ResourceId) => {
    const query = { ...ns(key), group: id.group, version: id.version, kind: id.kind, namespace: id.namespace, resourceName: id.name };
    return JSON.parse((await call<{ manifest: string }>('GET', withQuery(app(key, '/resource'), query))).manifest) as unknown;
  },
  removeResource: (key: AppKey, id: ResourceId, how: { force: boolean; orphan: boolean }) => call<unknown>('DELETE', withQuery(app(key, '/resource'), { ...resourceQuery(key, id), ...how })),
  resourceActions: async (key: AppKey, id: ResourceId) => {
    try {
      return (await call<{ actions?: ResourceAction[] | null }>('GET', withQuery(app(key, '/resource/actions'), resourceQuery(key, id)))).actions ?? [];
    } catch (error) {
      // A server without actions offers none.
      if (error instanceof ApiError && [403, 404, 501].includes(error.status)) return [];
      throw error;
    }
  },
  runAction: (key: AppKey, id: ResourceId, action: string, parameters: { name: string; value: string }[] = []) =>
    call<unknown>('POST', app(key, '/resource/actions/v2'), { ...ns(key), group: id.group, version: id.version, kind: id.kind, namespace: id.namespace, resourceName: id.name, action, resourceActionParameters: parameters }),
  revision: (key: AppKey, revision: string) => call<RevisionMetadata>('GET', withQuery(app(key, `/revisions/${encodeURIComponent(revision)}/metadata`), ns(key))),

  projects: () => items(call<{ items?: Project[] | null }>('GET', '/api/v1/projects')),
  repositories: () => items(call<{ items?: Repository[] | null }>('GET', '/api/v1/repositories')),
  repository: (url: string) => call<Repository>('GET', `/api/v1/repositories/${encodeURIComponent(url)}`),
  addRepository: (repository: object) => call<Repository>('POST', '/api/v1/repositories', repository),
  removeRepository: (url: string) => call<unknown>('DELETE', `/api/v1/repositories/${encodeURIComponent(url)}`),
  clusters: () => items(call<{ items?: Cluster[] | null }>('GET', '/api/v1/clusters')),
  accounts: () => items(call<{ items?: Account[] | null }>('GET', '/api/v1/account')),
  changePassword: (name: string, currentPassword: string, newPassword: string) => call<unknown>('PUT', '/api/v1/account/password', { name, currentPassword, newPassword }),

  applicationSets: () => items(call<{ items?: ApplicationSet[] | null }>('GET', '/api/v1/applicationsets')),
};
