import { useState, type SubmitEvent } from 'react';
import { api, type AppKey, type ResourceAction } from '../../api/client';
import type { TreeNode } from '../../api/types';
import { Button, Dialog } from '../../ui/parts';
import { useToasts } from '../../ui/toast';

/** Asks for the parameters of an action, such as how many replicas to scale to. */
export function ResourceActionDialog({ appKey, node, action, onClose }: { appKey: AppKey; node: TreeNode; action: ResourceAction; onClose: () => void }) {
  const params = action.params ?? [];
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(params.map((param) => [param.name, param.default ?? ''])));
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const { say } = useToasts();
  const title = action.displayName || action.name;
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    api.runAction(appKey, node, action.name, params.map(({ name }) => ({ name, value: values[name] ?? '' }))).then(() => {
      say(`${node.kind} ${node.name}: ${title} is done`);
      onClose();
    }, (refused: Error) => {
      setError(refused.message);
      setBusy(false);
    });
  };
  return (
    <Dialog title={`${title} ${node.kind} ${node.name}`} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        {params.map(({ name }, at) => (
          <label key={name} className="field">{name}
            <input {...(at === 0 ? { 'data-first': true } : {})} value={values[name] ?? ''} onChange={(event) => setValues({ ...values, [name]: event.target.value })} autoComplete="off" spellCheck={false} />
          </label>
        ))}
        {error ? <p className="refused" role="alert">{error}</p> : null}
        <footer><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" busy={busy} disabled={params.some(({ name }) => !values[name])}>Run</Button></footer>
      </form>
    </Dialog>
  );
}
