import type { Application } from '../api/types';

/**
 * Of two states of one application, the later one. An answer can be overtaken by the stream: a sync that ends at once is
 * reported before the request that started it has its answer. Versions of Kubernetes objects grow with time.
 */
export function newer(known: Application | undefined, told: Application): Application {
  const isOlder = Number(told.metadata.resourceVersion) < Number(known?.metadata.resourceVersion);
  return known && isOlder ? known : told;
}
