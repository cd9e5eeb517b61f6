import { useCallback, useEffect, useEffectEvent, useState } from 'react';

/** A value that is being read from the server. */
export interface Loaded<T> {
  value: T | undefined;
  error: Error | undefined;
  reload: () => void;
}

/**
 * Reads a value whenever `key` changes, and keeps the last one on the screen while a newer one is on its way. `owner` says whose value it is:
 * when that changes, the old one is not shown any longer.
 */
export function useLoaded<T>(owner: string, key: string, read: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ owner: string; value?: T; error?: Error }>({ owner });
  const [turn, setTurn] = useState(0);
  const start = useEffectEvent(read);
  useEffect(() => {
    let current = true;
    start().then(
      (value) => current && setState({ owner, value }),
      (error: Error) => current && setState((old) => ({ owner, value: old.owner === owner ? old.value : undefined, error })),
    );
    return () => {
      current = false;
    };
  }, [owner, key, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const mine = state.owner === owner;
  return { value: mine ? state.value : undefined, error: mine ? state.error : undefined, reload };
}
