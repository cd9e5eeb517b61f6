/** What a person can do about a condition, by its type; nothing where the message says it all. */
const ADVICE: Record<string, string> = {
  ComparisonError: 'The sources could not be rendered or compared. Mend what the message names and push, or press Hard refresh if it was a passing fault.',
  InvalidSpecError: 'The Application itself is not valid: its project, source or destination. Mend it where it is defined.',
  SyncError: 'The last sync did not go through. Open its results above; it is tried again with the next commit, or by Sync.',
  DeletionError: 'The Application is being deleted and something holds it. The message names the object; remove its finalizer or mend its cluster.',
  UnknownError: 'Something unexpected. The engine’s log has the details.',
  SharedResourceWarning: 'Two Applications manage one object and would fight over it. Leave it in one of them.',
  RepeatedResourceWarning: 'The same object is rendered more than once; the last one wins. Remove the others.',
  OrphanedResourceWarning: 'Objects in the namespace belong to no Application. Delete them, or list them in the project’s ignore rules.',
  ExcludedResourceWarning: 'Settings exclude this kind of object, so that it is not managed.',
  ApplicationReadinessWarning: 'What it depends on is not ready.',
};

/** Returns what to do about a condition. */
export function adviceFor(type: string): string {
  return ADVICE[type] ?? '';
}
