import { describe, expect, it } from 'vitest';
import type { TreeNode } from '../api/types';
import { changedPart, diffLines, hunks, sideBySide } from './diff';
import { formatFilters, NO_FILTERS, parseFilters, toggle } from './filters';
import { comparable, stateOf } from './managed';
import { newer } from './newer';
import { planSteps } from './plan';
import { appPath, parseRoute } from './route';
import { repoName, short, webLinks } from './source';
import { ago, took } from './time';
import { buildForest, filterForest, flatten, groupForest, layout } from './tree';
import { pagesOf, visibleRows } from './window';
import { toYaml } from './yaml';

describe('diff', () => {
  const apply = (a: string, b: string) => diffLines(a, b);
  const sides = (a: string, b: string) => {
    const lines = apply(a, b);
    const side = (skip: string) => lines.filter((line) => line.kind !== skip).map((line) => line.text).join('\n');
    return [side('added'), side('removed')];
  };

  it('keeps both texts whatever they are', () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
    for (let turn = 0; turn < 300; turn++) {
      const text = () => Array.from({ length: 1 + random(12) }, () => 'abcd'[random(4)]).join('\n');
      const [a, b] = [text(), text()];
      expect(sides(a, b)).toEqual([a, b]);
    }
  });

  it('finds the shortest change', () => {
    const lines = apply('a\nb\nc\nd', 'a\nx\nc\nd\ne');
    expect(lines.map((line) => line.kind[0]).join('')).toBe('srassa');
    expect(lines.filter((line) => line.kind !== 'same').length).toBe(3);
  });

  it('numbers lines on each side', () => {
    expect(apply('a\nb', 'a\nc\nb')).toEqual([
      { kind: 'same', text: 'a', old: 1, new: 1 }, { kind: 'added', text: 'c', new: 2 }, { kind: 'same', text: 'b', old: 2, new: 3 },
    ]);
    expect(apply('', 'a')).toEqual([{ kind: 'added', text: 'a', new: 1 }]);
  });

  it('folds what is far from a change', () => {
    const text = Array.from({ length: 20 }, (_, n) => `l${n}`);
    const parts = hunks(apply(text.join('\n'), text.with(10, 'x').join('\n')), 2);
    expect(parts.map((part) => [part.fold, part.lines.length])).toEqual([[true, 8], [false, 6], [true, 7]]);
  });

  it('puts a removed line beside its replacement', () => {
    expect(sideBySide(apply('a\nb\nc', 'a\nx\ny\nc')).map(({ left, right }) => [left?.text, right?.text])).toEqual([['a', 'a'], ['b', 'x'], [undefined, 'y'], ['c', 'c']]);
  });

  it('marks the part of a line that differs', () => {
    expect(changedPart('image: app:2.14.2', 'image: app:2.14.3')).toEqual([16, 17]);
  });
});

describe('tree', () => {
  const node = (kind: string, name: string, parent?: [string, string], health = 'Healthy'): TreeNode => ({
    kind, name, namespace: 'n', uid: `${kind}/${name}`, health: { status: health as 'Healthy' },
    parentRefs: parent ? [{ kind: parent[0], name: parent[1], namespace: 'n', uid: parent.join('/') }] : undefined,
  });
  const nodes = [node('Pod', 'p', ['ReplicaSet', 'r'], 'Degraded'), node('ReplicaSet', 'r', ['Deployment', 'd']), node('Deployment', 'd'), node('Service', 's')];

  it('hangs owned objects below their owners and carries the worst health up', () => {
    const forest = buildForest({ nodes }, []);
    expect(forest.map((branch) => [branch.node.name, branch.worst, branch.below])).toEqual([['d', 'Degraded', 2], ['s', 'Healthy', 0]]);
  });

  it('shows what is desired and not in the cluster', () => {
    const [branch] = buildForest({ nodes: null }, [{ kind: 'Deployment', name: 'gone', namespace: 'n', status: 'OutOfSync' }]);
    expect([branch?.node.health?.status, branch?.sync]).toEqual(['Missing', 'OutOfSync']);
  });

  it('survives owners that own each other', () => {
    const circle = [node('A', 'a', ['B', 'b']), node('B', 'b', ['A', 'a']), node('C', 'c')];
    expect(buildForest({ nodes: circle }, []).map((branch) => branch.node.name)).toEqual(['c']);
  });

  it('keeps the way to what a filter finds', () => {
    const found = filterForest(buildForest({ nodes }, []), { text: '', problems: true });
    expect(flatten(found, new Set()).map((row) => row.branch.node.name)).toEqual(['d', 'r', 'p']);
  });

  it('folds many alike siblings, and opens them again', () => {
    const many = Array.from({ length: 8 }, (_, n) => node('ConfigMap', `c${n}`));
    const forest = buildForest({ nodes: [...many, node('Service', 's')] }, []);
    const grouped = groupForest(forest, new Set());
    expect(grouped.map((branch) => branch.group)).toEqual([undefined, 8]);
    expect(groupForest(forest, new Set([grouped[1]?.id ?? '']))).toHaveLength(9);
  });

  it('gives each leaf a place of its own', () => {
    const { placed, rows } = layout(buildForest({ nodes: [...nodes, node('Secret', 'x'), node('Secret', 'y')] }, []), new Set(), 2);
    expect(rows).toBeCloseTo(3.4);
    expect(new Set(placed.map((card) => `${card.x},${card.y}`)).size).toBe(placed.length);
  });
});

