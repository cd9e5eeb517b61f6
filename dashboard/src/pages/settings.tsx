import { useState, type SubmitEvent } from 'react';
import { api } from '../api/client';
import type { Repository } from '../api/types';
import { useLoaded } from '../api/use';
import { Icon } from '../ui/icons';
import { Button, Dialog, Notice } from '../ui/parts';
import { useToasts } from '../ui/toast';

/** What the engine works with: repositories and their credentials, clusters, accounts. */
export function SettingsPage({ user }: { user: string }) {
  const version = useLoaded('version', '', api.version);
  return (
    <div className="sheet">
      <h1>Settings</h1>
      <Repositories />
      <Clusters />
      <Accounts user={user} />
      <p className="muted">Fairway {version.value?.Version}</p>
    </div>
  );
}

function State({ status, message }: { status?: string; message?: string }) {
  if (!status) return <span className="muted">not asked yet</span>;
  const good = status === 'Successful';
  return <span className={`mark-text ${good ? 'tone-ok' : status === 'Failed' ? 'tone-bad' : 'tone-unknown'}`} title={message}><Icon name={good ? 'Healthy' : status === 'Failed' ? 'failed' : 'Unknown'} />{good ? 'answers' : status === 'Failed' ? 'fails' : status}</span>;
}

function Repositories() {
  const list = useLoaded('repositories', '', api.repositories);
  const [open, setOpen] = useState(false);
  return (
    <section className="settings" aria-labelledby="s-repositories">
      <header><h2 id="s-repositories">Repositories</h2><Button icon="plus" onClick={() => setOpen(true)}>Add</Button></header>
      {list.error && !list.value ? <Notice tone="bad" title="The repositories could not be read">{list.error.message}</Notice> : null}
      {list.value?.length === 0 ? <p className="muted">None has credentials of its own. Public repositories need none, and Secrets with the label argocd.argoproj.io/secret-type appear here.</p> : null}
      {list.value?.length ? (
        <div className="scroll-x"><table className="plain-table">
          <thead><tr><th scope="col">Repository</th><th scope="col">Type</th><th scope="col">Project</th><th scope="col">Connection</th><th scope="col"><span className="unseen">Actions</span></th></tr></thead>
          <tbody>{list.value.map((repo) => <RepositoryRow key={`${repo.repo} ${repo.project ?? ''}`} repo={repo} onGone={list.reload} />)}</tbody>
        </table></div>
      ) : null}
      {open ? <AddRepository onClose={() => setOpen(false)} onAdded={list.reload} /> : null}
    </section>
  );
}

function RepositoryRow({ repo, onGone }: { repo: Repository; onGone: () => void }) {
  const { say, fail } = useToasts();
  const [state, setState] = useState(repo.connectionState);
  const [busy, setBusy] = useState(false);
  const ask = () => {
    setBusy(true);
    api.repository(repo.repo).then((found) => setState(found.connectionState), fail).finally(() => setBusy(false));
  };
  const remove = () => api.removeRepository(repo.repo).then(() => { say('The repository is forgotten'); onGone(); }, fail);
  return (
    <tr>
      <td><b>{repo.name}</b> <code>{repo.repo}</code></td>
      <td>{repo.type}</td>
      <td>{repo.project}</td>
      <td><State {...state} />{state?.status === 'Failed' ? <small className="muted block">{state.message}</small> : null}</td>
      <td className="nowrap"><Button look="quiet" busy={busy} icon="refresh" onClick={ask}>Check</Button><Button look="quiet" icon="trash" onClick={remove} aria-label={`Forget ${repo.repo}`}>Forget</Button></td>
    </tr>
  );
}

