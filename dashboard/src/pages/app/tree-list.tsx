import { useMemo } from 'react';
import { familyOf, shortKind } from '../../lib/kinds';
import { flatten } from '../../lib/tree';
import { Icon } from '../../ui/icons';
import { Ago, HealthMark, SyncMark } from '../../ui/parts';
import { VirtualList } from '../../ui/virtual';
import { TAIL, type TreeViewProps } from './graph';

const ROW = 32;
const ROW_NARROW = 44;

/** The tree as rows: denser than the graph, and right for narrow screens. */
export function TreeList({ forest, closed, selected, onFlip, onChoose }: TreeViewProps) {
  const rows = useMemo(() => flatten(forest, closed), [forest, closed]);
  return (
    <VirtualList className="tree-list" label="Resources" count={rows.length} rowHeight={matchMedia('(max-width: 860px)').matches ? ROW_NARROW : ROW} render={(index) => {
      const row = rows[index];
      if (!row) return null;
      const { branch, depth, lines, last, open } = row;
      const { node } = branch;
      return (
        <div key={branch.id} role="listitem" className={`tree-row ${branch.id === selected ? 'selected' : ''}`} aria-level={depth + 1}>
          {lines.map((goesOn, level) => (level > 0 ? <span key={`${level}`} className={`guide ${goesOn ? 'on' : ''}`} aria-hidden="true" /> : null))}
          {depth > 0 ? <span className={`guide elbow ${last ? 'last' : ''}`} aria-hidden="true" /> : null}
          {branch.children.length > 0
            ? <button type="button" className="flip" onClick={() => onFlip(branch.id)} aria-expanded={open} aria-label={`${open ? 'Collapse' : 'Expand'} ${node.name}`}><Icon name={open ? 'down' : 'right'} size={12} /></button>
            : <span className="flip" />}
          <button type="button" className="tree-main" onClick={() => onChoose(branch)} aria-pressed={branch.group ? undefined : branch.id === selected}>
            {node.health?.status ? <HealthMark health={node.health.status} word={false} /> : <Icon name={branch.group ? 'tiles' : 'Synced'} tone="unknown" />}
            <span className={`kind-badge small family-${familyOf(node.kind)}`} title={node.kind} aria-hidden="true">{shortKind(node.kind)}</span>
            <span className="tree-text"><span className="kind">{node.kind}</span><b title={node.name}><span>{node.name.slice(0, -TAIL)}</span><span>{node.name.slice(-TAIL)}</span></b></span>
            {branch.sync === 'OutOfSync' ? <SyncMark sync="OutOfSync" /> : null}
            <span className="grow" />
            <span className="muted info">{node.info?.map((item) => item.value).join(' · ')}</span>
            <span className="muted age"><Ago time={node.createdAt} /></span>
          </button>
        </div>
      );
    }} />
  );
}
