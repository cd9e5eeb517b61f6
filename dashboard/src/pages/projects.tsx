import { api } from '../api/client';
import { useLoaded } from '../api/use';
import { clusterName } from '../lib/source';
import { formatFilters, NO_FILTERS } from '../lib/filters';
import { Link, Notice } from '../ui/parts';

const LIST_MAX = 6;

/** Every project, with what it allows. */
export function ProjectsPage() {
  const projects = useLoaded('projects', '', api.projects);
  const counts = useLoaded('project-counts', '', () => api.applications({ limit: 1, stats: true, fields: 'metadata' }));
  if (projects.error && !projects.value) return <Notice tone="bad" title="The projects could not be read">{projects.error.message}</Notice>;
  if (!projects.value) return null;
  return (
    <div className="sheet">
      <h1>Projects</h1>
      {projects.value.length === 0 ? <Notice title="There are no projects" /> : null}
      <ul className="cards">
        {projects.value.map(({ metadata, spec = {} }) => {
          const { name } = metadata;
          const count = counts.value?.stats?.project[name] ?? 0;
          return (
            <li key={name} className="card">
              <header>
                <h2>{name}</h2>
                <Link to={`/applications${formatFilters({ ...NO_FILTERS, project: [name] })}`}>{count} {count === 1 ? 'application' : 'applications'}</Link>
              </header>
              {spec.description ? <p>{spec.description}</p> : null}
              <dl>
                <Values title="Repositories" values={spec.sourceRepos} none="none allowed" />
                <Values title="Destinations" values={spec.destinations?.map((to) => `${to.server === '*' || to.name === '*' ? '*' : clusterName(to)} / ${to.namespace ?? '*'}`)} none="none allowed" />
                <Values title="Cluster-wide kinds" values={spec.clusterResourceWhitelist?.map((kind) => (kind.group === '*' && kind.kind === '*' ? 'all' : `${kind.group || 'core'}/${kind.kind}`))} none="none allowed" />
                {spec.namespaceResourceBlacklist?.length ? <Values title="Forbidden kinds" values={spec.namespaceResourceBlacklist.map((kind) => `${kind.group || 'core'}/${kind.kind}`)} none="" /> : null}
                {spec.syncWindows?.length ? <Values title="Sync windows" values={spec.syncWindows.map((window) => `${window.kind} ${window.schedule} for ${window.duration}`)} none="" /> : null}
              </dl>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Values({ title, values = [], none }: { title: string; values?: string[]; none: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        {values.length === 0 ? <span className="muted">{none}</span> : null}
        {values.slice(0, LIST_MAX).map((value) => <code key={value}>{value}</code>)}
        {values.length > LIST_MAX ? <span className="muted">and {values.length - LIST_MAX} more</span> : null}
      </dd>
    </div>
  );
}
