// The parts of Argo CD's objects that the dashboard reads. Whatever is optional there is optional here.

export type HealthStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';
export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown';

export interface Health {
  status?: HealthStatus;
  message?: string;
}

export interface ResourceId {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface Source {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
  ref?: string;
  helm?: {
    releaseName?: string;
    valueFiles?: string[];
    values?: string;
    valuesObject?: unknown;
    parameters?: { name: string; value?: string }[];
    fileParameters?: { name: string; path?: string }[];
  };
  kustomize?: {
    images?: string[];
    namePrefix?: string;
    nameSuffix?: string;
    replicas?: { name: string; count: number | string }[];
    components?: string[];
    commonLabels?: Record<string, string>;
  };
  directory?: { recurse?: boolean; include?: string; exclude?: string };
}

export interface Retry {
  limit?: number;
  backoff?: { duration?: string; factor?: number; maxDuration?: string };
}

export interface ResourceStatus extends ResourceId {
  status?: SyncStatus;
  health?: Health;
  hook?: boolean;
  requiresPruning?: boolean;
  syncWave?: number;
}

export interface ResourceResult extends ResourceId {
  status?: string;
  message?: string;
  hookType?: string;
  hookPhase?: string;
  syncPhase?: string;
}

export interface InitiatedBy {
  username?: string;
  automated?: boolean;
}

export interface OperationState {
  phase?: 'Running' | 'Terminating' | 'Succeeded' | 'Failed' | 'Error';
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  retryCount?: number;
  operation?: { initiatedBy?: InitiatedBy; sync?: { revision?: string; dryRun?: boolean; prune?: boolean } };
  syncResult?: { revision?: string; resources?: ResourceResult[] };
}

export interface HistoryEntry {
  id: number;
  revision?: string;
  revisions?: string[];
  source?: Source;
  sources?: Source[];
  deployedAt?: string;
  deployStartedAt?: string;
  initiatedBy?: InitiatedBy;
}

export interface Condition {
  type: string;
  message: string;
  lastTransitionTime?: string;
}

export interface Application {
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    ownerReferences?: { kind: string; name: string }[];
  };
  spec: {
    project?: string;
    source?: Source;
    sources?: Source[];
    destination?: { server?: string; name?: string; namespace?: string };
    syncPolicy?: { automated?: { prune?: boolean; selfHeal?: boolean; enabled?: boolean } | null; syncOptions?: string[]; retry?: Retry };
    ignoreDifferences?: { group?: string; kind: string; name?: string; jsonPointers?: string[]; jqPathExpressions?: string[]; managedFieldsManagers?: string[] }[];
    info?: { name: string; value: string }[];
  };
  operation?: unknown;
  status?: {
    sync?: { status?: SyncStatus; revision?: string; revisions?: string[] };
    health?: Health;
    resources?: ResourceStatus[];
    operationState?: OperationState;
    history?: HistoryEntry[];
    conditions?: Condition[];
    summary?: { images?: string[]; externalURLs?: string[] };
    reconciledAt?: string;
    sourceType?: string;
    sourceTypes?: string[];
  };
}

export interface ListMeta {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export type Counts = Record<string, number>;

export interface Stats {
  total: number;
  sync: Counts;
  health: Counts;
  project: Counts;
  namespace: Counts;
  cluster: Counts;
  label: Counts;
}

export interface ApplicationList {
  metadata: ListMeta;
  items: Application[] | null;
  stats?: Stats;
}

export interface ApplicationEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  application: Application;
}

export interface TreeNode extends ResourceId {
  uid?: string;
  parentRefs?: (ResourceId & { uid?: string })[];
  health?: Health;
  info?: { name: string; value: string }[];
  images?: string[];
  createdAt?: string;
}

export interface ApplicationTree {
  nodes?: TreeNode[] | null;
  orphanedNodes?: TreeNode[] | null;
}

export interface ManagedResource extends ResourceId {
  targetState?: string;
  liveState?: string;
  normalizedLiveState?: string;
  predictedLiveState?: string;
  modified?: boolean;
  hook?: boolean;
}

export interface PlanItem extends ResourceId {
  phase?: string;
  wave?: number;
  action: string;
  reason: string;
  hook?: boolean;
}

export interface Plan {
  items?: PlanItem[] | null;
  /** What the engine will not do before a person approves, and why. */
  refusals?: string[] | null;
}

export interface KubeEvent {
  metadata?: { name?: string; uid?: string };
  involvedObject?: { kind?: string; name?: string };
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  firstTimestamp?: string;
  lastTimestamp?: string;
  eventTime?: string;
}

export interface RevisionMetadata {
  author?: string;
  date?: string;
  message?: string;
  tags?: string[] | null;
}

export interface Project {
  metadata: { name: string; namespace?: string };
  spec?: {
    description?: string;
    sourceRepos?: string[];
    destinations?: { server?: string; name?: string; namespace?: string }[];
    clusterResourceWhitelist?: { group: string; kind: string }[];
    namespaceResourceBlacklist?: { group: string; kind: string }[];
    syncWindows?: { kind?: string; schedule?: string; duration?: string }[];
  };
}

export interface ApplicationSet {
  metadata: { name: string; namespace?: string };
  spec?: {
    generators?: Record<string, unknown>[];
    template?: { spec?: { project?: string } };
    syncPolicy?: { applicationsSync?: string; preserveResourcesOnDeletion?: boolean };
  };
  status?: {
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    resources?: (ResourceId & { status?: SyncStatus; health?: Health })[];
    applicationStatus?: { application: string }[];
  };
}

export interface ConnectionState {
  status?: string;
  message?: string;
}

export interface Repository {
  repo: string;
  type?: string;
  name?: string;
  project?: string;
  username?: string;
  connectionState?: ConnectionState;
}

export interface Cluster {
  server: string;
  name?: string;
  project?: string;
  serverVersion?: string;
  connectionState?: ConnectionState;
  info?: { applicationsCount?: number; cacheInfo?: { resourcesCount?: number } };
}

export interface Account {
  name: string;
  enabled?: boolean;
  capabilities?: string[] | null;
  tokens?: { id: string; issuedAt?: string; expiresAt?: string }[] | null;
}
