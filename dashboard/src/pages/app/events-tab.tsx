import { api, type AppKey } from '../../api/client';
import type { KubeEvent } from '../../api/types';
import { useLoaded } from '../../api/use';
import { Icon } from '../../ui/icons';
import { Ago, Notice } from '../../ui/parts';

const when = (event: KubeEvent) => event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? '';

/** What Kubernetes and the engine have said about the application. */
export function EventsTab({ appKey, version }: { appKey: AppKey; version: string }) {
  const events = useLoaded(`${appKey.namespace}/${appKey.name}`, version, () => api.events(appKey));
  if (events.error && !events.value) return <Notice tone="bad" title="The events could not be read">{events.error.message}</Notice>;
  return events.value ? <EventTable events={events.value} /> : null;
}

/** Events, the latest first. */
export function EventTable({ events }: { events: KubeEvent[] }) {
  if (events.length === 0) return <p className="muted pad">There are no events. Kubernetes forgets them after an hour.</p>;
  return (
    <div className="scroll-x">
      <table className="events">
        <thead><tr><th scope="col">When</th><th scope="col">Reason</th><th scope="col">Object</th><th scope="col">Message</th></tr></thead>
        <tbody>
          {events.toSorted((a, b) => (when(a) < when(b) ? 1 : -1)).map((event, at) => (
            <tr key={event.metadata?.uid ?? event.metadata?.name ?? `${at}`}>
              <td className="nowrap"><Ago time={when(event)} suffix=" ago" />{(event.count ?? 1) > 1 ? <span className="muted"> × {event.count}</span> : null}</td>
              <td><span className={`mark-text ${event.type === 'Warning' ? 'tone-bad' : ''}`}>{event.type === 'Warning' ? <Icon name="Degraded" /> : null}{event.reason}</span></td>
              <td><b>{event.involvedObject?.kind}</b> {event.involvedObject?.name}</td>
              <td>{event.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
