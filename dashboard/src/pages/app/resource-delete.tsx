import { useState, type SubmitEvent } from 'react';
import { api, type AppKey } from '../../api/client';
import type { TreeNode } from '../../api/types';
import { Button, Dialog } from '../../ui/parts';
import { useToasts } from '../../ui/toast';

const WAYS = [
  { value: 'foreground', name: 'Delete what it owns, then it', hint: 'the usual way' },
  { value: 'force', name: 'Delete at once', hint: 'without the time it is given to end' },
  { value: 'orphan', name: 'Delete only it', hint: 'what it owns stays' },
] as const;

/** Asks before an object is deleted; one that Git has is made anew by the next sync. */
export function DeleteResourceDialog({ appKey, node, isManaged, onClose, onDone }: { appKey: AppKey; node: TreeNode; isManaged: boolean; onClose: () => void; onDone: () => void }) {
  const [way, setWay] = useState<(typeof WAYS)[number]['value']>('foreground');
  const [typed, setTyped] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const { say } = useToasts();
  // What comes back by itself needs no second thought; what Git has and people rely on does.
  const needsName = isManaged;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    api.removeResource(appKey, node, { force: way === 'force', orphan: way === 'orphan' }).then(() => {
      say(`${node.kind} ${node.name} is being deleted`);
      onDone();
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <Dialog title={`Delete ${node.kind} ${node.name}`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <p>{isManaged ? 'Git still has it: the application is out of sync until it is made anew, at once where self heal is on.' : 'What owns it may make it anew.'}</p>
        <fieldset className="radios">
          <legend className="unseen">How</legend>
          {WAYS.map(({ value, name, hint }) => <label key={value} className="check"><input type="radio" name="way" value={value} checked={way === value} onChange={() => setWay(value)} />{name} <small>{hint}</small></label>)}
        </fieldset>
        {needsName ? <label className="field">Type <b>{node.name}</b> to confirm<input data-first value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" spellCheck={false} /></label> : null}
        {error ? <p className="refused" role="alert">{error}</p> : null}
        <footer><Button onClick={onClose}>Cancel</Button><Button type="submit" look="danger" icon="trash" busy={busy} disabled={needsName && typed !== node.name}>Delete</Button></footer>
      </form>
    </Dialog>
  );
}
