import { useMemo, useState } from 'react';
import { api, type AppKey } from '../../api/client';
import { useLoaded } from '../../api/use';
import { hasLogs } from '../../lib/kinds';
import { nodeId } from '../../lib/tree';
import { Notice } from '../../ui/parts';
import { LogView } from './log-view';

/** The logs of the application: of all its Pods, or of what one chooses. */
export function LogsTab({ appKey, version }: { appKey: AppKey; version: string }) {
  const tree = useLoaded(`${appKey.namespace}/${appKey.name}`, version, () => api.tree(appKey));
  const [chosen, setChosen] = useState('');
  const nodes = useMemo(() => (tree.value?.nodes ?? []).filter((node) => hasLogs(node.kind) && node.kind !== 'ReplicaSet'), [tree.value]);
  if (tree.error && !tree.value) return <Notice tone="bad" title="The resources could not be read">{tree.error.message}</Notice>;
  if (!tree.value) return null;
  if (nodes.length === 0) return <Notice title="Nothing here writes a log">The application has no Pods.</Notice>;
  const resource = nodes.find((node) => nodeId(node) === chosen);
  return (
    <div className="logs-tab">
      <div className="view-bar">
        <label className="inline">Of <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
          <option value="">all Pods</option>
          {nodes.map((node) => <option key={nodeId(node)} value={nodeId(node)}>{node.kind} {node.name}</option>)}
        </select></label>
      </div>
      <LogView key={chosen} appKey={appKey} resource={resource} />
    </div>
  );
}
