import { useState, type SubmitEvent } from 'react';
import { api, type AppKey } from '../../api/client';
import type { Application, ResourceId, Retry } from '../../api/types';
import { isAutomated, revisionOf, sources } from '../../lib/source';
import { nodeId } from '../../lib/tree';
import { navigate } from '../../navigate';
import { Button, Dialog, SyncMark } from '../../ui/parts';
import { useToasts } from '../../ui/toast';

interface Base {
  appKey: AppKey;
  onClose: () => void;
}

/** The sync options that a dialog offers; a sync without any has those of the Application. */
const OPTIONS = [
  { option: 'Replace=true', name: 'Replace', hint: 'Replaces objects instead of applying them; what others have set is lost' },
  { option: 'ServerSideApply=true', name: 'Server-side apply', hint: 'Applies on the server’s side' },
  { option: 'ApplyOutOfSyncOnly=true', name: 'Apply out of sync only', hint: 'Leaves objects alone that are as Git says' },
  { option: 'CreateNamespace=true', name: 'Create namespace', hint: 'Creates the destination’s namespace where it is missing' },
  { option: 'PruneLast=true', name: 'Prune last', hint: 'Deletes after everything else is there and well' },
  { option: 'RespectIgnoreDifferences=true', name: 'Respect ignored differences', hint: 'Keeps live values of fields that are ignored in comparisons' },
  { option: 'Validate=false', name: 'Skip validation', hint: 'Applies without checking fields against the schema' },
  { option: 'FailOnSharedResource=true', name: 'Fail on shared objects', hint: 'Stops where another Application has an object already' },
];

function syncOptions(form: FormData): { syncOptions?: { items: string[] } } {
  const propagation = String(form.get('propagation') ?? 'foreground');
  const items = OPTIONS.map(({ option }) => option).filter((option) => form.has(`option:${option}`));
  if (propagation !== 'foreground') items.push(`PrunePropagationPolicy=${propagation}`);
  return items.length > 0 ? { syncOptions: { items } } : {};
}

function retryOf(form: FormData): Retry {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  return { limit: Number(text('limit')), backoff: { duration: text('duration'), factor: Number(text('factor')), maxDuration: text('maxDuration') } };
}

/** Shows why an action was refused, where the action is. */
function Refused({ error }: { error: string }) {
  return error ? <p className="refused" role="alert">{error}</p> : null;
}

