import { Dialog } from '../ui/parts';

const KEYS: [title: string, keys: [keys: string[], what: string][]][] = [
  ['Everywhere', [[['?'], 'this help'], [['g', 'a'], 'applications'], [['g', 's'], 'application sets'], [['g', 'p'], 'projects'], [['g', 'e'], 'settings'], [['Esc'], 'close a dialog or a panel']]],
  ['Applications', [[['/'], 'search'], [['j'], 'or'], [['↓'], 'next application'], [['k'], 'or'], [['↑'], 'previous application'], [['Enter'], 'open it'], [['v'], 'table or tiles'], [['x'], 'clear all filters']]],
  ['One application', [[['1'], 'to'], [['8'], 'choose a tab'], [['s'], 'sync'], [['r'], 'refresh'], [['u'], 'back to the list'], [['/'], 'filter the tree']]],
];

/** What the keyboard does. */
export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <div className="help">
        {KEYS.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {pairs(keys).map(([combos, what]) => (
                <div key={what}>
                  <dt>{combos.map((combo, at) => <span key={combo.join()}>{at > 0 ? <i>{what.startsWith('choose') ? 'to' : 'or'}</i> : null}{combo.map((key) => <kbd key={key}>{key}</kbd>)}</span>)}</dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** Joins entries that end in “or” or “to” with the one after them. */
function pairs(keys: [string[], string][]): [string[][], string][] {
  const out: [string[][], string][] = [];
  let open: string[][] = [];
  for (const [combo, what] of keys) {
    open.push(combo);
    if (what === 'or' || what === 'to') continue;
    out.push([open, what]);
    open = [];
  }
  return out;
}
