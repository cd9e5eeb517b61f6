/** Short names of kinds, as kubectl writes them: what a card has room for. */
const SHORT: Record<string, string> = {
  Application: 'app', ApplicationSet: 'appset', AppProject: 'proj', Certificate: 'cert', ClusterRole: 'c-role', ClusterRoleBinding: 'crb', ConfigMap: 'cm',
  ControllerRevision: 'rev', CronJob: 'cronjob', CustomResourceDefinition: 'crd', DaemonSet: 'ds', Deployment: 'deploy', EndpointSlice: 'eps', Endpoints: 'ep',
  HorizontalPodAutoscaler: 'hpa', Ingress: 'ing', IngressRoute: 'ingr', Job: 'job', LimitRange: 'limits', Namespace: 'ns', NetworkPolicy: 'netpol',
  PersistentVolume: 'pv', PersistentVolumeClaim: 'pvc', Pod: 'pod', PodDisruptionBudget: 'pdb', ReplicaSet: 'rs', ResourceQuota: 'quota', Role: 'role',
  RoleBinding: 'rb', Rollout: 'rollout', Secret: 'secret', Service: 'svc', ServiceAccount: 'sa', ServiceMonitor: 'smon', StatefulSet: 'sts', StorageClass: 'sc',
};

/** What a kind is for; each family has its own colour in the tree. */
export type Family = 'workload' | 'network' | 'config' | 'access' | 'argo' | 'other';

const FAMILIES: [Family, string[]][] = [
  ['workload', ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod', 'Job', 'CronJob', 'Rollout', 'ControllerRevision', 'HorizontalPodAutoscaler', 'PodDisruptionBudget']],
  ['network', ['Service', 'Ingress', 'IngressRoute', 'Endpoints', 'EndpointSlice', 'NetworkPolicy', 'Gateway', 'HTTPRoute', 'Certificate']],
  ['config', ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'ResourceQuota', 'LimitRange', 'Namespace', 'CustomResourceDefinition']],
  ['access', ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']],
  ['argo', ['Application', 'ApplicationSet', 'AppProject']],
];

/** Returns the short name of a kind; one without is cut to its capitals or its first letters. */
export function shortKind(kind: string): string {
  const known = SHORT[kind];
  if (known) return known;
  const capitals = kind.replaceAll(/[^A-Z]/g, '');
  return (capitals.length > 1 ? capitals : kind.slice(0, 5)).toLowerCase();
}

/** Returns the family of a kind. */
export function familyOf(kind: string): Family {
  return FAMILIES.find(([, kinds]) => kinds.includes(kind))?.[0] ?? 'other';
}

/** Kinds that have Pods, so that there are logs to read. */
export function hasLogs(kind: string): boolean {
  return ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Rollout'].includes(kind);
}
