import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useKeys } from '../keys';
import { countFilters, formatFilters, NO_FILTERS, parseFilters, toggle, type FacetName, type Filters } from '../lib/filters';
import { appPath } from '../lib/route';
import { navigate, useAddress } from '../navigate';
import { Icon } from '../ui/icons';
import { Button, Notice } from '../ui/parts';
import { VirtualList, type VirtualHandle } from '../ui/virtual';
import { Bulk } from './apps/bulk';
import { AppRow, AppTile } from './apps/items';
import { FilterPanel } from './apps/filters';
import { Summary } from './apps/summary';
import { useApplications } from './apps/use-applications';

const ROW = 52;
const TILE = 158;
const TILE_WIDTH = 300;

type View = 'table' | 'tiles';

function storedView(): View {
  try {
    return localStorage.getItem('fairway.view') === 'tiles' ? 'tiles' : 'table';
  } catch {
    return 'table';
  }
}

/** Every application: search, filters with counts, a summary, and a list of any length that stays current. */
export function AppsPage() {
  const query = useAddress().split('?')[1] ?? '';
  const filters = useMemo(() => parseFilters(query), [query]);
  const setFilters = useCallback((next: Filters) => navigate(`/applications${formatFilters(next)}`, true), []);
  const { apps, stats, error, connection, onRange } = useApplications(filters);
  const [view, setView] = useState<View>(storedView);
  const [selection, setSelection] = useState({ query, index: -1 });
  // Another list has no selection.
  const selected = selection.query === query ? selection.index : -1;
  const setSelected = (index: number) => setSelection({ query, index });
  const [panel, setPanel] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<VirtualHandle>(null);
  const total = stats?.total ?? 0;

  useEffect(() => { document.title = 'Applications · Fairway'; }, []);

  const changeView = () => {
    const next = view === 'table' ? 'tiles' : 'table';
    setView(next);
    try {
      localStorage.setItem('fairway.view', next);
    } catch {
      // The choice then lasts until the page is left.
    }
  };
  const move = (step: number) => {
    const next = Math.max(0, Math.min(total - 1, selected + step));
    setSelected(next);
    list.current?.reveal(next);
  };
  useKeys({
    '/': () => search.current?.focus(),
    j: () => move(1), ArrowDown: () => move(1),
    k: () => move(-1), ArrowUp: () => move(-1),
    Enter: (event) => {
      const app = apps.get(selected);
      if (app) navigate(appPath(app.metadata.namespace, app.metadata.name));
      else (event.target as HTMLElement | null)?.click?.();
    },
    v: changeView,
    x: () => setFilters(NO_FILTERS),
    Escape: () => { setSelected(-1); setPanel(false); },
  });
  const onToggle = useCallback((facet: FacetName, value: string) => setFilters(toggle(filters, facet, value)), [filters, setFilters]);

  const item = (index: number) => {
    const app = apps.get(index);
    const props = { app, selected: index === selected, key: app ? `${app.metadata.namespace}/${app.metadata.name}` : index };
    return view === 'table' ? <AppRow {...props} key={props.key} /> : <AppTile {...props} key={props.key} />;
  };
  return (
    <div className="apps">
      <FilterPanel filters={filters} stats={stats} open={panel} onToggle={onToggle} onClose={() => setPanel(false)} />
      <section className="apps-main" aria-label="Applications">
        <h1 className="unseen">Applications</h1>
        <Summary stats={stats} filters={filters} connection={connection} onToggle={onToggle} />
        <div className="toolbar">
          <label className="search">
            <Icon name="search" />
            <span className="unseen">Search applications</span>
            <input ref={search} type="search" placeholder="Search name, project, namespace, repository" value={filters.search}
              onChange={(event) => setFilters({ ...filters, search: event.target.value })}
              onKeyDown={(event) => { if (event.key === 'Escape' || event.key === 'Enter') event.currentTarget.blur(); }} />
            <kbd aria-hidden="true">/</kbd>
          </label>
          <label className="sort">
            <span className="unseen">Order</span>
            <select value={filters.sort} onChange={(event) => setFilters({ ...filters, sort: event.target.value })}>
              <option value="name">By name</option>
              <option value="health">Unhealthy first</option>
              <option value="sync">Out of sync first</option>
              <option value="changed">Latest sync first</option>
              <option value="project">By project</option>
            </select>
          </label>
          <Button className="filters-button" icon="filter" aria-expanded={panel} onClick={() => setPanel(!panel)}>
            Filters{countFilters(filters) > 0 ? ` (${countFilters(filters)})` : ''}
          </Button>
          <Button icon={view === 'table' ? 'tiles' : 'table'} className="square" onClick={changeView} aria-label={view === 'table' ? 'Show tiles' : 'Show a table'} title={view === 'table' ? 'Tiles (v)' : 'Table (v)'} />
          <Bulk filters={filters} total={total} />
        </div>
        <FilterChips filters={filters} onToggle={onToggle} onClear={() => setFilters(NO_FILTERS)} />
        {error && !stats ? <Notice tone="bad" title="The applications could not be read">{error.message}</Notice> : null}
        {stats && total === 0 ? (
          <Notice title={countFilters(filters) > 0 ? 'No application matches' : 'There are no applications yet'}>
            {countFilters(filters) > 0 ? <Button onClick={() => setFilters(NO_FILTERS)}>Clear the filters</Button> : 'Push an Application to the config repository, and it appears here.'}
          </Notice>
        ) : (
          <>
            {view === 'table' ? <ListHead /> : null}
            <VirtualList key={view} handle={list} className={view} label={`${total} applications`} count={total} rowHeight={view === 'table' ? ROW : TILE}
              columns={view === 'tiles' ? (width) => Math.floor(width / TILE_WIDTH) : undefined} render={item} onRange={onRange} />
          </>
        )}
      </section>
    </div>
  );
}

function ListHead() {
  return (
    <div className="list-head" aria-hidden="true">
      <span>Application</span><span>Health</span><span>Sync</span><span>Revision</span><span>Source</span><span>Destination</span><span>Last sync</span>
    </div>
  );
}

function FilterChips({ filters, onToggle, onClear }: { filters: Filters; onToggle: (facet: FacetName, value: string) => void; onClear: () => void }) {
  const facets: FacetName[] = ['health', 'sync', 'project', 'namespace', 'cluster', 'label'];
  const chips = facets.flatMap((facet) => filters[facet].map((value) => ({ facet, value })));
  if (chips.length === 0) return null;
  return (
    <ul className="chips" aria-label="Active filters">
      {chips.map(({ facet, value }) => (
        <li key={`${facet}=${value}`}>
          <button type="button" onClick={() => onToggle(facet, value)} aria-label={`Remove filter ${facet} ${value}`}>
            <span>{facet}</span>{value}<Icon name="close" size={12} />
          </button>
        </li>
      ))}
      <li><button type="button" className="clear" onClick={onClear}>Clear all</button></li>
    </ul>
  );
}
