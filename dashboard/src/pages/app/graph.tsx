import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { familyOf, shortKind } from '../../lib/kinds';
import { layout, type Branch, type Placed } from '../../lib/tree';
import { healthTone } from '../../lib/status';
import { Icon } from '../../ui/icons';
import { Ago } from '../../ui/parts';

/** What both looks of the tree are given. */
export interface TreeViewProps {
  forest: Branch[];
  closed: ReadonlySet<string>;
  selected: string | undefined;
  onFlip: (id: string) => void;
  onChoose: (branch: Branch) => void;
}

const CARD = { width: 248, height: 50 };
const STEP = { x: CARD.width + 56, y: CARD.height + 10 };
const PAD = 16;

/** A name too long for its card is cut before its last letters: they are what tells Pods apart. */
export const TAIL = 6;

const left = (card: Placed) => PAD + card.x * STEP.x;
const top = (card: Placed) => PAD + card.y * STEP.y;

/** The tree as cards from left to right with lines between owners and owned. Only what is on the screen is in the page. */
export function Graph({ forest, closed, selected, onFlip, onChoose }: TreeViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 1200, width: 1000 });
  const wide = Math.floor((view.width - PAD * 2 + STEP.x - CARD.width) / STEP.x);
  const { placed, rows, columns } = useMemo(() => layout(forest, closed, wide), [forest, closed, wide]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);

  const [from, to] = [view.top - 300, view.top + view.height + 300];
  const near = (card: Placed) => top(card) + CARD.height > from && top(card) < to;
  const size = { width: PAD * 2 + columns * STEP.x - (STEP.x - CARD.width), height: PAD * 2 + rows * STEP.y };
  const edges = placed.filter((card) => {
    if (!card.parent) return false;
    const [a, b] = [Math.min(top(card), top(card.parent)), Math.max(top(card), top(card.parent)) + CARD.height];
    return b > from && a < to;
  });
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div className="graph" ref={box} tabIndex={0} role="group" aria-label="Resources as a graph">
      <div style={{ ...size, position: 'relative' }}>
        <svg width={size.width} height={size.height} aria-hidden="true">
          {edges.map((card) => <path key={card.branch.id} d={edge(card)} className={`edge-line tone-${healthTone(card.branch.worst ?? 'Healthy')}`} />)}
        </svg>
        {placed.filter(near).map((card) => (
          <Card key={card.branch.id} card={card} selected={card.branch.id === selected} onFlip={onFlip} onChoose={onChoose} />
        ))}
      </div>
    </div>
  );
}

function edge(card: Placed): string {
  const { parent } = card;
  if (!parent) return '';
  const [x1, y1] = [left(parent) + CARD.width, top(parent) + CARD.height / 2];
  const [x2, y2] = [left(card), top(card) + CARD.height / 2];
  const middle = (x1 + x2) / 2;
  const bend = Math.min(8, Math.abs(y2 - y1) / 2);
  const turn = y2 > y1 ? bend : -bend;
  return y1 === y2 ? `M${x1} ${y1}H${x2}` : `M${x1} ${y1}H${middle - bend}q${bend} 0 ${bend} ${turn}V${y2 - turn}q0 ${turn} ${bend} ${turn}H${x2}`;
}

function Card({ card, selected, onFlip, onChoose }: { card: Placed; selected: boolean; onFlip: (id: string) => void; onChoose: (branch: Branch) => void }) {
  const { branch, open } = card;
  const { node } = branch;
  const detail = node.info?.find((item) => item.name === 'Containers' || item.name === 'Revision')?.value;
  const health = node.health?.status;
  return (
    <div className={`node ${selected ? 'selected' : ''} ${branch.group ? 'group' : ''}`} style={{ left: left(card), top: top(card), width: CARD.width, height: CARD.height }}>
      <button type="button" className="node-main" onClick={() => onChoose(branch)} aria-pressed={branch.group ? undefined : selected}
        aria-label={branch.group ? `Show ${node.name}` : `${node.kind} ${node.name}${health ? `, ${health}` : ''}${branch.sync ? `, ${branch.sync}` : ''}`}>
        <span className={`kind-badge family-${familyOf(node.kind)}`} title={[node.group, node.kind].filter(Boolean).join('/')} aria-hidden="true">{shortKind(node.kind)}</span>
        <span className="node-text">
          <b title={node.name}><span>{node.name.slice(0, -TAIL)}</span><span>{node.name.slice(-TAIL)}</span></b>
          <small>
            {branch.group ? 'show them' : <>
              <Icon name={health ?? (branch.sync === 'OutOfSync' ? 'OutOfSync' : 'Synced')} tone={health ? healthTone(health) : branch.sync === 'OutOfSync' ? 'warn' : 'unknown'} size={13} />
              {health && branch.sync === 'OutOfSync' ? <Icon name="OutOfSync" tone="warn" size={13} /> : null}
              <span>{node.kind}{detail ? ` · ${detail.replace('Rev:', 'rev ')}` : ''}</span>
              <span className="grow" />
              <Ago time={node.createdAt} />
            </>}
          </small>
        </span>
      </button>
      {branch.children.length > 0 ? (
        <button type="button" className="node-flip" onClick={() => onFlip(branch.id)} aria-expanded={open} aria-label={`${open ? 'Collapse' : 'Expand'} ${node.name}`}>{open ? '–' : `+${branch.below}`}</button>
      ) : null}
    </div>
  );
}
