import { api } from '../api/client';
import type { ApplicationSet } from '../api/types';
import { useLoaded } from '../api/use';
import { appPath } from '../lib/route';
import { HealthMark, Link, Notice, PhaseMark, SyncMark } from '../ui/parts';

/** Every ApplicationSet: what it makes applications from, and how that went. */
export function SetsPage() {
  const sets = useLoaded('sets', '', api.applicationSets);
  if (sets.error && !sets.value) return <Notice tone="bad" title="The application sets could not be read">{sets.error.message}</Notice>;
  if (!sets.value) return null;
  return (
    <div className="sheet">
      <h1>ApplicationSets</h1>
      {sets.value.length === 0 ? <Notice title="There are no application sets">One makes an application for each repository, directory or cluster that it finds.</Notice> : null}
      <ul className="cards">
        {sets.value.map((set) => <SetCard key={`${set.metadata.namespace}/${set.metadata.name}`} set={set} />)}
      </ul>
    </div>
  );
}

function SetCard({ set }: { set: ApplicationSet }) {
  const conditions = set.status?.conditions ?? [];
  const error = conditions.find((condition) => condition.type === 'ErrorOccurred' && condition.status === 'True');
  const applications = set.status?.resources ?? [];
  const policy = set.spec?.syncPolicy?.applicationsSync ?? 'sync';
  return (
    <li className="card">
      <header>
        <h2>{set.metadata.name}</h2>
        {error ? <PhaseMark phase="Error" text="Error" /> : <PhaseMark phase="Succeeded" text="Up to date" />}
      </header>
      {error ? <p className="tone-bad">{error.message}</p> : null}
      <dl>
        <div>
          <dt>Generators</dt>
          <dd>{(set.spec?.generators ?? []).map((generator, at) => <code key={`${at}`}>{describe(generator)}</code>)}</dd>
        </div>
        <div>
          <dt>Project</dt>
          <dd><code>{set.spec?.template?.spec?.project ?? 'default'}</code></dd>
        </div>
        <div>
          <dt>Policy</dt>
          <dd><code>{policy}</code></dd>
        </div>
      </dl>
      <details>
        <summary>{applications.length} {applications.length === 1 ? 'application' : 'applications'}</summary>
        <ul className="plain">
          {applications.map((app) => (
            <li key={app.name}>
              <Link to={appPath(app.namespace ?? set.metadata.namespace ?? 'argocd', app.name)}>{app.name}</Link>
              {app.health ? <HealthMark health={app.health.status} word={false} /> : null}
              {app.status ? <SyncMark sync={app.status} word={false} /> : null}
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

/** Names a generator and what it looks at, as far as one line can. */
function describe(generator: Record<string, unknown>): string {
  const [kind = 'none', content] = Object.entries(generator).find(([key]) => key !== 'selector') ?? [];
  const object = (content ?? {}) as Record<string, unknown>;
  const host = ['github', 'gitlab', 'gitea', 'bitbucket', 'bitbucketServer', 'azureDevOps'].find((name) => name in object);
  if (kind === 'scmProvider' && host) {
    const forge = object[host] as Record<string, string>;
    return `${host}: ${forge.organization ?? forge.group ?? forge.owner ?? ''}`;
  }
  if (kind === 'git') return `git: ${((object.directories ?? object.files) as { path: string }[] | undefined)?.map((d) => d.path).join(', ') ?? ''}`;
  if (kind === 'list') return `list: ${(object.elements as unknown[] | undefined)?.length ?? 0} elements`;
  return kind;
}
