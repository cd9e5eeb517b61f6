import { useEffect, useEffectEvent, useState } from 'react';
import { api } from './client';

/** How the stream stands, for the indicator in the header. */
export type Connection = 'connecting' | 'live' | 'lost';

/** A page may be hidden this long before its stream is closed. */
const HIDDEN_MS = 15_000;

/**
 * Keeps an event stream open while the component is there and hands over each event's `result`.
 *
 * The browser reconnects by itself; a call then tells a session that has ended (and shows the login) from a server that is away. After a
 * reconnect `onOpen` runs again, for a fresh read of what may have been missed. A page that nobody looks at closes its stream: a browser opens six
 * connections to a server at most, and forgotten tabs would use them up.
 */
export function useStream<T>(url: string | null, onResult: (result: T) => void, onOpen?: (again: boolean) => void): Connection {
  const [connection, setConnection] = useState<Connection>('connecting');
  const result = useEffectEvent(onResult);
  const open = useEffectEvent((again: boolean) => onOpen?.(again));
  useEffect(() => {
    if (!url) return undefined;
    let opened = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource | undefined;
    const connect = () => {
      source?.close();
      const current = new EventSource(url);
      source = current;
      current.addEventListener('open', () => {
        setConnection('live');
        open(opened);
        opened = true;
      });
      current.addEventListener('message', (event: MessageEvent<string>) => {
        result((JSON.parse(event.data) as { result: T }).result);
      });
      current.addEventListener('error', () => {
        setConnection('lost');
        api.userInfo().catch(() => {});
        // A refused stream is not tried again by the browser.
        if (current.readyState === EventSource.CLOSED && source === current) timer = setTimeout(connect, 3000);
      });
    };
    const look = () => {
      clearTimeout(timer);
      if (document.hidden) {
        timer = setTimeout(() => {
          source?.close();
          source = undefined;
        }, HIDDEN_MS);
      } else if (!source || source.readyState === EventSource.CLOSED) connect();
    };
    connect();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      clearTimeout(timer);
      source?.close();
    };
  }, [url]);
  return connection;
}
