import { useMemo, useState } from 'react';
import { changedPart, diffLines, hunks, sideBySide, type Line, type Row } from '../../lib/diff';
import { YamlLine } from './code';

const CONTEXT = 3;

/** Two texts compared: unified, or side by side, with equal stretches folded. */
export function DiffView({ live, desired, split, label }: { live: string; desired: string; split: boolean; label: string }) {
  const lines = useMemo(() => diffLines(live, desired), [live, desired]);
  const parts = useMemo(() => hunks(lines, CONTEXT), [lines]);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const same = lines.every((line) => line.kind === 'same');
  const columns = split ? 4 : 3;
  return (
    <div className="scroll-x diff-scroll">
      <table className={`diff ${split ? 'split' : ''}`} aria-label={`Diff of ${label}`}>
        {split ? <colgroup><col className="number" /><col /><col className="number" /><col /></colgroup> : <colgroup><col className="number" /><col className="number" /><col /></colgroup>}
        <thead><tr>{split ? <><th colSpan={2} scope="col">Live</th><th colSpan={2} scope="col">Desired</th></> : <><th scope="col">Live</th><th scope="col">Git</th><th scope="col">{same ? 'Equal' : 'What a sync changes'}</th></>}</tr></thead>
        <tbody>
          {parts.map((part, at) => {
            if (part.fold && !same && !open.has(at)) {
              return <tr key={`${at}`} className="fold"><td colSpan={columns}><button type="button" onClick={() => setOpen((old) => new Set(old).add(at))}>{part.lines.length} equal lines</button></td></tr>;
            }
            return split ? sideBySide(part.lines).map((row, n) => <SplitRow key={`${at}.${n}`} row={row} />) : unified(part.lines, at);
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Rows of the unified view, each changed line with its counterpart for marking the part that differs. */
function unified(lines: Line[], part: number) {
  const other = new Map<Line, string>();
  for (const { left, right } of sideBySide(lines)) {
    if (left && right && left.kind !== 'same') {
      other.set(left, right.text);
      other.set(right, left.text);
    }
  }
  return lines.map((line, n) => (
    <tr key={`${part}.${n}`} className={line.kind}>
      <td className="number">{'old' in line ? line.old : ''}</td>
      <td className="number">{'new' in line ? line.new : ''}</td>
      <td className="text"><Sign kind={line.kind} /><Text line={line} other={other.get(line)} /></td>
    </tr>
  ));
}

function SplitRow({ row: { left, right } }: { row: Row }) {
  const changed = left?.kind !== 'same';
  return (
    <tr className={changed ? 'changed' : 'same'}>
      <td className={`number ${left ? left.kind : 'none'}`}>{left && 'old' in left ? left.old : ''}</td>
      <td className={`text ${left ? left.kind : 'none'}`}>{left ? <><Sign kind={left.kind} /><Text line={left} other={changed ? right?.text : undefined} /></> : null}</td>
      <td className={`number ${right ? right.kind : 'none'}`}>{right && 'new' in right ? right.new : ''}</td>
      <td className={`text ${right ? right.kind : 'none'}`}>{right ? <><Sign kind={right.kind} /><Text line={right} other={changed ? left?.text : undefined} /></> : null}</td>
    </tr>
  );
}

function Sign({ kind }: { kind: Line['kind'] }) {
  return <i className="sign">{{ same: ' ', added: '+', removed: '−' }[kind]}</i>;
}

function Text({ line, other }: { line: Line; other: string | undefined }) {
  if (line.kind === 'same' || other === undefined) return <YamlLine text={line.text} />;
  const [start, end] = changedPart(line.text, other);
  // A line that has little in common with the other is marked by its colour alone.
  if (start === 0 || end <= start) return <>{line.text}</>;
  return <>{line.text.slice(0, start)}<mark>{line.text.slice(start, end)}</mark>{line.text.slice(end)}</>;
}
