/** A page of the dashboard. */
export type Route =
  | { page: 'apps' }
  | { page: 'app'; namespace: string; name: string }
  | { page: 'projects' }
  | { page: 'sets' }
  | { page: 'settings' }
  | { page: 'nowhere' };

/** Reads a path; the application paths are Argo CD's, so that links from chats and alerts work. */
export function parseRoute(pathname: string): Route {
  const parts = pathname.split('/').filter(Boolean).map(decode);
  if (parts.length === 0) return { page: 'apps' };
  const [head, first, second] = parts;
  if (head === 'applications' && parts.length === 1) return { page: 'apps' };
  if (head === 'applications' && first && second && parts.length === 3) return { page: 'app', namespace: first, name: second };
  if (head === 'projects' && parts.length === 1) return { page: 'projects' };
  if (head === 'applicationsets' && parts.length === 1) return { page: 'sets' };
  if (head === 'settings' && parts.length === 1) return { page: 'settings' };
  return { page: 'nowhere' };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Returns the address of an application's page. */
export function appPath(namespace: string, name: string): string {
  return `/applications/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}
