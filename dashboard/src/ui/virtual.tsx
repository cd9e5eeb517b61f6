import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState, type ReactNode, type Ref } from 'react';
import { visibleRows } from '../lib/window';

/** Lets the owner of a list scroll it. */
export interface VirtualHandle {
  reveal: (index: number) => void;
  focus: () => void;
}

interface Props {
  count: number;
  /** Height of a row, pixels. */
  rowHeight: number;
  /** How many items a row holds, by the width there is. */
  columns?: (width: number) => number;
  className?: string;
  label: string;
  render: (index: number) => ReactNode;
  /** Tells which items are on the screen. */
  onRange?: (first: number, end: number) => void;
  handle?: Ref<VirtualHandle>;
}

/** A list of any length that keeps only what is on the screen in the page. */
export function VirtualList({ count, rowHeight, columns, className, label, render, onRange, handle }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ scroll: 0, height: 800, width: 1000 });
  const perRow = columns ? Math.max(1, columns(view.width)) : 1;
  const rows = Math.ceil(count / perRow);
  const [firstRow, endRow] = visibleRows(view.scroll, view.height, rowHeight, rows);
  const [first, end] = [firstRow * perRow, Math.min(count, endRow * perRow)];

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = () => setView({ scroll: element.scrollTop, height: element.clientHeight, width: element.clientWidth });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);

  useEffect(() => onRange?.(first, end), [onRange, first, end]);

  useImperativeHandle(handle, () => ({
    reveal(index: number) {
      const element = box.current;
      if (!element) return;
      const top = Math.floor(index / perRow) * rowHeight;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top + rowHeight - element.clientHeight;
    },
    focus: () => box.current?.focus(),
  }), [perRow, rowHeight]);

  const visible: ReactNode[] = [];
  for (let index = first; index < end; index++) visible.push(render(index));
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <div ref={box} className={`virtual ${className ?? ''}`} role="list" aria-label={label} tabIndex={0}>
      <div style={{ height: rows * rowHeight, position: 'relative' }}>
        <div className="virtual-window" style={{ transform: `translateY(${firstRow * rowHeight}px)`, gridTemplateColumns: `repeat(${perRow}, minmax(0, 1fr))`, gridAutoRows: rowHeight }}>
          {visible}
        </div>
      </div>
    </div>
  );
}
