import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const tokens = new Map([...css.matchAll(/--([a-z-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));/g)].map((match) => [match[1] ?? '', [match[2] ?? match[4] ?? '', match[3] ?? match[4] ?? '']]));

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)].toSorted((m, n) => n - m) as [number, number];
  return (x + 0.05) / (y + 0.05);
}

const grounds = ['ground', 'surface', 'sunken', 'hover', 'chosen'];
const texts = ['text', 'muted', 'accent', 'ok', 'progress', 'bad', 'warn', 'pause', 'missing', 'unknown'];
const pairs = [
  ...texts.flatMap((text) => grounds.map((ground): [string, string, number] => [text, ground, 4.5])),
  ...['added', 'removed', 'added-strong', 'removed-strong'].map((ground): [string, string, number] => ['text', ground, 4.5]),
  ['ok', 'added', 4.5], ['bad', 'removed', 4.5], ['accent', 'added', 4.5], ['accent', 'removed', 4.5],
  ['on-accent', 'accent-fill', 4.5], ['on-accent', 'bad-fill', 4.5], ['line-strong', 'surface', 3],
] as [string, string, number][];

it.each(['light', 'dark'])('every text is readable in %s', (theme) => {
  const poor = pairs.flatMap(([text, ground, least]) => {
    const side = theme === 'light' ? 0 : 1;
    const [a, b] = [tokens.get(text)?.[side], tokens.get(ground)?.[side]];
    if (!a || !b) return [`${text} or ${ground} is no token`];
    const ratio = contrast(a, b);
    return ratio < least ? [`${text} on ${ground}: ${ratio.toFixed(2)}`] : [];
  });
  expect(poor).toEqual([]);
});
