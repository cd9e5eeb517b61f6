import type { PlanItem } from '../api/types';

/** A step of a sync: one wave of one phase. */
export interface Step {
  phase: string;
  wave: number;
  items: PlanItem[];
}

/** Whether nothing happens to an object. */
export function isIdle(item: PlanItem): boolean {
  return item.action === 'none' || item.action === 'skip';
}

/** Puts a plan's objects into steps; the order is the plan's own. */
export function planSteps(items: PlanItem[]): Step[] {
  const steps: Step[] = [];
  for (const item of items) {
    const [phase, wave] = [item.phase || 'Sync', item.wave ?? 0];
    const step = steps.find((known) => known.phase === phase && known.wave === wave);
    if (step) step.items.push(item);
    else steps.push({ phase, wave, items: [item] });
  }
  return steps;
}
