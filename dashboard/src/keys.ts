import { useEffect, useEffectEvent } from 'react';

/** What a key does, by `event.key`; two keys one after the other are written `g a`. */
export type Keys = Record<string, (event: KeyboardEvent) => void>;

const CHAIN_MS = 1000;

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return !!element && (element.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(element.tagName));
}

/** Listens for keys while the component is there; not while someone types, a dialog is open, or a modifier is held. */
export function useKeys(keys: Keys) {
  const find = useEffectEvent((key: string) => keys[key]);
  useEffect(() => {
    let before = '';
    let at = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      const chained = Date.now() - at < CHAIN_MS ? find(`${before} ${event.key}`) : undefined;
      const act = chained ?? find(event.key);
      [before, at] = [event.key, Date.now()];
      if (act) {
        event.preventDefault();
        act(event);
      }
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
