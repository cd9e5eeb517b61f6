import type { Application, HistoryEntry, Source } from '../api/types';

/** Returns the sources; several win over one, as in Argo CD. */
export function sources(app: Application): Source[] {
  if (app.spec.sources?.length) return app.spec.sources;
  return app.spec.source ? [app.spec.source] : [];
}

/** Returns a commit id short, and any other revision (a chart's version, a tag) whole. */
export function short(revision: string | undefined): string {
  if (!revision) return '';
  return /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : revision;
}

/** Returns a repository without scheme, credentials and `.git`. */
export function repoName(url: string): string {
  return url.replace(/^[a-z+]+:\/\//, '').replace(/^[^@/]*@/, '').replace(/\.git$/, '');
}

/** Returns the revision of an application or of an entry of its history; several are joined. */
export function revisionOf(of: { revision?: string; revisions?: string[] } | HistoryEntry | undefined): string {
  return (of?.revisions?.length ? of.revisions.map(short).join(', ') : short(of?.revision)) || '';
}

/** Returns a destination's cluster by name; the one that the engine itself runs in needs none. */
export function clusterName(destination: { server?: string; name?: string } | undefined): string {
  const { name, server } = destination ?? {};
  return name || (!server || server === 'https://kubernetes.default.svc' ? 'in-cluster' : server.replace(/^https?:\/\//, ''));
}

/** Returns the addresses under which an application is reached. They come from objects in the cluster, so that only plain web addresses count. */
export function webLinks(app: Application): string[] {
  return (app.status?.summary?.externalURLs ?? []).filter((url) => /^https?:\/\//i.test(url));
}

/** Whether syncs happen by themselves. */
export function isAutomated(app: Application): boolean {
  const automated = app.spec.syncPolicy?.automated;
  return automated !== undefined && automated !== null && automated.enabled !== false;
}
