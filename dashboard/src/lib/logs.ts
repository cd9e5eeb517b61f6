/** A line of a Pod's log. */
export interface LogLine {
  content: string;
  timeStampStr: string;
  podName: string;
  last: boolean;
}

/** Splits what has come of a stream of JSON lines; the rest is the beginning of the next line. */
export function splitLines(text: string): [lines: string[], rest: string] {
  const parts = text.split('\n');
  const rest = parts.pop() ?? '';
  return [parts.filter((part) => part.trim() !== ''), rest];
}

/** Reads one line of the stream: a log line, or why there are no more. */
export function readEntry(line: string): { line?: LogLine; error?: string } {
  const entry = JSON.parse(line) as { result?: LogLine; error?: { message?: string } };
  if (entry.error) return { error: entry.error.message ?? 'The log could not be read.' };
  return entry.result ? { line: entry.result } : {};
}

/** Takes the colours off that programs write for terminals. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- escape sequences begin with a control character
  return text.replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '');
}
