import { expect, test } from 'vitest';
import { adviceFor } from './advice';
import { familyOf, hasLogs, shortKind } from './kinds';
import { plain, readEntry, splitLines } from './logs';
import { parts } from './message';
import { buildForest, facetsOf, filterForest } from './tree';

test('kinds have short names and families', () => {
  expect(shortKind('Deployment')).toBe('deploy');
  expect(shortKind('VirtualService')).toBe('vs');
  expect(shortKind('Widget')).toBe('widge');
  expect(familyOf('Ingress')).toBe('network');
  expect(familyOf('Widget')).toBe('other');
  expect(hasLogs('Pod') && !hasLogs('Service')).toBe(true);
});

test('a stream of log lines is cut where lines end, wherever the chunks do', () => {
  const [lines, rest] = splitLines('{"a":1}\n{"b":2}\n{"c"');
  expect(lines).toEqual(['{"a":1}', '{"b":2}']);
  expect(rest).toBe('{"c"');
  expect(readEntry('{"result":{"content":"x","podName":"p","timeStampStr":"","last":false}}').line?.content).toBe('x');
  expect(readEntry('{"error":{"message":"gone"}}').error).toBe('gone');
  expect(plain('\u001B[31mred\u001B[0m')).toBe('red');
});

test('the tree is filtered by kind, health, sync and namespace, with what leads there', () => {
  const forest = buildForest({
    nodes: [
      { kind: 'Deployment', group: 'apps', name: 'web', namespace: 'a', uid: 'd', health: { status: 'Degraded' } },
      { kind: 'Pod', name: 'web-1', namespace: 'a', uid: 'p', parentRefs: [{ kind: 'Deployment', name: 'web', uid: 'd' }], health: { status: 'Degraded' } },
      { kind: 'Service', name: 'web', namespace: 'b', uid: 's', health: { status: 'Healthy' } },
    ],
  }, [{ kind: 'Service', name: 'web', namespace: 'b', status: 'OutOfSync' }]);
  const none = { text: '', problems: false };
  expect(facetsOf(forest)).toEqual({ kind: ['Deployment', 'Pod', 'Service'], health: ['Degraded', 'Healthy'], sync: ['OutOfSync'], namespace: ['a', 'b'] });
  const pods = filterForest(forest, { ...none, kind: 'Pod' });
  expect(pods.map((branch) => [branch.node.kind, branch.children.length])).toEqual([['Deployment', 1]]);
  expect(filterForest(forest, { ...none, sync: 'OutOfSync' }).map((branch) => branch.node.kind)).toEqual(['Service']);
  expect(filterForest(forest, { ...none, namespace: 'b', health: 'Degraded' })).toEqual([]);
});

test('what is said about a condition is known or nothing', () => {
  expect(adviceFor('SyncError')).toContain('last sync');
  expect(adviceFor('Other')).toBe('');
});


test('the lines of an excerpt stay below what is said first', () => {
  expect(parts('one line')).toEqual({ lead: 'one line', detail: '' });
  expect(parts('it failed\n\n  in a.yaml:2\n    2 | {{ . }}\n      |    ^\n')).toEqual({ lead: 'it failed', detail: '  in a.yaml:2\n    2 | {{ . }}\n      |    ^' });
});
