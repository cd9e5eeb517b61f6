/** A message as it is shown: what it says first, and the lines below it, whose columns mean something. */
export function parts(message: string): { lead: string; detail: string } {
  const end = message.indexOf('\n');
  if (end < 0) return { lead: message, detail: '' };
  return { lead: message.slice(0, end), detail: message.slice(end).replace(/^\n+/, '').trimEnd() };
}
