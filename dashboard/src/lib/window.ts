/** Returns which rows of a long list are on the screen, with some to spare above and below. */
export function visibleRows(scroll: number, height: number, rowHeight: number, count: number, spare = 6): [first: number, end: number] {
  const first = Math.max(0, Math.floor(scroll / rowHeight) - spare);
  const end = Math.min(count, Math.ceil((scroll + height) / rowHeight) + spare);
  return [Math.min(first, end), end];
}

/** Returns the pages of a list that hold the items from `first` up to `end`. */
export function pagesOf(first: number, end: number, size: number): number[] {
  const pages: number[] = [];
  for (let page = Math.floor(first / size); page * size < end; page++) pages.push(page);
  return pages;
}
