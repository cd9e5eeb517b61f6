import { useState, type SubmitEvent } from 'react';
import { api, type AppKey } from '../../api/client';
import type { Filters } from '../../lib/filters';
import { Button, Dialog, Menu, MenuItem } from '../../ui/parts';
import { useToasts } from '../../ui/toast';

/** Applications that one order reaches at most. */
const APPS_MAX = 500;
const AT_A_TIME = 6;

/** Orders for everything that the list shows: refresh, or sync. */
export function Bulk({ filters, total }: { filters: Filters; total: number }) {
  const [open, setOpen] = useState<'sync' | 'refresh'>();
  return (
    <>
      <Menu label="Actions for all that are listed" icon="more">
        <MenuItem icon="refresh" onClick={() => setOpen('refresh')} disabled={total === 0}>Refresh {total} listed…</MenuItem>
        <MenuItem icon="sync" onClick={() => setOpen('sync')} disabled={total === 0}>Sync {total} listed…</MenuItem>
      </Menu>
      {open ? <BulkDialog what={open} filters={filters} total={total} onClose={() => setOpen(undefined)} /> : null}
    </>
  );
}

/** Returns the applications that match, by name. */
async function listed(filters: Filters): Promise<AppKey[]> {
  const { search, health, sync, project, namespace, cluster, label } = filters;
  const list = await api.applications({ search, health, sync, projects: project, namespace, cluster, label, limit: APPS_MAX, fields: 'items.metadata.name,items.metadata.namespace' });
  return (list.items ?? []).map(({ metadata }) => ({ name: metadata.name, namespace: metadata.namespace }));
}

/** Runs an order for each, a few at a time; returns what was refused. */
async function each(keys: AppKey[], act: (key: AppKey) => Promise<unknown>, onDone: (n: number) => void): Promise<string[]> {
  const refused: string[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let key = keys[next++]; key; key = keys[next++]) {
      const { name } = key;
      await act(key).catch((error: Error) => refused.push(`${name}: ${error.message}`));
      onDone(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return refused;
}

function BulkDialog({ what, filters, total, onClose }: { what: 'sync' | 'refresh'; filters: Filters; total: number; onClose: () => void }) {
  const [done, setDone] = useState<number>();
  const [refused, setRefused] = useState<string[]>([]);
  const { say } = useToasts();
  const reached = Math.min(total, APPS_MAX);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const act = what === 'refresh'
      ? (key: AppKey) => api.refresh(key, form.has('hard'))
      : (key: AppKey) => api.sync(key, { prune: form.has('prune'), dryRun: form.has('dryRun'), resources: null, ...(form.has('applyOnly') ? { strategy: { apply: { force: false } } } : {}) });
    setDone(0);
    setRefused([]);
    listed(filters).then((keys) => each(keys, act, setDone)).then((failed) => {
      setRefused(failed);
      setDone(undefined);
      if (failed.length > 0) return;
      say(what === 'refresh' ? `${reached} applications are compared anew` : `${reached} syncs have started`);
      onClose();
    }, (error: Error) => {
      setRefused([error.message]);
      setDone(undefined);
    });
  };
  return (
    <Dialog title={`${what === 'refresh' ? 'Refresh' : 'Sync'} ${reached} applications`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <p>{total > APPS_MAX ? `The first ${APPS_MAX} of the ${total} that the list shows.` : 'Everything that the list shows with its filters.'}</p>
        {what === 'refresh' ? (
          <label className="check"><input type="checkbox" name="hard" />Hard <small>render anew, past every cache</small></label>
        ) : (
          <div className="checks">
            <label className="check"><input type="checkbox" name="prune" />Prune <small>delete what is no longer in Git</small></label>
            <label className="check"><input type="checkbox" name="dryRun" />Dry run <small>change nothing</small></label>
            <label className="check"><input type="checkbox" name="applyOnly" />Apply only <small>without hooks</small></label>
          </div>
        )}
        {refused.length > 0 ? <div className="refused" role="alert"><b>{refused.length} refused</b><ul>{refused.slice(0, 8).map((why) => <li key={why}>{why}</li>)}</ul></div> : null}
        <footer>
          {done === undefined ? null : <progress max={reached} value={done} aria-label="Done" />}
          <Button onClick={onClose}>{refused.length > 0 ? 'Close' : 'Cancel'}</Button>
          <Button type="submit" look="primary" icon={what} data-first busy={done !== undefined}>{what === 'refresh' ? 'Refresh' : 'Sync'}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
