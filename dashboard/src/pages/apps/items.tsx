import type { Application } from '../../api/types';
import { appPath } from '../../lib/route';
import { clusterName, isAutomated, repoName, revisionOf, sources } from '../../lib/source';
import { healthTone } from '../../lib/status';
import { Icon } from '../../ui/icons';
import { Ago, HealthMark, Link, PhaseMark, SyncMark } from '../../ui/parts';

interface Props {
  app: Application | undefined;
  selected: boolean;
}

/** Returns where an application comes from, in one line. */
function origin(app: Application): { name: string; path: string; more: number } {
  const all = sources(app);
  const [first] = all;
  return { name: first ? repoName(first.repoURL) : '', path: first?.chart ?? first?.path ?? '', more: Math.max(0, all.length - 1) };
}

function destination(app: Application): string {
  const cluster = clusterName(app.spec.destination);
  return [cluster === 'in-cluster' ? '' : cluster, app.spec.destination?.namespace].filter(Boolean).join(' / ');
}

function Operation({ app }: { app: Application }) {
  const state = app.status?.operationState;
  if (!state?.phase) return <span className="muted">never</span>;
  const text = state.phase === 'Running' ? 'Syncing' : state.phase === 'Succeeded' ? '' : state.phase;
  return (
    <span className="operation">
      {text ? <PhaseMark phase={state.phase} text={text} /> : null}
      <Ago time={state.finishedAt ?? state.startedAt} suffix=" ago" />
    </span>
  );
}

/** An application as a row. */
export function AppRow({ app, selected }: Props) {
  if (!app) return <div className="row empty" role="listitem" aria-busy="true"><span className="shimmer" /></div>;
  const from = origin(app);
  const condition = app.status?.conditions?.[0];
  return (
    <div role="listitem" className={`row ${selected ? 'selected' : ''} edge-${healthTone(app.status?.health?.status)}`}>
      <Link to={appPath(app.metadata.namespace, app.metadata.name)} className="row-link" aria-current={selected || undefined}>
        <span className="cell name">
          <b>{app.metadata.name}</b>
          <small>{app.spec.project ?? 'default'}{app.metadata.deletionTimestamp ? <em className="tone-bad"> · being deleted</em> : null}{condition ? <em className="tone-bad" title={condition.message}> · {condition.type}</em> : null}</small>
        </span>
        <span className="cell health"><HealthMark health={app.status?.health?.status} /></span>
        <span className="cell sync"><SyncMark sync={app.status?.sync?.status} /></span>
        <span className="cell revision"><code>{revisionOf(app.status?.sync)}</code><small>{sources(app)[0]?.targetRevision ?? 'HEAD'}{isAutomated(app) ? '' : ' · manual'}</small></span>
        <span className="cell source" title={`${from.name} ${from.path}`}><span>{from.path || '.'}{from.more > 0 ? ` +${from.more}` : ''}</span><small>{from.name}</small></span>
        <span className="cell destination">{destination(app)}</span>
        <span className="cell last"><Operation app={app} /></span>
      </Link>
    </div>
  );
}

/** An application as a tile. */
export function AppTile({ app, selected }: Props) {
  if (!app) return <div className="tile empty" role="listitem" aria-busy="true"><span className="shimmer" /></div>;
  const from = origin(app);
  return (
    <div role="listitem" className={`tile ${selected ? 'selected' : ''} edge-${healthTone(app.status?.health?.status)}`}>
      <Link to={appPath(app.metadata.namespace, app.metadata.name)} className="tile-link" aria-current={selected || undefined}>
        <b>{app.metadata.name}</b>
        <span className="tile-marks"><HealthMark health={app.status?.health?.status} /><SyncMark sync={app.status?.sync?.status} /></span>
        <dl>
          <div><dt>Project</dt><dd>{app.spec.project ?? 'default'}</dd></div>
          <div><dt>Source</dt><dd title={from.name}>{from.path || from.name}</dd></div>
          <div><dt>To</dt><dd>{destination(app)}</dd></div>
        </dl>
        <span className="tile-foot"><code>{revisionOf(app.status?.sync)}</code>{isAutomated(app) ? null : <span className="muted"><Icon name="Suspended" size={12} /> manual</span>}<span className="grow" /><Operation app={app} /></span>
      </Link>
    </div>
  );
}
