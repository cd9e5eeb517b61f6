import { useEffect, useMemo, useState } from 'react';
import { api, type AppKey, type ResourceAction } from '../../api/client';
import type { ResourceId } from '../../api/types';
import { useLoaded } from '../../api/use';
import { hasLogs } from '../../lib/kinds';
import { comparable } from '../../lib/managed';
import { nodeId, type Branch } from '../../lib/tree';
import { appPath } from '../../lib/route';
import { toYaml } from '../../lib/yaml';
import { Icon } from '../../ui/icons';
import { Ago, Button, CopyButton, HealthMark, Link, Menu, MenuItem, SyncMark } from '../../ui/parts';
import { useToasts } from '../../ui/toast';
import { Code } from './code';
import { DiffView } from './diff-view';
import { EventTable } from './events-tab';
import { LogView } from './log-view';
import { ResourceActionDialog } from './resource-action';
import { DeleteResourceDialog } from './resource-delete';

interface Props {
  appKey: AppKey;
  branch: Branch;
  version: string;
  onClose: () => void;
  onSync: (resources: ResourceId[]) => void;
}

type TabId = 'live' | 'desired' | 'diff' | 'events' | 'logs';

/** One object: how it is, its live and desired manifest, how they differ, its events and logs, and what can be done with it. */
export function ResourcePanel({ appKey, branch, version, onClose, onSync }: Props) {
  const { node } = branch;
  const isManaged = branch.sync !== undefined;
  const tabs: [TabId, string][] = [
    ['live', 'Live'],
    ...(isManaged ? [['desired', 'Desired'], ['diff', 'Diff']] as [TabId, string][] : []),
    ['events', 'Events'],
    ...(hasLogs(node.kind) ? [['logs', 'Logs']] as [TabId, string][] : []),
  ];
  const [tab, setTab] = useState<TabId>('live');
  const [deleting, setDeleting] = useState(false);
  const [wide, setWide] = useState(false);
  const isMissing = node.health?.status === 'Missing' || node.uid === undefined;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !document.querySelector('dialog[open]')) onClose();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [onClose]);
  const id = { group: node.group, kind: node.kind, name: node.name, namespace: node.namespace };
  return (
    <aside className={`panel ${wide ? 'wide' : ''}`} aria-label={`${node.kind} ${node.name}`}>
      <header>
        <div className="panel-title"><small>{[node.group, node.kind].filter(Boolean).join('/')}</small><h2>{node.name}</h2></div>
        {isManaged ? <Button look="quiet" icon="sync" onClick={() => onSync([id])} title="Sync this object alone">Sync…</Button> : null}
        <Actions appKey={appKey} branch={branch} isMissing={isMissing} onDelete={() => setDeleting(true)} />
        <button type="button" className="button quiet square widen" onClick={() => setWide(!wide)} aria-pressed={wide} aria-label="Wider panel" title="Wider panel"><Icon name={wide ? 'right' : 'wider'} /></button>
        <button type="button" className="button quiet square" onClick={onClose} aria-label="Close the panel" title="Close (Esc)"><Icon name="close" /></button>
      </header>
      <div className="panel-facts">
        {node.health?.status ? <HealthMark health={node.health.status} /> : null}
        {branch.sync ? <SyncMark sync={branch.sync} /> : null}
        <span className="muted">{node.namespace || 'cluster-wide'}</span>
        <span className="muted"><Ago time={node.createdAt} suffix=" old" /></span>
        {node.kind === 'Application' ? <Link to={appPath(node.namespace ?? 'argocd', node.name)}>Open the application</Link> : null}
      </div>
      {node.health?.message ? <p className="panel-message">{node.health.message}</p> : null}
      {node.info?.length ? <dl className="panel-info">{node.info.map((item) => <div key={item.name}><dt>{item.name}</dt><dd>{item.value}</dd></div>)}</dl> : null}
      {node.images?.length ? <dl className="panel-info"><div><dt>Images</dt><dd>{node.images.map((image) => <code key={image}>{image}</code>)}</dd></div></dl> : null}
      <div className="panel-bar">
        <div className="segmented" role="group" aria-label="What to show">
          {tabs.map(([one, title]) => <Button key={one} look="quiet" aria-pressed={tab === one} onClick={() => setTab(one)}>{title}</Button>)}
        </div>
      </div>
      <div className="panel-body">
        {tab === 'live' ? <Live appKey={appKey} branch={branch} isMissing={isMissing} /> : null}
        {tab === 'desired' || tab === 'diff' ? <Compared appKey={appKey} branch={branch} version={version} diff={tab === 'diff'} /> : null}
        {tab === 'events' ? <Events appKey={appKey} branch={branch} /> : null}
        {tab === 'logs' ? <Logs appKey={appKey} branch={branch} /> : null}
      </div>
      {deleting ? <DeleteResourceDialog appKey={appKey} node={node} isManaged={isManaged} onClose={() => setDeleting(false)} onDone={onClose} /> : null}
    </aside>
  );
}