describe('yaml', () => {
  it('writes what Kubernetes users expect', () => {
    const value = { kind: 'X', apiVersion: 'v1', status: {}, spec: { list: [{ b: 1, name: 'a' }, [1, [2, 3]], 'on'], text: 'a\nb\n', empty: [], odd: ' x', port: '80', url: 'http://x:80', key: 'a: b' }, metadata: { name: 'web' } };
    expect(toYaml(value)).toBe(`apiVersion: v1
kind: X
metadata:
  name: web
spec:
  empty: []
  key: "a: b"
  list:
  - name: a
    b: 1
  - - 1
    - - 2
      - 3
  - "on"
  odd: " x"
  port: "80"
  text: |
    a
    b
  url: http://x:80
status: {}`);
  });
});

describe('managed resources', () => {
  const object = (replicas: number, extra = {}) => JSON.stringify({ kind: 'Deployment', metadata: { name: 'a', ...extra }, spec: { replicas }, status: {} });

  it('says how an object compares', () => {
    expect(stateOf({ kind: 'D', name: 'a', targetState: object(1), liveState: 'null' })).toBe('added');
    expect(stateOf({ kind: 'D', name: 'a', targetState: '', liveState: object(1) })).toBe('removed');
    expect(stateOf({ kind: 'D', name: 'a', targetState: object(1), liveState: object(2) })).toBe('changed');
    expect(stateOf({ kind: 'D', name: 'a', targetState: object(1), liveState: object(1, { uid: 'u', resourceVersion: '5' }) })).toBe('same');
    expect(stateOf({ kind: 'D', name: 'a', targetState: object(1), liveState: object(2), modified: false })).toBe('same');
  });

  it('shows nothing as differing where the engine says so', () => {
    const [live, desired] = comparable({ kind: 'D', name: 'a', targetState: object(1), liveState: object(2), modified: false });
    expect(live).toBe(desired);
  });

  it('shows an absent object as nothing', () => {
    expect(comparable({ kind: 'D', name: 'a', targetState: object(1), liveState: 'null', predictedLiveState: 'null' })[0]).toBe('');
  });
});

describe('addresses', () => {
  it('are read and written', () => {
    expect(parseRoute(appPath('argocd', 'a b'))).toEqual({ page: 'app', namespace: 'argocd', name: 'a b' });
    expect(parseRoute('/')).toEqual({ page: 'apps' });
    expect(parseRoute('/applications/x/y/z')).toEqual({ page: 'nowhere' });
    expect(parseRoute('/%')).toEqual({ page: 'nowhere' });
  });

  it('hold the filters', () => {
    const filters = toggle(toggle({ ...NO_FILTERS, search: 'a&b' }, 'health', 'Degraded'), 'label', 'team=x');
    expect(parseFilters(formatFilters(filters))).toEqual(filters);
    expect(formatFilters(toggle(toggle(NO_FILTERS, 'sync', 'Synced'), 'sync', 'Synced'))).toBe('');
  });
});

it('times are short', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  expect(['2026-01-01T23:59:59Z', '2026-01-01T23:59:20Z', '2026-01-01T22:30:00Z', '2025-12-20T00:00:00Z', '2026-02-01T00:00:00Z', undefined, 'x'].map((time) => ago(time, now))).toEqual(['now', '40s', '1h', '13d', 'now', '', '']);
  expect(took('2026-01-01T00:00:00Z', '2026-01-01T00:01:04Z')).toBe('1m 4s');
});

it('windows and pages cover what is on the screen', () => {
  expect(visibleRows(1000, 500, 50, 300, 2)).toEqual([18, 32]);
  expect(visibleRows(99999, 500, 50, 10, 2)[1]).toBe(10);
  expect(pagesOf(50, 130, 60)).toEqual([0, 1, 2]);
});

it('only web addresses become links', () => {
  const app = { metadata: { name: 'a', namespace: 'n' }, spec: {}, status: { summary: { externalURLs: ['https://a.example', 'javascript:alert(1)', ' https://b', 'HTTP://c'] } } };
  expect(webLinks(app)).toEqual(['https://a.example', 'HTTP://c']);
});

it('revisions and repositories are short', () => {
  expect([short('0123456789abcdef0123456789abcdef01234567'), short('v1.2.3'), repoName('https://u:p@git.example.com/a/b.git'), repoName('git@git.example.com:a/b.git')]).toEqual(['0123456', 'v1.2.3', 'git.example.com/a/b', 'git.example.com:a/b']);
});

it('plans are put into steps in their own order', () => {
  const item = (phase: string, wave: number) => ({ kind: 'K', name: 'n', action: 'create', reason: '', phase, wave });
  expect(planSteps([item('PreSync', 0), item('Sync', -1), item('Sync', 0), item('Sync', -1)]).map((step) => [step.phase, step.wave, step.items.length])).toEqual([['PreSync', 0, 1], ['Sync', -1, 2], ['Sync', 0, 1]]);
});

describe('newer', () => {
  const app = (resourceVersion?: string) => ({ metadata: { name: 'a', namespace: 'n', resourceVersion }, spec: {} });

  it('does not go back to what an overtaken answer says', () => {
    const [old, now] = [app('99'), app('100')];
    expect(newer(now, old)).toBe(now);
    expect(newer(old, now)).toBe(now);
    expect(newer(undefined, old)).toBe(old);
  });

  it('believes what it is told where versions are not known', () => {
    const [one, two] = [app('5'), app()];
    expect(newer(one, two)).toBe(two);
    expect(newer(two, one)).toBe(one);
  });
});