/** Asks what a sync is to do. */
export function SyncDialog({ appKey, app, only, onClose, onStarted }: Base & { app: Application; only?: ResourceId[]; onStarted: (app: Application) => void }) {
  const resources = (app.status?.resources ?? []).filter((resource) => !resource.hook);
  const [selective, setSelective] = useState(only !== undefined);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set((only ?? resources.filter((r) => r.status === 'OutOfSync')).map(nodeId)));
  const policy = app.spec.syncPolicy?.retry;
  const options = app.spec.syncPolicy?.syncOptions ?? [];
  const [retry, setRetry] = useState(policy !== undefined);
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const { say } = useToasts();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const dryRun = form.has('dryRun');
    const force = form.has('force');
    const revision = String(form.get('revision') ?? '').trim();
    const some = selective ? resources.filter((r) => chosen.has(nodeId(r))).map(({ group, kind, name, namespace }) => ({ group, kind, name, namespace })) : null;
    setBusy(true);
    api.sync(appKey, {
      ...(revision ? { revision } : {}),
      prune: form.has('prune'), dryRun, resources: some,
      strategy: form.has('applyOnly') ? { apply: { force } } : { hook: { force } },
      ...syncOptions(form),
      ...(form.has('retry') ? { retryStrategy: retryOf(form) } : {}),
    }).then((started) => {
      onStarted(started);
      say(dryRun ? 'The dry run has started' : 'The sync has started');
      onClose();
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  const flip = (id: string) => setChosen((old) => {
    const next = new Set(old);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  return (
    <Dialog title={`Sync ${appKey.name}`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <label className="field">Revision<input name="revision" placeholder={sources(app)[0]?.targetRevision || 'HEAD'} autoComplete="off" spellCheck={false} /></label>
        <div className="checks">
          <label className="check"><input type="checkbox" name="prune" defaultChecked={app.spec.syncPolicy?.automated?.prune ?? false} />Prune <small>delete what is no longer in Git</small></label>
          <label className="check"><input type="checkbox" name="dryRun" />Dry run <small>change nothing, say what would happen</small></label>
          <label className="check"><input type="checkbox" name="applyOnly" />Apply only <small>without hooks</small></label>
          <label className="check"><input type="checkbox" name="force" />Force <small>delete and create what cannot be changed</small></label>
          <label className="check"><input type="checkbox" checked={selective} onChange={(event) => setSelective(event.target.checked)} />Only some objects <small>hooks do not run, no history entry</small></label>
        </div>
        <details className="more-options" open={options.length > 0 || undefined}>
          <summary>Options and retry</summary>
          <div className="checks two">
            {OPTIONS.map(({ option, name, hint }) => <label key={option} className="check" title={hint}><input type="checkbox" name={`option:${option}`} defaultChecked={options.includes(option)} />{name}</label>)}
          </div>
          <label className="field inline-field">Delete pruned objects<select name="propagation" defaultValue={options.find((o) => o.startsWith('PrunePropagationPolicy='))?.split('=')[1] ?? 'foreground'}><option value="foreground">foreground: what they own first</option><option value="background">background: what they own later</option><option value="orphan">orphan: what they own stays</option></select></label>
          <label className="check"><input type="checkbox" name="retry" checked={retry} onChange={(event) => setRetry(event.target.checked)} />Try again where it fails</label>
          {retry ? (
            <div className="retry">
              <label className="field">Times<input name="limit" type="number" min="1" max="100" defaultValue={policy?.limit ?? 5} required /></label>
              <label className="field">First wait<input name="duration" defaultValue={policy?.backoff?.duration ?? '5s'} pattern="([0-9.]+(ms|s|m|h))+" required /></label>
              <label className="field">Factor<input name="factor" type="number" min="1" max="10" defaultValue={policy?.backoff?.factor ?? 2} required /></label>
              <label className="field">Longest wait<input name="maxDuration" defaultValue={policy?.backoff?.maxDuration ?? '3m'} pattern="([0-9.]+(ms|s|m|h))+" required /></label>
            </div>
          ) : null}
        </details>
        {selective ? (
          <fieldset className="pick">
            <legend>{chosen.size} of {resources.length} objects</legend>
            <div className="pick-bar">
              <Button look="quiet" onClick={() => setChosen(new Set(resources.map(nodeId)))}>All</Button>
              <Button look="quiet" onClick={() => setChosen(new Set(resources.filter((r) => r.status === 'OutOfSync').map(nodeId)))}>Out of sync</Button>
              <Button look="quiet" onClick={() => setChosen(new Set())}>None</Button>
            </div>
            <div className="pick-list">
              {resources.map((resource) => {
                const id = nodeId(resource);
                return <label key={id} className="check"><input type="checkbox" checked={chosen.has(id)} onChange={() => flip(id)} /><span><small>{resource.kind}</small> {resource.name}</span><span className="grow" /><SyncMark sync={resource.status} word={false} /></label>;
              })}
            </div>
          </fieldset>
        ) : null}
        <Refused error={error} />
        <footer><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" icon="sync" data-first busy={busy} disabled={selective && chosen.size === 0}>Sync</Button></footer>
      </form>
    </Dialog>
  );
}

/** Asks before going back to an entry of the history. */
export function RollbackDialog({ appKey, app, id, onClose, onStarted }: Base & { app: Application; id: number; onStarted: (app: Application) => void }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const [prune, setPrune] = useState(false);
  const { say } = useToasts();
  const entry = app.status?.history?.find((known) => known.id === id);
  const go = () => {
    setBusy(true);
    api.rollback(appKey, id, prune).then((started) => {
      onStarted(started);
      say('The rollback has started');
      onClose();
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <Dialog title={`Roll ${appKey.name} back`} onClose={onClose}>
      <div className="dialog-form">
        <p>The objects of revision <code>{revisionOf(entry)}</code> (#{id}) are applied again. Git stays as it is, so the application is out of sync until Git says the same.</p>
        {isAutomated(app) ? <p className="warning-text">Automatic sync is on and would undo this. Argo CD’s rule holds: turn it off first, or revert the commit.</p> : null}
        <label className="check"><input type="checkbox" checked={prune} onChange={(event) => setPrune(event.target.checked)} />Prune <small>delete what that revision does not have</small></label>
        <Refused error={error} />
        <footer><Button onClick={onClose}>Cancel</Button><Button look="primary" icon="back" data-first busy={busy} onClick={go}>Roll back</Button></footer>
      </div>
    </Dialog>
  );
}

const CASCADES = [
  { value: 'foreground', name: 'Delete its objects, then it', hint: 'waits until they are gone' },
  { value: 'background', name: 'Delete it and its objects', hint: 'without waiting' },
  { value: 'orphan', name: 'Delete only the Application', hint: 'its objects stay in the cluster' },
];

/** Asks for the name before deleting. */
export function DeleteDialog({ appKey, onClose }: Base) {
  const [typed, setTyped] = useState('');
  const [cascade, setCascade] = useState('foreground');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const { say } = useToasts();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    api.remove(appKey, cascade !== 'orphan', cascade === 'orphan' ? undefined : cascade).then(() => {
      say(`${appKey.name} is being deleted`);
      navigate('/applications');
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <Dialog title={`Delete ${appKey.name}`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <fieldset className="radios">
          <legend className="unseen">What happens to its objects</legend>
          {CASCADES.map(({ value, name, hint }) => <label key={value} className="check"><input type="radio" name="cascade" value={value} checked={cascade === value} onChange={() => setCascade(value)} />{name} <small>{hint}</small></label>)}
        </fieldset>
        <label className="field">Type <b>{appKey.name}</b> to confirm<input data-first value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" spellCheck={false} /></label>
        <Refused error={error} />
        <footer><Button onClick={onClose}>Cancel</Button><Button type="submit" look="danger" icon="trash" busy={busy} disabled={typed !== appKey.name}>Delete</Button></footer>
      </form>
    </Dialog>
  );
}
