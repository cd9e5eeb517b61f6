/** Writes a JSON value as YAML for people to read: block style, keys in the order Kubernetes users expect. */
export function toYaml(value: unknown): string {
  const lines: string[] = [];
  write(value, 0, '', lines);
  return lines.join('\n');
}

const FIRST = ['apiVersion', 'kind', 'metadata', 'spec'];
const LAST = ['status'];

function rank(key: string): number {
  const first = FIRST.indexOf(key);
  if (first >= 0) return first - FIRST.length;
  return LAST.includes(key) ? 1 : 0;
}

const nameFirst = (key: string) => (key === 'name' ? 0 : 1);

function ordered(object: object, top: boolean): [string, unknown][] {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return entries.toSorted(([a], [b]) => (top ? rank(a) - rank(b) : nameFirst(a) - nameFirst(b)) || (a < b ? -1 : 1));
}

function write(value: unknown, depth: number, lead: string, lines: string[]) {
  const pad = '  '.repeat(depth);
  if (Array.isArray(value) && value.length > 0) {
    value.forEach((item, at) => write(item, depth + 1, `${at === 0 && lead ? lead : pad}- `, lines));
    return;
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0) {
    let head = lead || pad;
    for (const [key, child] of ordered(value, depth === 0 && lead === '')) {
      const nested = child !== null && typeof child === 'object' && Object.keys(child).length > 0;
      if (nested) {
        lines.push(`${head}${scalar(key)}:`);
        write(child, Array.isArray(child) ? depth : depth + 1, '', lines);
      } else if (typeof child === 'string' && child.includes('\n')) {
        block(child, `${head}${scalar(key)}: `, depth + 1, lines);
      } else {
        lines.push(`${head}${scalar(key)}: ${scalar(child)}`);
      }
      head = pad;
    }
    return;
  }
  if (typeof value === 'string' && value.includes('\n')) block(value, lead, depth, lines);
  else lines.push(`${lead || pad}${scalar(value)}`);
}

function block(text: string, head: string, depth: number, lines: string[]) {
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  lines.push(`${head}|${text.endsWith('\n') ? '' : '-'}`);
  for (const line of body.split('\n')) lines.push(line && '  '.repeat(depth) + line);
}

const PLAIN = /^[A-Za-z_/][\w ./@+=~,;()<>-]*$/;
const WORDS = /^(true|false|yes|no|on|off|null|y|n|~)$/i;

function scalar(value: unknown): string {
  if (Array.isArray(value)) return '[]';
  if (value !== null && typeof value === 'object') return '{}';
  if (typeof value !== 'string') return String(value);
  const colon = !/:(\s|$)/.test(value) && !/\s#/.test(value);
  const plain = (PLAIN.test(value.replaceAll(':', '')) && colon) && !WORDS.test(value) && value === value.trim();
  return plain ? value : JSON.stringify(value);
}
