import { useMemo, useState } from 'react';
import { api, type AppKey } from '../../api/client';
import type { PlanItem } from '../../api/types';
import { useLoaded } from '../../api/use';
import { isIdle, planSteps } from '../../lib/plan';
import { Icon } from '../../ui/icons';
import { Notice } from '../../ui/parts';

const TONES: Record<string, string> = { create: 'progress', update: 'warn', replace: 'warn', prune: 'bad', delete: 'bad', hook: 'pause', apply: 'warn', none: 'unknown', skip: 'unknown' };

/** What the next sync does, in the order of its steps, with the reason for each object. */
export function PlanTab({ appKey, version }: { appKey: AppKey; version: string }) {
  const plan = useLoaded(`${appKey.namespace}/${appKey.name}`, version, () => api.plan(appKey));
  const [idle, setIdle] = useState(false);
  const items = useMemo(() => plan.value?.items ?? [], [plan.value]);
  const busy = items.filter((item) => !isIdle(item));
  const steps = useMemo(() => planSteps(idle ? items : items.filter((item) => !isIdle(item))), [idle, items]);
  if (plan.error && !plan.value) return <Notice tone="bad" title="The plan could not be made">{plan.error.message}</Notice>;
  if (!plan.value) return null;
  return (
    <div className="plan-tab">
      <div className="view-bar">
        <span>{summary(items)}</span>
        <span className="grow" />
        <label className="check"><input type="checkbox" checked={idle} onChange={(event) => setIdle(event.target.checked)} />Show unchanged objects</label>
      </div>
      {(plan.value.refusals ?? []).map((why) => (
        <div key={why} className="condition warning refusal" role="alert"><Icon name="stop" tone="warn" /><div><strong>Refused</strong> <span>{why}</span></div></div>
      ))}
      {steps.length === 0 ? <Notice title="A sync would change nothing">{items.length} objects are as desired.</Notice> : null}
      <ol className="steps">
        {steps.map((step, at) => (
          <li key={`${step.phase}/${step.wave}`}>
            <h2><span className="step-number">{at + 1}</span>{step.phase}<small>wave {step.wave}</small></h2>
            <ul>
              {step.items.map((item) => (
                <li key={`${item.group}/${item.kind}/${item.namespace}/${item.name}`} className={isIdle(item) ? 'idle' : ''}>
                  <span className={`tag tone-${TONES[item.action] ?? 'unknown'}`}>{item.action}</span>
                  <span className="what"><small>{item.kind}</small> <b>{item.name}</b></span>
                  <span className="why">{item.reason}</span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {busy.length > 0 && at(busy) ? <p className="muted">Each step starts once the objects of the one before are healthy.</p> : null}
    </div>
  );
}

const at = (items: PlanItem[]) => new Set(items.map((item) => `${item.phase}/${item.wave}`)).size > 1;

function summary(items: PlanItem[]): string {
  const counts = new Map<string, number>();
  for (const { action } of items) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, n]) => `${n} ${action === 'none' ? 'unchanged' : `to ${action === 'hook' ? 'run as hook' : action}`}`).join(' · ') || 'Nothing is planned';
}
