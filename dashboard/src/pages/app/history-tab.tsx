import { api, type AppKey } from '../../api/client';
import type { Application, HistoryEntry } from '../../api/types';
import { useLoaded } from '../../api/use';
import { repoName, revisionOf } from '../../lib/source';
import { took } from '../../lib/time';
import { Ago, Button, Notice } from '../../ui/parts';

/** What was deployed before, and the way back to it. */
export function HistoryTab({ appKey, app, onRollback }: { appKey: AppKey; app: Application; onRollback: (id: number) => void }) {
  const history = (app.status?.history ?? []).toSorted((a, b) => b.id - a.id);
  if (history.length === 0) return <Notice title="Nothing has been deployed yet">Each successful sync adds an entry.</Notice>;
  return (
    <ol className="history">
      {history.map((entry, at) => <Entry key={entry.id} appKey={appKey} entry={entry} current={at === 0} onRollback={() => onRollback(entry.id)} />)}
    </ol>
  );
}

function Entry({ appKey, entry, current, onRollback }: { appKey: AppKey; entry: HistoryEntry; current: boolean; onRollback: () => void }) {
  const revision = entry.revision ?? entry.revisions?.[0] ?? '';
  const metadata = useLoaded(`${appKey.namespace}/${appKey.name}@${revision}`, '', async () => (revision ? api.revision(appKey, revision) : undefined)).value;
  const source = entry.sources?.[0] ?? entry.source;
  const duration = took(entry.deployStartedAt, entry.deployedAt);
  return (
    <li className={current ? 'current' : ''}>
      <div className="history-main">
        <div><code>{revisionOf(entry)}</code> <b>{metadata?.message?.split('\n')[0]}</b>{current ? <span className="tag tone-ok">deployed</span> : null}</div>
        <p className="sub">
          <Ago time={entry.deployedAt} suffix=" ago" />{duration ? `, took ${duration}` : ''} · {entry.initiatedBy?.automated ? 'automatic' : (entry.initiatedBy?.username ?? 'unknown')}
          {metadata?.author ? ` · written by ${metadata.author.replace(/<.*>/, '').trim()}` : ''}
          {source ? <span className="muted"> · {repoName(source.repoURL)} {source.chart ?? source.path}</span> : null}
        </p>
      </div>
      <span className="muted">#{entry.id}</span>
      {current ? null : <Button icon="back" onClick={onRollback}>Roll back</Button>}
    </li>
  );
}
