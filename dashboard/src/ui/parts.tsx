import { useEffect, useId, useRef, useState, type ButtonHTMLAttributes, type ReactNode } from 'react';
import { healthTone, phaseTone, syncTone } from '../lib/status';
import { ago, full } from '../lib/time';
import { Icon } from './icons';

/** A button; `primary` for the one that a page is about. */
export function Button({ look = 'plain', icon, busy, children, className, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { look?: 'plain' | 'primary' | 'danger' | 'quiet'; icon?: string; busy?: boolean; 'data-first'?: boolean }) {
  return (
    <button type="button" {...rest} disabled={rest.disabled || busy} className={`button ${look} ${className ?? ''}`}>
      {icon ? <Icon name={busy ? 'Progressing' : icon} /> : null}
      {children}
    </button>
  );
}

/** A health, as shape, colour and word. */
export function HealthMark({ health, word = true }: { health: string | undefined; word?: boolean }) {
  const name = health ?? 'Unknown';
  return (
    <span className={`mark-text tone-${healthTone(name)}`}>
      <Icon name={name} />
      <span className={word ? '' : 'unseen'}>{name}</span>
    </span>
  );
}

/** A sync status, as shape, colour and word. */
export function SyncMark({ sync, word = true }: { sync: string | undefined; word?: boolean }) {
  const name = sync ?? 'Unknown';
  return (
    <span className={`mark-text tone-${syncTone(name)}`}>
      <Icon name={name} />
      <span className={word ? '' : 'unseen'}>{name}</span>
    </span>
  );
}

/** The phase of an operation or of one object in it. */
export function PhaseMark({ phase, text }: { phase: string | undefined; text?: string }) {
  const tone = phaseTone(phase);
  const icon = { ok: 'Healthy', progress: 'Progressing', bad: 'failed', pause: 'Suspended' }[tone as string] ?? 'Unknown';
  return (
    <span className={`mark-text tone-${tone}`}>
      <Icon name={icon} />
      <span>{text ?? phase ?? 'Unknown'}</span>
    </span>
  );
}

/** How long ago; kept right while the page is open. */
export function Ago({ time, suffix = '' }: { time: string | undefined; suffix?: string }) {
  const now = useNow();
  const text = ago(time, now);
  return text ? <time dateTime={time} title={full(time)}>{text}{text === 'now' ? '' : suffix}</time> : null;
}

const NOW_EVERY_MS = 10_000;

/** The time, refreshed now and then. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), NOW_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** What a page shows while it has nothing else: first load, an error, an empty result. */
export function Notice({ tone, title, children }: { tone?: 'bad'; title: string; children?: ReactNode }) {
  return (
    <div className={`notice ${tone ?? ''}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children ? <div>{children}</div> : null}
    </div>
  );
}

/** A modal dialog. The browser keeps the focus inside, and Escape closes it. */
export function Dialog({ title, onClose, children, wide }: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    element?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} className={wide ? 'wide' : ''} onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="button quiet square" onClick={onClose} aria-label="Close"><Icon name="close" /></button>
      </header>
      {children}
    </dialog>
  );
}

/** A button that opens a short list of actions. */
export function Menu({ label, icon, children, look = 'plain', onOpen }: { label: string; icon: string; children: ReactNode; look?: 'plain' | 'quiet'; onOpen?: () => void }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    box.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== 'Escape') return;
        box.current?.querySelector('button')?.focus();
      } else if (box.current?.contains(event.target as Node)) return;
      setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [open]);
  const move = (event: React.KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...(box.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length]?.focus();
  };
  return (
    <div className="menu" ref={box}>
      <button type="button" className={`button ${look} square`} aria-haspopup="menu" aria-expanded={open} aria-label={label} title={label} onClick={() => { if (!open) onOpen?.(); setOpen(!open); }}>
        <Icon name={icon} />
      </button>
      {open ? (
        // oxlint-disable-next-line jsx-a11y/interactive-supports-focus -- its items take the focus
        <div role="menu" aria-label={label} onClick={() => setOpen(false)} onKeyDown={move}>
          {children}
        </div>
      ) : null}
    </div>
  );
}

/** One action of a menu. */
export function MenuItem({ icon, children, onClick, danger, disabled }: { icon?: string; children: ReactNode; onClick: () => void; danger?: boolean; disabled?: boolean }) {
  return (
    <button type="button" role="menuitem" className={danger ? 'danger' : ''} onClick={onClick} disabled={disabled}>
      {icon ? <Icon name={icon} /> : null}
      {children}
    </button>
  );
}

/** A link inside the dashboard. */
export function Link({ to, children, ...rest }: { to: string; children: ReactNode } & React.AnchorHTMLAttributes<HTMLAnchorElement>) {
  return <a href={to} {...rest}>{children}</a>;
}

/** Copies a text, and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const copy = () => {
    navigator.clipboard?.writeText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    }, () => {});
  };
  return <Button icon={done ? 'Healthy' : 'copy'} look="quiet" onClick={copy} aria-label={label}>{done ? 'Copied' : 'Copy'}</Button>;
}
