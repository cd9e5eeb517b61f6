import { useEffect, useEffectEvent, useState } from 'react';
import { api } from './client';

/** How the stream stands, for the indicator in the header. */
export type Connection = 'connecting' | 'live' | 'lost';

/**
 * Keeps an event stream open while the component is there and hands over each event's `result`.
 *
 * The browser reconnects by itself; a call then tells a session that has ended (and shows the login) from a server that is away. After a
 * reconnect `onOpen` runs again, for a fresh read of what may have been missed.
 */
export function useStream<T>(url: string | null, onResult: (result: T) => void, onOpen?: (again: boolean) => void): Connection {
  const [connection, setConnection] = useState<Connection>('connecting');
  const result = useEffectEvent(onResult);
  const open = useEffectEvent((again: boolean) => onOpen?.(again));
  useEffect(() => {
    if (!url) return undefined;
    let opened = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource;
    const connect = () => {
      source = new EventSource(url);
      source.addEventListener('open', () => {
        setConnection('live');
        open(opened);
        opened = true;
      });
      source.addEventListener('message', (event: MessageEvent<string>) => {
        result((JSON.parse(event.data) as { result: T }).result);
      });
      source.addEventListener('error', () => {
        setConnection('lost');
        api.userInfo().catch(() => {});
        // A refused stream is not tried again by the browser.
        if (source.readyState === EventSource.CLOSED) timer = setTimeout(connect, 3000);
      });
    };
    connect();
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [url]);
  return connection;
}
