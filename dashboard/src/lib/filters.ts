/** What the list of applications shows; kept in the page's address, so that a view can be shared. */
export interface Filters {
  search: string;
  sort: string;
  health: string[];
  sync: string[];
  project: string[];
  namespace: string[];
  cluster: string[];
  label: string[];
}

/** The filters that are sets of values. */
export const FACETS = ['health', 'sync', 'project', 'namespace', 'cluster', 'label'] as const;
export type FacetName = (typeof FACETS)[number];

export const NO_FILTERS: Filters = { search: '', sort: 'name', health: [], sync: [], project: [], namespace: [], cluster: [], label: [] };

/** Reads filters from a query string. */
export function parseFilters(query: string): Filters {
  const params = new URLSearchParams(query);
  const filters = { ...NO_FILTERS, search: params.get('search') ?? '', sort: params.get('sort') ?? 'name' };
  for (const facet of FACETS) filters[facet] = params.getAll(facet);
  return filters;
}

/** Writes filters as a query string, without what is default. */
export function formatFilters(filters: Filters): string {
  const params = new URLSearchParams();
  if (filters.search) params.set('search', filters.search);
  if (filters.sort !== 'name') params.set('sort', filters.sort);
  for (const facet of FACETS) for (const value of filters[facet]) params.append(facet, value);
  const text = params.toString();
  return text && `?${text}`;
}

/** Adds a value to a facet, or takes it away. */
export function toggle(filters: Filters, facet: FacetName, value: string): Filters {
  const has = filters[facet].includes(value);
  return { ...filters, [facet]: has ? filters[facet].filter((v) => v !== value) : [...filters[facet], value] };
}

/** How many choices narrow the list. */
export function countFilters(filters: Filters): number {
  return FACETS.reduce((n, facet) => n + filters[facet].length, filters.search ? 1 : 0);
}
