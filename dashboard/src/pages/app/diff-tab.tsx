import { useMemo, useState } from 'react';
import { api, type AppKey } from '../../api/client';
import type { ManagedResource, ResourceId } from '../../api/types';
import { useLoaded } from '../../api/use';
import { comparable, stateOf, type DiffState } from '../../lib/managed';
import { nodeId } from '../../lib/tree';
import { Icon } from '../../ui/icons';
import { Button, Notice } from '../../ui/parts';
import { DiffView } from './diff-view';

interface Props {
  appKey: AppKey;
  version: string;
  selected: string | undefined;
  onSelect: (id: string) => void;
  onSync: (resources: ResourceId[]) => void;
}

const STATES: Record<DiffState, { icon: string; tone: 'ok' | 'warn' | 'bad' | 'progress'; text: string }> = {
  same: { icon: 'Synced', tone: 'ok', text: 'equal' },
  changed: { icon: 'OutOfSync', tone: 'warn', text: 'differs' },
  added: { icon: 'Missing', tone: 'progress', text: 'to be created' },
  removed: { icon: 'failed', tone: 'bad', text: 'to be pruned' },
};

/** What a sync would change, object by object. */
export function DiffTab({ appKey, version, selected, onSelect, onSync }: Props) {
  const managed = useLoaded(`${appKey.namespace}/${appKey.name}`, version, () => api.managed(appKey));
  const [all, setAll] = useState(false);
  const [split, setSplit] = useState(() => window.innerWidth > 1100);
  const items = useMemo(() => (managed.value ?? []).map((item) => ({ item, id: nodeId(item), state: stateOf(item) })), [managed.value]);
  const changed = items.filter(({ state }) => state !== 'same');
  const listed = all || items.some(({ id, state }) => id === selected && state === 'same') ? items : changed;
  const current = listed.find(({ id }) => id === selected) ?? listed[0];

  if (managed.error && !managed.value) return <Notice tone="bad" title="The comparison could not be read">{managed.error.message}</Notice>;
  if (!managed.value) return null;
  return (
    <div className="diff-tab">
      <div className="view-bar">
        <span>{changed.length === 0 ? `All ${items.length} objects are as Git says` : `${changed.length} of ${items.length} objects differ`}</span>
        <span className="grow" />
        <label className="check"><input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />Show equal ones</label>
        <div className="segmented" role="group" aria-label="Look">
          <Button look="quiet" aria-pressed={!split} onClick={() => setSplit(false)}>Unified</Button>
          <Button look="quiet" aria-pressed={split} onClick={() => setSplit(true)}>Side by side</Button>
        </div>
      </div>
      {current ? (
        <div className="diff-body">
          <ul className="diff-list" aria-label="Objects">
            {listed.map(({ item, id, state }) => (
              <li key={id}>
                <button type="button" aria-current={id === current.id || undefined} onClick={() => onSelect(id)}>
                  <Icon name={STATES[state].icon} tone={STATES[state].tone} />
                  <span><small>{item.kind}</small><b title={item.name}>{item.name}</b></span>
                  <span className="unseen">{STATES[state].text}</span>
                </button>
              </li>
            ))}
          </ul>
          <OneDiff key={current.id} item={current.item} state={current.state} split={split} onSync={onSync} />
        </div>
      ) : <Notice title="Nothing differs">What runs in the cluster is what Git says.</Notice>}
    </div>
  );
}

function OneDiff({ item, state, split, onSync }: { item: ManagedResource; state: DiffState; split: boolean; onSync: Props['onSync'] }) {
  const [live, desired] = useMemo(() => comparable(item), [item]);
  const { kind, name, namespace, group } = item;
  return (
    <section className="diff-one" aria-label={`${kind} ${name}`}>
      <header>
        <div><small>{[group, kind].filter(Boolean).join('/')} · {namespace || 'cluster-wide'}</small><h2>{name}</h2></div>
        <span className={`tag tone-${STATES[state].tone}`}>{STATES[state].text}</span>
        <span className="grow" />
        {state !== 'same' ? <Button look="quiet" icon="sync" onClick={() => onSync([{ group, kind, name, namespace }])}>Sync this one…</Button> : null}
      </header>
      <DiffView live={live} desired={desired} split={split} label={`${kind} ${name}`} />
    </section>
  );
}
