import type { Tone } from '../lib/status';

/** Shapes of 16 × 16, drawn with lines. A state has its own shape, so that colour never tells alone. */
const PATHS: Record<string, string> = {
  Healthy: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM5.2 8.2l2 2 3.6-4',
  Synced: 'M5 8.4l2.2 2.2L11.4 6M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z',
  Degraded: 'M8 2.2 14.4 13.4H1.6ZM8 6.4v3.2M8 11.6v.1',
  Missing: 'M8 1.8a6.2 6.2 0 0 1 2.6.6M13.2 4.7a6.2 6.2 0 0 1 .9 2.5M13.6 10.6a6.2 6.2 0 0 1-1.7 2.3M8.8 14.2a6.2 6.2 0 0 1-2.7-.3M3.4 12.2a6.2 6.2 0 0 1-1.4-2.4M2 6.3A6.2 6.2 0 0 1 3.2 4M5.4 8h5.2',
  Unknown: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6.3 6.3a1.8 1.8 0 1 1 2.5 1.7c-.5.2-.8.6-.8 1.1M8 11.3v.1',
  Progressing: 'M14.2 8A6.2 6.2 0 1 1 8 1.8',
  Suspended: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6.4 5.8v4.4M9.6 5.8v4.4',
  OutOfSync: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 11V5.2M5.6 7.4 8 5l2.4 2.4',
  failed: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6 6l4 4M10 6l-4 4',
  search: 'M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6ZM10.6 10.6 14 14',
  sync: 'M2.4 8a5.6 5.6 0 0 1 9.6-3.9l1.6 1.7M13.6 2.6v3.2h-3.2M13.6 8a5.6 5.6 0 0 1-9.6 3.9l-1.6-1.7M2.4 13.4v-3.2h3.2',
  refresh: 'M13.4 8.4A5.4 5.4 0 1 1 11.8 4l1.8 1.6M13.6 2.4v3.2h-3.2',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  close: 'M4 4l8 8M12 4l-8 8',
  more: 'M3.4 8h.1M8 8h.1M12.6 8h.1',
  filter: 'M2 3.6h12M4.4 8h7.2M6.6 12.4h2.8',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1',
  moon: 'M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7Z',
  auto: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 1.8v12.4M10 4.2v7.6M12 5.6v4.8',
  table: 'M2 3.4h12M2 8h12M2 12.6h12',
  tiles: 'M2.4 2.4h4.4v4.4H2.4ZM9.2 2.4h4.4v4.4H9.2ZM2.4 9.2h4.4v4.4H2.4ZM9.2 9.2h4.4v4.4H9.2Z',
  graph: 'M2 6.2h3.6v3.6H2ZM10.4 2h3.6v3.6h-3.6ZM10.4 10.4h3.6V14h-3.6ZM5.6 8h2.2M10.4 3.8H7.8v8.4h2.6',
  wider: 'M10 4 6 8l4 4',
  plus: 'M8 3v10M3 8h10',
  link: 'M9.4 2.4h4.2v4.2M13.4 2.6 7.6 8.4M11.8 9.4v3.2a1 1 0 0 1-1 1H3.4a1 1 0 0 1-1-1V5.2a1 1 0 0 1 1-1h3.2',
  copy: 'M5.6 5.6h8v8h-8ZM10.4 5.6V2.4h-8v8h3.2',
  stop: 'M3.6 3.6h8.8v8.8H3.6Z',
  trash: 'M2.6 4.4h10.8M6.2 4.2V2.4h3.6v1.8M4 4.6l.6 9h6.8l.6-9M6.6 7v4M9.4 7v4',
  back: 'M6 3.4 2.2 7.2 6 11M2.6 7.2h7a4 4 0 0 1 0 6.4H8',
  help: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6.3 6.3a1.8 1.8 0 1 1 2.5 1.7c-.5.2-.8.6-.8 1.1M8 11.3v.1',
  user: 'M8 2.4a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM2.8 13.8a5.2 5.2 0 0 1 10.4 0',
};

/** A picture beside a text that says the same, so that it is hidden from screen readers. */
export function Icon({ name, tone, size = 16, spin }: { name: string; tone?: Tone; size?: number; spin?: boolean }) {
  const className = ['icon', tone && `tone-${tone}`, (spin || name === 'Progressing') && 'spin'].filter(Boolean).join(' ');
  return (
    <svg className={className} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name] ?? PATHS.Unknown} />
    </svg>
  );
}

/** The product's mark: a channel between two lines of buoys. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="mark">
      <rect width="32" height="32" rx="8" />
      <path d="M11 26 14.4 6M21 26 17.6 6" />
      <path d="M16 9v3M16 16v3.4M16 23v3.4" />
    </svg>
  );
}
