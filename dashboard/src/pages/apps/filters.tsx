import { useState } from 'react';
import type { Counts, Stats } from '../../api/types';
import type { FacetName, Filters } from '../../lib/filters';
import { HEALTHS, SYNCS } from '../../lib/status';
import { Icon } from '../../ui/icons';
import { HealthMark, SyncMark } from '../../ui/parts';

const SHOWN = 6;

interface Props {
  filters: Filters;
  stats: Stats | undefined;
  open: boolean;
  onToggle: (facet: FacetName, value: string) => void;
  onClose: () => void;
}

/** The filters at the side, each value with how many applications choosing it would show. */
export function FilterPanel({ filters, stats, open, onToggle, onClose }: Props) {
  const facet = (name: FacetName, title: string, values: [string, number][]) => (
    <Facet key={name} name={name} title={title} values={values} chosen={filters[name]} onToggle={onToggle} />
  );
  return (
    <aside className={`filters ${open ? 'open' : ''}`} aria-label="Filters">
      <header>
        <h2>Filters</h2>
        <button type="button" className="button quiet square" onClick={onClose} aria-label="Close the filters"><Icon name="close" /></button>
      </header>
      {facet('health', 'Health', inOrder(HEALTHS, stats?.health))}
      {facet('sync', 'Sync', inOrder(SYNCS, stats?.sync))}
      {facet('project', 'Project', byCount(stats?.project))}
      {facet('namespace', 'Namespace', byCount(stats?.namespace))}
      {Object.keys(stats?.cluster ?? {}).length > 1 ? facet('cluster', 'Cluster', byCount(stats?.cluster)) : null}
      {facet('label', 'Labels', byCount(stats?.label))}
    </aside>
  );
}

function inOrder(order: string[], counts: Counts = {}): [string, number][] {
  return order.filter((value) => counts[value]).map((value) => [value, counts[value] ?? 0]);
}

function byCount(counts: Counts = {}): [string, number][] {
  return Object.entries(counts).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function Facet({ name, title, values, chosen, onToggle }: { name: FacetName; title: string; values: [string, number][]; chosen: string[]; onToggle: Props['onToggle'] }) {
  const [all, setAll] = useState(false);
  const known = new Set(values.map(([value]) => value));
  // A chosen value that nothing has any more stays visible, so that it can be taken away.
  const rows = [...values, ...chosen.filter((value) => !known.has(value)).map((value): [string, number] => [value, 0])];
  const shown = rows.filter(([value], at) => all || at < SHOWN || chosen.includes(value));
  if (rows.length === 0) return null;
  return (
    <fieldset>
      <legend>{title}</legend>
      {shown.map(([value, count]) => (
        <label key={value} className={chosen.includes(value) ? 'chosen' : ''}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => onToggle(name, value)} />
          <span className="value">{name === 'health' ? <HealthMark health={value} /> : name === 'sync' ? <SyncMark sync={value} /> : value}</span>
          <span className="count">{count}</span>
        </label>
      ))}
      {rows.length > SHOWN ? <button type="button" className="more" onClick={() => setAll(!all)}>{all ? 'Fewer' : `${rows.length - shown.length} more`}</button> : null}
    </fieldset>
  );
}
