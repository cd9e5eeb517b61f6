/** A line of a comparison: in both texts, only in the old one, or only in the new one. Numbers count from 1. */
export type Line =
  | { kind: 'same'; text: string; old: number; new: number }
  | { kind: 'removed'; text: string; old: number }
  | { kind: 'added'; text: string; new: number };

/** More differing lines than this are shown as one block removed and one added: the shortest script of two unrelated texts helps nobody. */
const EDITS_MAX = 2000;

/** Compares two texts line by line (Myers' algorithm on what is left between the common ends). */
export function diffLines(oldText: string, newText: string): Line[] {
  const a = oldText === '' ? [] : oldText.split('\n');
  const b = newText === '' ? [] : newText.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const kinds = [
    ...Array<'same'>(head).fill('same'),
    ...script(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...Array<'same'>(tail).fill('same'),
  ];
  let i = 0;
  let j = 0;
  return kinds.map((kind): Line => {
    if (kind === 'removed') return { kind, text: a[i] ?? '', old: ++i };
    if (kind === 'added') return { kind, text: b[j] ?? '', new: ++j };
    return { kind, text: a[i] ?? '', old: ++i, new: ++j };
  });
}

function script(a: string[], b: string[]): Line['kind'][] {
  const replaced = () => [...a.map(() => 'removed' as const), ...b.map(() => 'added' as const)];
  if (a.length === 0 || b.length === 0) return replaced();
  const max = Math.min(a.length + b.length, EDITS_MAX);
  let front = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= max; d++) {
    trace.push(front);
    const next = new Map(front);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
      let x = down ? (front.get(k + 1) ?? 0) : (front.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return backtrack(trace, a.length, b.length);
    }
    front = next;
  }
  return replaced();
}

function backtrack(trace: Map<number, number>[], endX: number, endY: number): Line['kind'][] {
  const kinds: Line['kind'][] = [];
  let [x, y] = [endX, endY];
  for (let d = trace.length - 1; d >= 0; d--) {
    const front = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = front.get(fromK) ?? 0;
    const fromY = fromX - fromK;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      kinds.push('same');
      x--;
      y--;
    }
    if (d > 0) kinds.push(down ? 'added' : 'removed');
    x = fromX;
    y = fromY;
  }
  return kinds.toReversed();
}

/** A run of lines to show, or a run of equal lines folded away. */
export type Hunk = { fold: false; lines: Line[] } | { fold: true; lines: Line[] };

/** Folds equal lines that are further than `context` from a change. */
export function hunks(lines: Line[], context: number): Hunk[] {
  const near = lines.map(() => false);
  lines.forEach((line, at) => {
    if (line.kind === 'same') return;
    for (let n = Math.max(0, at - context); n <= Math.min(lines.length - 1, at + context); n++) near[n] = true;
  });
  const out: Hunk[] = [];
  lines.forEach((line, at) => {
    const fold = !near[at];
    const last = out.at(-1);
    if (last && last.fold === fold) last.lines.push(line);
    else out.push({ fold, lines: [line] });
  });
  // A fold of two lines hides nothing worth a click.
  return out.map((hunk) => (hunk.fold && hunk.lines.length <= 2 ? { fold: false, lines: hunk.lines } : hunk));
}

/** A row of the side-by-side view. */
export interface Row {
  left?: Line;
  right?: Line;
}

/** Puts removed lines beside the added ones that follow them. */
export function sideBySide(lines: Line[]): Row[] {
  const rows: Row[] = [];
  let removed: Line[] = [];
  let added: Line[] = [];
  const flush = () => {
    for (let n = 0; n < Math.max(removed.length, added.length); n++) rows.push({ left: removed[n], right: added[n] });
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.kind === 'removed') {
      if (added.length > 0) flush();
      removed.push(line);
    } else if (line.kind === 'added') added.push(line);
    else {
      flush();
      rows.push({ left: line, right: line });
    }
  }
  flush();
  return rows;
}

/** Returns where two similar lines differ: what is between their common start and end. */
export function changedPart(text: string, other: string): [start: number, end: number] {
  let start = 0;
  while (start < text.length && start < other.length && text[start] === other[start]) start++;
  let end = 0;
  while (end < text.length - start && end < other.length - start && text[text.length - 1 - end] === other[other.length - 1 - end]) end++;
  return [start, text.length - end];
}
