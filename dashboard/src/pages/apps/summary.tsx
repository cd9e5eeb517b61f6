import type { Connection } from '../../api/stream';
import type { Counts, Stats } from '../../api/types';
import type { FacetName, Filters } from '../../lib/filters';
import { HEALTHS, healthTone, SYNCS, syncTone, type Tone } from '../../lib/status';
import { Icon } from '../../ui/icons';

interface Props {
  stats: Stats | undefined;
  filters: Filters;
  connection: Connection;
  onToggle: (facet: FacetName, value: string) => void;
}

const CONNECTIONS: Record<Connection, { text: string; title: string }> = {
  live: { text: 'Live', title: 'Changes appear as they happen' },
  connecting: { text: 'Connecting', title: 'The event stream is being opened' },
  lost: { text: 'Reconnecting', title: 'The event stream is away; what is shown may be old' },
};

/** How all is, in one line: a bar for health and one for sync, whose parts filter the list. */
export function Summary({ stats, filters, connection, onToggle }: Props) {
  const { text, title } = CONNECTIONS[connection];
  return (
    <div className="summary">
      <div className="total"><strong>{stats?.total ?? '–'}</strong><span>{stats?.total === 1 ? 'application' : 'applications'}</span></div>
      <Bar title="Health" facet="health" order={HEALTHS} counts={stats?.health} tone={healthTone} chosen={filters.health} onToggle={onToggle} />
      <Bar title="Sync" facet="sync" order={SYNCS} counts={stats?.sync} tone={syncTone} chosen={filters.sync} onToggle={onToggle} />
      <span className={`connection ${connection}`} title={title} role="status">{text}</span>
    </div>
  );
}

function Bar({ title, facet, order, counts = {}, tone, chosen, onToggle }: { title: string; facet: FacetName; order: string[]; counts?: Counts; tone: (value: string) => Tone; chosen: string[]; onToggle: Props['onToggle'] }) {
  const present = order.filter((value) => counts[value]);
  return (
    <div className="bar" role="group" aria-label={title}>
      <div className="bar-track" aria-hidden="true">
        {present.map((value) => <span key={value} className={`fill-${tone(value)}`} style={{ flexGrow: counts[value] }} />)}
      </div>
      <div className="bar-parts">
        {present.map((value) => (
          <button key={value} type="button" aria-pressed={chosen.includes(value)} onClick={() => onToggle(facet, value)} className={`tone-${tone(value)}`}>
            <Icon name={value} size={13} /><b>{counts[value]}</b><span>{value}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
