import { useMemo, type ReactNode } from 'react';

/** A YAML text with line numbers and calm colours. */
export function Code({ text, label }: { text: string; label: string }) {
  const lines = useMemo(() => text.split('\n'), [text]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls must be reachable by keyboard
    <pre className="code" tabIndex={0} aria-label={label}>
      {lines.map((line, at) => <span key={`${at}`} className="line"><i aria-hidden="true">{at + 1}</i><YamlLine text={line} />{'\n'}</span>)}
    </pre>
  );
}

const KEY = /^(\s*(?:- )*)("[^"]*"|[^\s"'#][^:]*?)(:)(\s.*|)$/;

/** One line of YAML, its key apart from its value. */
export function YamlLine({ text }: { text: string }): ReactNode {
  const match = KEY.exec(text);
  if (!match) return <span className="y-value">{text}</span>;
  const [, lead, key, colon, value] = match;
  return <>{lead}<span className="y-key">{key}</span>{colon}<span className="y-value">{value}</span></>;
}