/** What can be done with the object: its kind's own actions, as the server offers them, and deleting it. */
function Actions({ appKey, branch, isMissing, onDelete }: { appKey: AppKey; branch: Branch; isMissing: boolean; onDelete: () => void }) {
  const { say, fail } = useToasts();
  const [actions, setActions] = useState<ResourceAction[]>([]);
  const [asked, setAsked] = useState<ResourceAction>();
  const ask = () => {
    api.resourceActions(appKey, branch.node).then(setActions, fail);
  };
  const run = (action: ResourceAction) => {
    if (action.params?.length) {
      setAsked(action);
      return;
    }
    api.runAction(appKey, branch.node, action.name).then(() => say(`${action.displayName || action.name}: done`), fail);
  };
  if (isMissing) return null;
  return (
    <>
      <Menu label="Actions of this object" icon="more" look="quiet" onOpen={ask}>
        {actions.map((action) => <MenuItem key={action.name} onClick={() => run(action)} disabled={action.disabled}>{action.displayName || action.name}</MenuItem>)}
        <MenuItem icon="trash" danger onClick={onDelete}>Delete…</MenuItem>
      </Menu>
      {asked ? <ResourceActionDialog appKey={appKey} node={branch.node} action={asked} onClose={() => setAsked(undefined)} /> : null}
    </>
  );
}

function Live({ appKey, branch, isMissing }: { appKey: AppKey; branch: Branch; isMissing: boolean }) {
  const [fields, setFields] = useState(false);
  const live = useLoaded(branch.id, branch.node.health?.status ?? '', async () => (isMissing ? undefined : api.resource(appKey, branch.node)));
  const yaml = useMemo(() => (live.value ? toYaml(fields ? live.value : withoutManagedFields(live.value)) : ''), [live.value, fields]);
  if (isMissing) return <p className="muted pad">It is not in the cluster.</p>;
  if (live.error && !live.value) return <p className="muted pad">{live.error.message}</p>;
  return yaml ? (
    <>
      <div className="corner"><Button look="quiet" aria-pressed={fields} onClick={() => setFields(!fields)} title="Who owns which field">Managed fields</Button><CopyButton text={yaml} label="Copy the manifest" /></div>
      <Code text={yaml} label={`Live manifest of ${branch.node.name}`} />
    </>
  ) : null;
}

function withoutManagedFields(object: unknown): unknown {
  const { metadata, ...rest } = object as { metadata?: Record<string, unknown> };
  const { managedFields: _managedFields, ...kept } = metadata ?? {};
  return { ...rest, metadata: kept };
}

/** The object as Git has it, or how the live one differs from that. */
function Compared({ appKey, branch, version, diff }: { appKey: AppKey; branch: Branch; version: string; diff: boolean }) {
  const managed = useLoaded(branch.id, version, () => api.managedOne(appKey, branch.node));
  const item = managed.value?.find((one) => nodeId(one) === branch.id);
  const [live, desired] = useMemo(() => (item ? comparable(item) : ['', '']), [item]);
  const target = useMemo(() => (item?.targetState && item.targetState !== 'null' ? toYaml(JSON.parse(item.targetState) as unknown) : ''), [item]);
  if (managed.error && !managed.value) return <p className="muted pad">{managed.error.message}</p>;
  if (!managed.value) return null;
  if (diff) return live === desired ? <p className="muted pad">The object is as Git says.</p> : <DiffView live={live} desired={desired} split={false} label={branch.node.name} />;
  return target ? <><div className="corner"><CopyButton text={target} label="Copy the manifest" /></div><Code text={target} label={`Desired manifest of ${branch.node.name}`} /></> : <p className="muted pad">Git does not have it any more: a sync with prune deletes it.</p>;
}

function Events({ appKey, branch }: { appKey: AppKey; branch: Branch }) {
  const { name, namespace, uid, kind, group } = branch.node;
  const events = useLoaded(branch.id, '', () => api.events(appKey, { name, namespace, uid, kind, group }));
  if (events.error && !events.value) return <p className="muted pad">{events.error.message}</p>;
  return events.value ? <EventTable events={events.value} /> : null;
}

function Logs({ appKey, branch }: { appKey: AppKey; branch: Branch }) {
  const live = useLoaded(branch.id, '', async () => (branch.node.kind === 'Pod' ? api.resource(appKey, branch.node) : undefined));
  if (branch.node.kind !== 'Pod') return <LogView appKey={appKey} resource={branch.node} />;
  if (!live.value && !live.error) return null;
  const spec = (live.value as { spec?: { containers?: { name: string }[]; initContainers?: { name: string }[] } } | undefined)?.spec;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((container) => container.name);
  return <LogView appKey={appKey} resource={branch.node} containers={containers} />;
}
