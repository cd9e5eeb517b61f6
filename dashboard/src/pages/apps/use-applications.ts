import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import { api, withQuery } from '../../api/client';
import { useStream, type Connection } from '../../api/stream';
import type { Application, ApplicationEvent, Stats } from '../../api/types';
import type { Filters } from '../../lib/filters';
import { pagesOf } from '../../lib/window';

const PAGE = 60;

/** Changes within this time cause one read of counts and order. */
const SETTLE_MS = 700;

/** What a row shows; the rest of an Application stays on the server. */
const FIELDS = [
  'metadata.name', 'metadata.namespace', 'metadata.labels', 'metadata.deletionTimestamp', 'metadata.resourceVersion',
  'spec.project', 'spec.source', 'spec.sources', 'spec.destination', 'spec.syncPolicy.automated',
  'status.sync.status', 'status.sync.revision', 'status.sync.revisions', 'status.health.status', 'status.operationState.phase',
  'status.operationState.startedAt', 'status.operationState.finishedAt', 'status.operationState.message', 'status.conditions',
];
const LIST_FIELDS = ['metadata', ...FIELDS.map((field) => `items.${field}`)].join(',');
const STREAM_FIELDS = ['result.type', ...FIELDS.map((field) => `result.application.${field}`)].join(',');

interface Read {
  /** The query that it answers. */
  query: string;
  apps: Map<number, Application>;
  stats?: Stats;
  error?: Error;
}

const keyOf = (app: Application) => `${app.metadata.namespace}/${app.metadata.name}`;

/** The applications that match, by their place in the list; only the pages that have been on the screen are read. */
export function useApplications(filters: Filters): { apps: Map<number, Application>; stats?: Stats; error?: Error; connection: Connection; onRange: (first: number, end: number) => void } {
  const { search, sort, health, sync, project, namespace, cluster, label } = filters;
  const query = useMemo(() => ({ search, sort, health, sync, projects: project, namespace, cluster, label }), [search, sort, health, sync, project, namespace, cluster, label]);
  const id = withQuery('', query);
  const [read, setRead] = useState<Read>({ query: id, apps: new Map() });
  const range = useRef<[number, number]>([0, PAGE]);
  const asked = useRef(new Set<string>());
  const wanted = useRef(id);

  const fetchPage = useCallback((page: number, withStats: boolean) => {
    const key = `${id}#${page}`;
    if (asked.current.has(key) && !withStats) return;
    asked.current.add(key);
    api.applications({ ...query, offset: page * PAGE, limit: PAGE, stats: withStats || undefined, fields: LIST_FIELDS }).then(
      // An answer to what is no longer asked comes too late.
      (list) => wanted.current === id && setRead((old) => {
        // Rows of the query before stay until the first answer to the new one, so that typing does not make the page blink.
        const apps = old.query === id ? new Map(old.apps) : new Map<number, Application>();
        for (let at = 0; at < PAGE; at++) apps.delete(page * PAGE + at);
        list.items?.forEach((app, at) => apps.set(page * PAGE + at, app));
        return { query: id, apps, stats: list.stats ?? (old.query === id ? old.stats : undefined) };
      }),
      (error: Error) => {
        asked.current.delete(key);
        if (wanted.current !== id) return;
        setRead((old) => ({ ...old, error }));
      },
    );
  }, [id, query]);

  const again = useCallback(() => {
    asked.current.clear();
    const pages = pagesOf(...range.current, PAGE);
    fetchPage(pages[0] ?? 0, true);
    for (const page of pages.slice(1)) fetchPage(page, false);
  }, [fetchPage]);

  useEffect(() => {
    range.current = [0, 1];
    wanted.current = id;
    again();
  }, [again, id]);

  // Counted up by changes; the effect waits for them to settle and reads once.
  const [changes, setChanges] = useState(0);
  const settled = useEffectEvent(again);
  const waiting = useRef(false);
  useEffect(() => {
    if (changes === 0 || waiting.current) return;
    waiting.current = true;
    setTimeout(() => {
      waiting.current = false;
      settled();
    }, SETTLE_MS);
  }, [changes]);
  const soon = () => setChanges((n) => n + 1);


  // One stream for all: which filters a changed application matches is the server's to say when the page is read again.
  const url = useMemo(() => withQuery('/api/v1/stream/applications', { resourceVersion: '0', fields: STREAM_FIELDS }), []);
  const connection = useStream<ApplicationEvent>(url, (event) => {
    soon();
    if (event.type !== 'MODIFIED') return;
    setRead((old) => {
      const at = [...old.apps].find(([, app]) => keyOf(app) === keyOf(event.application))?.[0];
      return at === undefined ? old : { ...old, apps: new Map(old.apps).set(at, event.application) };
    });
  }, (reconnected) => reconnected && soon());

  const onRange = useCallback((first: number, end: number) => {
    range.current = [first, Math.max(end, first + 1)];
    for (const page of pagesOf(first, end, PAGE)) fetchPage(page, false);
  }, [fetchPage]);

  return { apps: read.apps, stats: read.stats, error: read.error, connection, onRange };
}
