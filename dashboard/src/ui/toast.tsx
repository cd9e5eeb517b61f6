import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';
import { Icon } from './icons';

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

interface Toasts {
  say: (text: string) => void;
  fail: (error: unknown) => void;
}

const Context = createContext<Toasts>({ say: () => {}, fail: () => {} });

/** Says what an action did, or why it could not. */
export const useToasts = () => useContext(Context);

const SHOWN_MS = 5000;
const SHOWN_BAD_MS = 12_000;

/** Holds the messages; screen readers speak them as they come. */
export function ToastArea({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(0);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const add = useCallback((text: string, bad: boolean) => {
    const id = next.current++;
    setToasts((all) => [...all.slice(-3), { id, text, bad }]);
    setTimeout(() => drop(id), bad ? SHOWN_BAD_MS : SHOWN_MS);
  }, [drop]);
  const value = useMemo(() => ({ say: (text: string) => add(text, false), fail: (error: unknown) => add(error instanceof Error ? error.message : String(error), true) }), [add]);
  return (
    <Context.Provider value={value}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast ${toast.bad ? 'bad' : ''}`}>
            <Icon name={toast.bad ? 'failed' : 'Healthy'} tone={toast.bad ? 'bad' : 'ok'} />
            <span>{toast.text}</span>
            <button type="button" className="button quiet square" aria-label="Dismiss" onClick={() => drop(toast.id)}><Icon name="close" /></button>
          </div>
        ))}
      </div>
    </Context.Provider>
  );
}
