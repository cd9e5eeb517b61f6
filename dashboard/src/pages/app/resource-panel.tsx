import { useEffect, useMemo, useRef, useState } from 'react';
import { api, type AppKey } from '../../api/client';
import { useLoaded } from '../../api/use';
import type { Branch } from '../../lib/tree';
import { appPath } from '../../lib/route';
import { toYaml } from '../../lib/yaml';
import { Icon } from '../../ui/icons';
import { Ago, Button, CopyButton, HealthMark, Link, SyncMark } from '../../ui/parts';
import { Code } from './code';
import { EventTable } from './events-tab';

interface Props {
  appKey: AppKey;
  branch: Branch;
  onClose: () => void;
  onDiff: () => void;
}

/** One object: how it is, its live manifest and its events. */
export function ResourcePanel({ appKey, branch, onClose, onDiff }: Props) {
  const { node } = branch;
  const [tab, setTab] = useState<'live' | 'events'>('live');
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !document.querySelector('dialog[open]')) onClose();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [onClose]);
  return (
    <aside className="panel" aria-label={`${node.kind} ${node.name}`}>
      <header>
        <div className="panel-title"><small>{[node.group, node.kind].filter(Boolean).join('/')}</small><h2>{node.name}</h2></div>
        <button ref={close} type="button" className="button quiet square" onClick={onClose} aria-label="Close the panel" title="Close (Esc)"><Icon name="close" /></button>
      </header>
      <div className="panel-facts">
        {node.health?.status ? <HealthMark health={node.health.status} /> : null}
        {branch.sync ? <SyncMark sync={branch.sync} /> : null}
        <span className="muted">{node.namespace || 'cluster-wide'}</span>
        <span className="muted"><Ago time={node.createdAt} suffix=" old" /></span>
      </div>
      {node.health?.message ? <p className="panel-message">{node.health.message}</p> : null}
      {node.info?.length ? <dl className="panel-info">{node.info.map((item) => <div key={item.name}><dt>{item.name}</dt><dd>{item.value}</dd></div>)}</dl> : null}
      {node.images?.length ? <dl className="panel-info"><div><dt>Images</dt><dd>{node.images.map((image) => <code key={image}>{image}</code>)}</dd></div></dl> : null}
      <div className="panel-bar">
        <div className="segmented" role="group" aria-label="What to show">
          <Button look="quiet" aria-pressed={tab === 'live'} onClick={() => setTab('live')}>Live manifest</Button>
          <Button look="quiet" aria-pressed={tab === 'events'} onClick={() => setTab('events')}>Events</Button>
        </div>
        <span className="grow" />
        {branch.sync ? <Button look="quiet" onClick={onDiff}>Diff</Button> : null}
        {node.kind === 'Application' ? <Link className="button quiet" to={appPath(node.namespace ?? 'argocd', node.name)}>Open</Link> : null}
      </div>
      <div className="panel-body">{tab === 'live' ? <Live appKey={appKey} branch={branch} /> : <Events appKey={appKey} branch={branch} />}</div>
    </aside>
  );
}

function Live({ appKey, branch }: { appKey: AppKey; branch: Branch }) {
  const live = useLoaded(branch.id, branch.node.health?.status ?? '', () => api.resource(appKey, branch.node));
  const yaml = useMemo(() => (live.value ? toYaml(live.value) : ''), [live.value]);
  if (live.error && !live.value) return <p className="muted pad">{branch.node.health?.status === 'Missing' ? 'It is not in the cluster.' : live.error.message}</p>;
  return yaml ? <><div className="corner"><CopyButton text={yaml} label="Copy the manifest" /></div><Code text={yaml} label={`Live manifest of ${branch.node.name}`} /></> : null;
}

function Events({ appKey, branch }: { appKey: AppKey; branch: Branch }) {
  const { name, namespace, uid } = branch.node;
  const events = useLoaded(branch.id, '', () => api.events(appKey, { name, namespace, uid }));
  if (events.error && !events.value) return <p className="muted pad">{events.error.message}</p>;
  return events.value ? <EventTable events={events.value} /> : null;
}
