import { useState } from 'react';
import { api, type AppKey } from '../../api/client';
import type { Application, ResourceResult } from '../../api/types';
import { useLoaded } from '../../api/use';
import { adviceFor } from '../../lib/advice';
import { clusterName, isAutomated, repoName, revisionOf, sources, webLinks } from '../../lib/source';
import { parts } from '../../lib/message';
import { took } from '../../lib/time';
import { Icon } from '../../ui/icons';
import { Ago, Button, HealthMark, Link, Menu, MenuItem, PhaseMark, SyncMark } from '../../ui/parts';

interface Props {
  app: Application;
  appKey: AppKey;
  busy: string;
  running: boolean;
  onSync: () => void;
  onRefresh: (hard: boolean) => void;
  onDelete: () => void;
  onTerminate: () => void;
  onDetails: () => void;
}

const LINKS_MAX = 2;

/** Where the application stands, in the order in which one asks: how is it, what runs, what was done last, what is wrong. */
export function Header({ app, appKey, busy, running, onSync, onRefresh, onDelete, onTerminate, onDetails }: Props) {
  const { status = {} } = app;
  const [open, setOpen] = useState(false);
  return (
    <header className="app-head">
      <div className="app-title">
        <Link to="/applications" className="crumb">Applications</Link><span className="crumb" aria-hidden="true">/</span>
        <h1>{app.metadata.name}</h1>
        {app.metadata.deletionTimestamp ? <span className="tag tone-bad">being deleted</span> : null}
        <span className="grow" />
        <div className="actions">
          {running ? <Button icon="stop" look="danger" busy={busy === 'terminate'} onClick={onTerminate}>Terminate</Button> : null}
          <Button icon="refresh" busy={busy === 'refresh'} onClick={() => onRefresh(false)} title="Compare with Git (r)">Refresh</Button>
          <Button icon="sync" look="primary" onClick={onSync} disabled={running} title="Sync (s)">Sync</Button>
          <Menu label="More actions" icon="more">
            <MenuItem icon="refresh" onClick={() => onRefresh(true)}>Hard refresh</MenuItem>
            <MenuItem icon="trash" danger onClick={onDelete}>Delete…</MenuItem>
          </Menu>
        </div>
      </div>
      <dl className="facts">
        <div className="fact">
          <dt>Health</dt>
          <dd><HealthMark health={status.health?.status} /></dd>
          {status.health?.message ? <dd className="sub">{status.health.message}</dd> : null}
        </div>
        <div className="fact">
          <dt>Sync</dt>
          <dd><SyncMark sync={status.sync?.status} /></dd>
          <dd className="sub"><button type="button" className="linkish" onClick={onDetails} title="Sync policy and details">{isAutomated(app) ? autoText(app) : 'manual'}</button></dd>
        </div>
        <Revision app={app} appKey={appKey} />
        <Operation app={app} open={open} onOpen={() => setOpen(!open)} />
        <div className="fact">
          <dt>Where</dt>
          <dd>{app.spec.destination?.namespace ?? '–'}</dd>
          <dd className="sub">{clusterName(app.spec.destination)} · <Link to={`/applications?project=${encodeURIComponent(app.spec.project ?? 'default')}`}>{app.spec.project ?? 'default'}</Link></dd>
          {webLinks(app).slice(0, LINKS_MAX).map((url) => <dd key={url} className="sub"><a href={url} target="_blank" rel="noreferrer" className="web-link"><Icon name="link" size={12} />{url.replace(/^https?:\/\//i, '')}</a></dd>)}
        </div>
      </dl>
      {(status.conditions ?? []).map((condition) => (
        <div key={`${condition.type} ${condition.message}`} className={`condition ${condition.type.endsWith('Warning') ? 'warning' : ''}`} role="alert">
          <Icon name="Degraded" tone={condition.type.endsWith('Warning') ? 'warn' : 'bad'} />
          <div><strong>{condition.type}</strong> <Message text={condition.message} />{adviceFor(condition.type) ? <p className="advice">{adviceFor(condition.type)}</p> : null}</div>
          <Ago time={condition.lastTransitionTime} suffix=" ago" />
        </div>
      ))}
      {open && status.operationState ? <Results message={status.operationState.message} results={status.operationState.syncResult?.resources ?? []} /> : null}
    </header>
  );
}

const IMAGES_MAX = 3;

/** Returns an image without its registry: the name and what says which one it is. */
function imageName(image: string): string {
  const last = image.split('/').slice(-2).join('/');
  return last.replace(/@sha256:([0-9a-f]{12})[0-9a-f]*$/, '@$1');
}

function autoText(app: Application): string {
  const { prune, selfHeal } = app.spec.syncPolicy?.automated ?? {};
  return ['automatic', prune && 'prune', selfHeal && 'self heal'].filter(Boolean).join(' · ');
}

function Revision({ app, appKey }: { app: Application; appKey: AppKey }) {
  const { sync } = app.status ?? {};
  const revision = sync?.revision ?? sync?.revisions?.[0] ?? '';
  const id = `${appKey.namespace}/${appKey.name}@${revision}`;
  const metadata = useLoaded(id, '', async () => (revision ? api.revision(appKey, revision) : undefined)).value;
  const all = sources(app);
  const [source] = all;
  const images = app.status?.summary?.images ?? [];
  return (
    <div className="fact wide">
      <dt>Revision</dt>
      <dd className="revision-line">
        <code>{revisionOf(sync) || '–'}</code>
        {metadata?.message ? <span className="message" title={metadata.message}>{metadata.message.split('\n')[0]}</span> : null}
      </dd>
      <dd className="sub">
        {metadata?.author ? <>{metadata.author.replace(/<.*>/, '').trim()} · <Ago time={metadata.date} suffix=" ago" /> · </> : null}
        {source ? <span title={source.repoURL}>{repoName(source.repoURL)} <span className="muted">{source.chart ?? source.path}@{source.targetRevision || 'HEAD'}</span></span> : null}
        {all.length > 1 ? <span> +{all.length - 1} sources</span> : null}
      </dd>
      {images.length > 0 ? <dd className="sub images" title={images.join('\n')}>{images.slice(0, IMAGES_MAX).map(imageName).join(' · ')}{images.length > IMAGES_MAX ? ` and ${images.length - IMAGES_MAX} more images` : ''}</dd> : null}
    </div>
  );
}

/** What a running operation waits for, or which try it is. */
function Message({ text }: { text: string }) {
  const { lead, detail } = parts(text);
  return <><span>{lead}</span>{detail ? <pre className="excerpt">{detail}</pre> : null}</>;
}

function runningText(state: NonNullable<Application['status']>['operationState']): string {
  const retries = state?.retryCount ? `try ${state.retryCount + 1}` : '';
  return [retries, state?.phase === 'Running' ? state.message : ''].filter(Boolean).join(' · ');
}

function Operation({ app, open, onOpen }: { app: Application; open: boolean; onOpen: () => void }) {
  const state = app.status?.operationState;
  const results = state?.syncResult?.resources ?? [];
  const by = state?.operation?.initiatedBy;
  const failed = results.filter(isFailed).length;
  return (
    <div className="fact">
      <dt>Last sync</dt>
      <dd>{state ? <><PhaseMark phase={state.phase} text={state.operation?.sync?.dryRun ? `${state.phase} (dry run)` : state.phase} /></> : <span className="muted">never</span>}</dd>
      {state ? (
        <dd className="sub">
          <Ago time={state.finishedAt ?? state.startedAt} suffix=" ago" />{took(state.startedAt, state.finishedAt) ? `, took ${took(state.startedAt, state.finishedAt)}` : ''} · {by?.automated ? 'automatic' : (by?.username ?? 'unknown')}
        </dd>
      ) : null}
      {state && runningText(state) ? <dd className="sub" title={state.message}>{runningText(state)}</dd> : null}
      {results.length > 0 || state?.message ? (
        <dd>
          <button type="button" className="linkish" aria-expanded={open} onClick={onOpen}>
            <Icon name={open ? 'down' : 'right'} size={12} />{failed > 0 ? `${failed} of ${results.length} failed` : `${results.length} results`}
          </button>
        </dd>
      ) : null}
    </div>
  );
}

const isFailed = (result: ResourceResult) => result.status === 'SyncFailed' || result.hookPhase === 'Failed' || result.hookPhase === 'Error';

function Results({ message, results }: { message?: string; results: ResourceResult[] }) {
  return (
    <div className="results">
      <p>{message}</p>
      <div className="scroll-x">
        <table>
          <thead><tr><th>Result</th><th>Object</th><th>Phase</th><th>Message</th></tr></thead>
          <tbody>
            {results.toSorted((a, b) => Number(isFailed(b)) - Number(isFailed(a))).map((result) => (
              <tr key={`${result.syncPhase}/${result.group}/${result.kind}/${result.namespace}/${result.name}`}>
                <td><PhaseMark phase={isFailed(result) ? 'Failed' : (result.hookType ? result.hookPhase : result.status) ?? 'Running'} text={result.hookType ? result.hookPhase : result.status} /></td>
                <td><b>{result.kind}</b> {result.name}</td>
                <td>{result.syncPhase}{result.hookType ? ' hook' : ''}</td>
                <td>{result.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
