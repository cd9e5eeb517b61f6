import { useEffect, useMemo, useRef, useState } from 'react';
import { api, type AppKey } from '../../api/client';
import type { ResourceId } from '../../api/types';
import { plain, type LogLine } from '../../lib/logs';
import { Button } from '../../ui/parts';

/** Lines that are kept; older ones fall off. */
const LINES_MAX = 5000;
const TAILS = [100, 500, 1000, 5000];

interface Log {
  id: string;
  lines: LogLine[];
  isOver: boolean;
  error: string;
}

const EMPTY: Log = { id: '', lines: [], isOver: false, error: '' };

interface Props {
  appKey: AppKey;
  /** The object whose Pods are meant; all of the application without it. */
  resource?: ResourceId;
  containers?: string[];
}

/** Logs as they come: filtered, followed, wrapped, with times and Pods, to copy or to keep. */
export function LogView({ appKey, resource, containers = [] }: Props) {
  const [container, setContainer] = useState('');
  const [follow, setFollow] = useState(true);
  const [previous, setPrevious] = useState(false);
  const [tail, setTail] = useState(500);
  const [filter, setFilter] = useState('');
  const [wrap, setWrap] = useState(true);
  const [times, setTimes] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const { group, kind, namespace, name } = resource ?? {};
  const chosen = container || containers[0] || '';
  const id = [kind, namespace, name, chosen, follow, previous, tail].join('|');
  const [log, setLog] = useState<Log>(EMPTY);
  // What was read for another question is not shown.
  const { lines, isOver, error } = log.id === id ? log : EMPTY;

  useEffect(() => {
    const stop = new AbortController();
    let waiting: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const fresh = waiting;
      waiting = [];
      change((old) => ({ lines: [...old.lines, ...fresh].slice(-LINES_MAX) }));
    };
    const change = (to: (old: Log) => Partial<Log>) => setLog((old) => {
      const mine = old.id === id ? old : { ...EMPTY, id };
      return { ...mine, ...to(mine) };
    });
    const query = { container: chosen, follow: follow && !previous, previous: previous || undefined, tailLines: tail };
    api.logs(appKey, kind && name ? { group, kind, namespace, name } : undefined, query, (line) => {
      waiting.push(line);
      timer ??= setTimeout(flush, 80);
    }, stop.signal).then(
      () => change(() => ({ isOver: true })),
      (failed: Error) => !stop.signal.aborted && change(() => ({ isOver: true, error: failed.message })),
    );
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [appKey, id, group, kind, namespace, name, chosen, follow, previous, tail]);

  const shown = useMemo(() => {
    const text = filter.trim().toLowerCase();
    return text ? lines.filter((line) => line.content.toLowerCase().includes(text)) : lines;
  }, [lines, filter]);
  const pods = useMemo(() => new Set(lines.map((line) => line.podName)), [lines]);
  useEffect(() => {
    if (isAtEnd.current) body.current?.scrollTo({ top: body.current.scrollHeight });
  }, [shown]);

  const download = () => {
    const text = shown.map((line) => [line.timeStampStr, pods.size > 1 ? line.podName : '', plain(line.content)].filter(Boolean).join(' ')).join('\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }));
    link.download = `${name ?? appKey.name}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="logs">
      <div className="view-bar log-bar">
        <label className="view-filter"><span className="unseen">Filter the lines</span><input type="search" placeholder="Filter lines" value={filter} onChange={(event) => setFilter(event.target.value)} onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()} /></label>
        {containers.length > 1 ? (
          <label className="inline"><span className="unseen">Container</span><select value={chosen} onChange={(event) => setContainer(event.target.value)}>{containers.map((one) => <option key={one}>{one}</option>)}</select></label>
        ) : null}
        <label className="inline"><span className="unseen">How many lines</span><select value={tail} onChange={(event) => setTail(Number(event.target.value))}>{TAILS.map((n) => <option key={n} value={n}>{n} lines</option>)}</select></label>
        <Button look="quiet" aria-pressed={follow && !previous} disabled={previous} onClick={() => setFollow(!follow)}>Follow</Button>
        <Button look="quiet" aria-pressed={previous} onClick={() => setPrevious(!previous)} title="The container’s last run, before it started again">Previous</Button>
        <Button look="quiet" aria-pressed={times} onClick={() => setTimes(!times)}>Times</Button>
        <Button look="quiet" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>Wrap</Button>
        <span className="grow" />
        <Button look="quiet" onClick={download} disabled={shown.length === 0}>Download</Button>
      </div>
      {error ? <p className="refused pad" role="alert">{error}</p> : null}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard */}
      <div className={`log-lines ${wrap ? 'wrap' : ''}`} ref={body} tabIndex={0} role="log" aria-label="Log" onScroll={(event) => {
        const element = event.currentTarget;
        isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
      }}>
        {shown.map((line, at) => (
          <div key={`${at}`} className="log-line">
            {times && line.timeStampStr ? <time>{line.timeStampStr.slice(0, 19).replace('T', ' ')}</time> : null}
            {pods.size > 1 && line.podName ? <span className="log-pod" title={line.podName}>{line.podName.slice(-11)}</span> : null}
            <span>{plain(line.content)}</span>
          </div>
        ))}
        {shown.length === 0 && !error ? <p className="muted pad">{!isOver && lines.length === 0 ? (follow ? 'Waiting for lines …' : 'Reading …') : filter && lines.length > 0 ? 'No line matches.' : 'The log is empty.'}</p> : null}
      </div>
    </div>
  );
}
