import { useMemo, useState } from 'react';
import { api, withQuery, type AppKey } from '../../api/client';
import { useStream } from '../../api/stream';
import type { Application, ApplicationTree, ResourceId } from '../../api/types';
import { useLoaded } from '../../api/use';
import { buildForest, facetsOf, filterForest, groupForest, isProblem, type Branch } from '../../lib/tree';
import { Button, Notice } from '../../ui/parts';
import { Graph } from './graph';
import { ResourcePanel } from './resource-panel';
import { TreeList } from './tree-list';

interface Props {
  appKey: AppKey;
  app: Application;
  selected: string | undefined;
  onSelect: (id: string | undefined) => void;
  onSync: (resources: ResourceId[]) => void;
  version: string;
}

const FACET_NAMES = { kind: 'All kinds', health: 'Any health', sync: 'Any sync', namespace: 'All namespaces' };
const NARROW_PX = 760;

/** What the application consists of, as a graph or as a list, current while it is open. */
export function TreeTab({ appKey, app, selected, onSelect, onSync, version }: Props) {
  const owner = `${appKey.namespace}/${appKey.name}`;
  const first = useLoaded(owner, '', () => api.tree(appKey));
  const [streamed, setStreamed] = useState<ApplicationTree>();
  useStream<ApplicationTree>(withQuery(`/api/v1/stream/applications/${encodeURIComponent(appKey.name)}/resource-tree`, { appNamespace: appKey.namespace }), setStreamed);
  const tree = streamed ?? first.value;

  const [look, setLook] = useState<'graph' | 'list'>(() => (window.innerWidth < NARROW_PX ? 'list' : 'graph'));
  const [text, setText] = useState('');
  const [problems, setProblems] = useState(false);
  const [facets, setFacets] = useState<{ kind?: string; health?: string; sync?: string; namespace?: string }>({});
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());

  const forest = useMemo(() => buildForest(tree ?? {}, app.status?.resources ?? []), [tree, app.status?.resources]);
  const shown = useMemo(() => groupForest(filterForest(forest, { text, problems, ...facets }), opened), [forest, text, problems, facets, opened]);
  const count = useMemo(() => forest.reduce((n, branch) => n + 1 + branch.below, 0), [forest]);
  const ailing = useMemo(() => countProblems(forest), [forest]);
  const found = useMemo(() => (selected ? find(forest, selected) : undefined), [forest, selected]);

  const choices = useMemo(() => facetsOf(forest), [forest]);

  const flip = (id: string) => setClosed((old) => {
    const next = new Set(old);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  const choose = (branch: Branch) => {
    if (branch.group) setOpened((old) => new Set(old).add(branch.id));
    else onSelect(branch.id === selected ? undefined : branch.id);
  };
  const parents = useMemo(() => collect(forest), [forest]);

  if (first.error && !tree) return <Notice tone="bad" title="The resources could not be read">{first.error.message}</Notice>;
  if (!tree) return null;
  const view = { forest: shown, closed, selected, onFlip: flip, onChoose: choose };
  return (
    <div className={`tree-tab ${found ? 'with-panel' : ''}`}>
      <div className="view-bar">
        <label className="view-filter"><span className="unseen">Filter the resources</span><input type="search" placeholder="Filter kind or name" value={text} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} /></label>
        {(['kind', 'health', 'sync', 'namespace'] as const).map((facet) => (choices[facet].length > 1 ? (
          <label key={facet} className="inline"><span className="unseen">{facet}</span>
            <select value={facets[facet] ?? ''} onChange={(event) => setFacets({ ...facets, [facet]: event.target.value || undefined })}>
              <option value="">{FACET_NAMES[facet]}</option>
              {choices[facet].map((value) => <option key={value}>{value}</option>)}
            </select>
          </label>
        ) : null))}
        <Button look="quiet" aria-pressed={problems} icon="Degraded" onClick={() => setProblems(!problems)}>{ailing} to look at</Button>
        <span className="muted">{count} objects</span>
        <span className="grow" />
        <Button look="quiet" onClick={() => { setClosed(closed.size > 0 ? new Set() : new Set(parents)); setOpened(new Set()); }}>{closed.size > 0 ? 'Expand all' : 'Collapse all'}</Button>
        <div className="segmented" role="group" aria-label="Look">
          <Button look="quiet" icon="graph" aria-pressed={look === 'graph'} onClick={() => setLook('graph')}>Graph</Button>
          <Button look="quiet" icon="table" aria-pressed={look === 'list'} onClick={() => setLook('list')}>List</Button>
        </div>
      </div>
      <div className="tree-body">
        {shown.length === 0 ? <Notice title={count === 0 ? 'There are no resources' : 'No resource matches'} /> : look === 'graph' ? <Graph {...view} /> : <TreeList {...view} />}
        {found ? <ResourcePanel key={found.id} appKey={appKey} branch={found} version={version} onClose={() => onSelect(undefined)} onSync={onSync} /> : null}
      </div>
    </div>
  );
}

function find(forest: Branch[], id: string): Branch | undefined {
  for (const branch of forest) {
    const found = branch.id === id ? branch : find(branch.children, id);
    if (found) return found;
  }
  return undefined;
}

function collect(forest: Branch[]): string[] {
  return forest.flatMap((branch) => (branch.children.length > 0 ? [branch.id, ...collect(branch.children)] : []));
}

function countProblems(forest: Branch[]): number {
  return forest.reduce((n, branch) => n + (isProblem(branch) ? 1 : 0) + countProblems(branch.children), 0);
}