function AddRepository({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [kind, setKind] = useState('git');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const { say } = useToasts();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = Object.fromEntries([...new FormData(event.currentTarget)].filter(([, value]) => value !== ''));
    const { insecure, enableOCI, ...texts } = form;
    setBusy(true);
    api.addRepository({ ...texts, insecure: insecure !== undefined, enableOCI: enableOCI !== undefined }).then(() => {
      say('The repository is added');
      onAdded();
      onClose();
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <Dialog title="Add a repository" onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <label className="field">Address<input name="repo" data-first required placeholder="https://git.example.com/team/config.git" autoComplete="off" spellCheck={false} /></label>
        <label className="field">Type<select name="type" value={kind} onChange={(event) => setKind(event.target.value)}><option value="git">Git</option><option value="helm">Helm</option></select></label>
        {kind === 'helm' ? <><label className="field">Name<input name="name" autoComplete="off" /></label><label className="check"><input type="checkbox" name="enableOCI" />OCI registry</label></> : null}
        <label className="field">User name<input name="username" autoComplete="off" /></label>
        <label className="field">Password or token<input name="password" type="password" autoComplete="new-password" /></label>
        {kind === 'git' ? <label className="field">SSH private key<textarea name="sshPrivateKey" rows={3} autoComplete="off" spellCheck={false} /></label> : null}
        <label className="field">Project <small className="muted">for one project alone</small><input name="project" autoComplete="off" /></label>
        <label className="check"><input type="checkbox" name="insecure" />Trust any certificate</label>
        {error ? <p className="refused" role="alert">{error}</p> : null}
        <footer><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={busy}>Add</Button></footer>
      </form>
    </Dialog>
  );
}

function Clusters() {
  const list = useLoaded('clusters', '', api.clusters);
  if (list.error && !list.value) return <Notice tone="bad" title="The clusters could not be read">{list.error.message}</Notice>;
  return (
    <section className="settings" aria-labelledby="s-clusters">
      <header><h2 id="s-clusters">Clusters</h2></header>
      <div className="scroll-x"><table className="plain-table">
        <thead><tr><th scope="col">Cluster</th><th scope="col">Version</th><th scope="col">Applications</th><th scope="col">Objects</th><th scope="col">Connection</th></tr></thead>
        <tbody>
          {(list.value ?? []).map((cluster) => (
            <tr key={cluster.server}>
              <td><b>{cluster.name}</b> <code>{cluster.server}</code></td>
              <td>{cluster.serverVersion}</td>
              <td>{cluster.info?.applicationsCount}</td>
              <td>{cluster.info?.cacheInfo?.resourcesCount}</td>
              <td><State {...cluster.connectionState} /></td>
            </tr>
          ))}
        </tbody>
      </table></div>
    </section>
  );
}

function Accounts({ user }: { user: string }) {
  const list = useLoaded('accounts', '', api.accounts);
  const [changing, setChanging] = useState('');
  if (list.error && !list.value) return <Notice tone="bad" title="The accounts could not be read">{list.error.message}</Notice>;
  return (
    <section className="settings" aria-labelledby="s-accounts">
      <header><h2 id="s-accounts">Accounts</h2></header>
      <div className="scroll-x"><table className="plain-table">
        <thead><tr><th scope="col">Account</th><th scope="col">May</th><th scope="col">Tokens</th><th scope="col"><span className="unseen">Actions</span></th></tr></thead>
        <tbody>
          {(list.value ?? []).map((account) => (
            <tr key={account.name}>
              <td><b>{account.name}</b>{account.name === user ? <span className="muted"> (you)</span> : null}{account.enabled === false ? <span className="tag tone-pause">disabled</span> : null}</td>
              <td>{account.capabilities?.join(', ') || 'nothing'}</td>
              <td>{account.tokens?.length ? account.tokens.map((token) => <code key={token.id}>{token.id}</code>) : <span className="muted">none</span>}</td>
              <td className="nowrap">{account.capabilities?.includes('login') ? <Button look="quiet" onClick={() => setChanging(account.name)}>Change password…</Button> : null}</td>
            </tr>
          ))}
        </tbody>
      </table></div>
      {changing ? <ChangePassword name={changing} user={user} onClose={() => setChanging('')} /> : null}
    </section>
  );
}

function ChangePassword({ name, user, onClose }: { name: string; user: string; onClose: () => void }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const { say } = useToasts();
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (key: string) => String(form.get(key) ?? '');
    if (text('new') !== text('again')) {
      setError('The two new passwords differ.');
      return;
    }
    setBusy(true);
    api.changePassword(name, text('current'), text('new')).then(() => {
      say('The password is changed; its sessions have ended');
      onClose();
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <Dialog title={`Change the password of ${name}`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <label className="field">Your own password ({user})<input name="current" type="password" data-first required autoComplete="current-password" /></label>
        <label className="field">New password<input name="new" type="password" required minLength={8} autoComplete="new-password" /></label>
        <label className="field">New password again<input name="again" type="password" required autoComplete="new-password" /></label>
        {error ? <p className="refused" role="alert">{error}</p> : null}
        <footer><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={busy}>Change</Button></footer>
      </form>
    </Dialog>
  );
}
