import { useCallback, useEffect, useMemo, useState } from 'react';
import { api, withQuery, type AppKey } from '../../api/client';
import { useStream } from '../../api/stream';
import type { Application, ApplicationEvent, ResourceId } from '../../api/types';
import { useKeys } from '../../keys';
import { newer } from '../../lib/newer';
import { navigate, useAddress } from '../../navigate';
import { Button, Link, Notice } from '../../ui/parts';
import { useToasts } from '../../ui/toast';
import { DeleteDialog, RollbackDialog, SyncDialog } from './dialogs';
import { DetailsTab } from './details-tab';
import { DiffTab } from './diff-tab';
import { EventsTab } from './events-tab';
import { Header } from './header';
import { HistoryTab } from './history-tab';
import { LogsTab } from './logs-tab';
import { ManifestTab } from './manifest-tab';
import { PlanTab } from './plan-tab';
import { TreeTab } from './tree-tab';

const TABS = [
  { id: 'tree', name: 'Resources' },
  { id: 'diff', name: 'Diff' },
  { id: 'plan', name: 'Plan' },
  { id: 'events', name: 'Events' },
  { id: 'history', name: 'History' },
  { id: 'manifest', name: 'Manifest' },
  { id: 'logs', name: 'Logs' },
  { id: 'details', name: 'Details' },
] as const;
type TabId = (typeof TABS)[number]['id'];

/** What is open above the page. */
type Open = { kind: 'sync'; resources?: ResourceId[] } | { kind: 'delete' } | { kind: 'rollback'; id: number };

/** One application: its state, what it consists of, and what can be done with it. */
export function AppPage({ namespace, name }: AppKey) {
  const key = useMemo(() => ({ namespace, name }), [namespace, name]);
  const [app, setAnyApp] = useState<Application>();
  const setApp = useCallback((told: Application) => setAnyApp((known) => newer(known, told)), []);
  const [error, setError] = useState<Error>();
  const [gone, setGone] = useState(false);
  const [open, setOpen] = useState<Open>();
  const [busy, setBusy] = useState('');
  const { say, fail } = useToasts();
  const query = new URLSearchParams(useAddress().split('?')[1] ?? '');
  const tab = (TABS.find(({ id }) => id === query.get('view')) ?? TABS[0]).id;
  const resource = query.get('resource') ?? undefined;

  const load = useCallback(() => api.application(key).then((value) => { setApp(value); setError(undefined); }, setError), [key, setApp]);
  useEffect(() => {
    document.title = `${name} · Fairway`;
    void load();
  }, [load, name]);
  useStream<ApplicationEvent>(withQuery('/api/v1/stream/applications', { name, appNamespace: namespace }), (event) => {
    if (event.type === 'DELETED') setGone(true);
    else {
      setApp(event.application);
      setGone(false);
    }
  });

  const show = useCallback((view: TabId, id?: string) => {
    navigate(withQuery(location.pathname, { view: view === 'tree' ? undefined : view, resource: id }), view === tab);
  }, [tab]);
  const act = useCallback((what: string, action: () => Promise<unknown>, done: string) => {
    setBusy(what);
    action().then(() => say(done), fail).finally(() => setBusy(''));
  }, [say, fail]);
  const refresh = useCallback((hard: boolean) => act('refresh', () => api.refresh(key, hard).then(setApp), hard ? 'Rendered and compared anew' : 'Compared with Git'), [act, key, setApp]);
  const running = app?.status?.operationState?.phase === 'Running' || app?.operation !== undefined;

  useKeys({
    s: () => {
      if (running) say('A sync is going on; end it first, or wait for it');
      else if (app) setOpen({ kind: 'sync' });
    },
    r: () => refresh(false),
    u: () => navigate('/applications'),
    '/': () => document.querySelector<HTMLInputElement>('.view-filter input')?.focus(),
    ...Object.fromEntries(TABS.map(({ id }, at) => [String(at + 1), () => show(id)])),
  });

  if (gone) return <Notice title={`${name} has been deleted`}><Link to="/applications">To the applications</Link></Notice>;
  if (error && !app) {
    const missing = 'status' in error && (error.status === 403 || error.status === 404);
    return <Notice tone="bad" title={missing ? `There is no application ${name} in ${namespace}` : 'The application could not be read'}>{missing ? <Link to="/applications">To the applications</Link> : error.message}</Notice>;
  }
  if (!app) return <div className="loading" role="status"><span className="shimmer" /><span className="shimmer" /><span className="unseen">{name} is being read</span></div>;

  // What the tabs show is read again when the comparison or the operation has moved on.
  const { sync, reconciledAt, operationState } = app.status ?? {};
  const version = [sync?.status, sync?.revision, reconciledAt, operationState?.phase, operationState?.finishedAt].join('|');
  return (
    <div className="app">
      <Header app={app} appKey={key} busy={busy} running={running}
        onSync={() => setOpen({ kind: 'sync' })} onRefresh={refresh} onDelete={() => setOpen({ kind: 'delete' })} onDetails={() => show('details')}
        onTerminate={() => act('terminate', () => api.terminate(key), 'The operation is being ended')} />
      <div className="tabs" role="tablist" aria-label="Views">
        {TABS.map(({ id, name: title }, at) => (
          <button key={id} type="button" role="tab" id={`tab-${id}`} aria-selected={id === tab} aria-controls="view" tabIndex={id === tab ? 0 : -1} title={`${title} (${at + 1})`}
            onClick={() => show(id)} onKeyDown={(event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              const next = step && TABS[(at + step + TABS.length) % TABS.length];
              if (next) {
                show(next.id);
                document.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
              }
            }}>
            {title}
            {id === 'diff' && sync?.status === 'OutOfSync' ? <span className="dot tone-warn" aria-label="differs" role="img" /> : null}
          </button>
        ))}
      </div>
      <div id="view" role="tabpanel" aria-labelledby={`tab-${tab}`} className={`view view-${tab}`}>
        {tab === 'tree' ? <TreeTab appKey={key} app={app} selected={resource} version={version} onSelect={(id) => show('tree', id)} onSync={(resources) => setOpen({ kind: 'sync', resources })} /> : null}
        {tab === 'diff' ? <DiffTab appKey={key} version={version} selected={resource} onSelect={(id) => show('diff', id)} onSync={(resources) => setOpen({ kind: 'sync', resources })} /> : null}
        {tab === 'plan' ? <PlanTab appKey={key} version={version} /> : null}
        {tab === 'events' ? <EventsTab appKey={key} version={version} /> : null}
        {tab === 'history' ? <HistoryTab appKey={key} app={app} onRollback={(id) => setOpen({ kind: 'rollback', id })} /> : null}
        {tab === 'logs' ? <LogsTab appKey={key} version={version} /> : null}
        {tab === 'details' ? <DetailsTab appKey={key} app={app} onChanged={setApp} /> : null}
        {tab === 'manifest' ? <ManifestTab appKey={key} app={app} version={version} /> : null}
      </div>
      {open?.kind === 'sync' ? <SyncDialog appKey={key} app={app} only={open.resources} onClose={() => setOpen(undefined)} onStarted={setApp} /> : null}
      {open?.kind === 'delete' ? <DeleteDialog appKey={key} onClose={() => setOpen(undefined)} /> : null}
      {open?.kind === 'rollback' ? <RollbackDialog appKey={key} app={app} id={open.id} onClose={() => setOpen(undefined)} onStarted={setApp} /> : null}
      <div className="actions-small">
        <Button look="primary" icon="sync" onClick={() => setOpen({ kind: 'sync' })} disabled={running}>Sync</Button>
      </div>
    </div>
  );
}
