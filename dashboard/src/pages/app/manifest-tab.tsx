import { useMemo, useState } from 'react';
import { api, type AppKey } from '../../api/client';
import type { Application } from '../../api/types';
import { useLoaded } from '../../api/use';
import { toYaml } from '../../lib/yaml';
import { Button, CopyButton, Notice } from '../../ui/parts';
import { Code } from './code';

/** The Application object, or what its sources render to. */
export function ManifestTab({ appKey, app, version }: { appKey: AppKey; app: Application; version: string }) {
  const [what, setWhat] = useState<'app' | 'rendered'>('app');
  const rendered = useLoaded(`${appKey.namespace}/${appKey.name} ${what}`, version, async () => (what === 'rendered' ? ((await api.manifests(appKey)).manifests ?? []) : []));
  const text = useMemo(() => {
    if (what === 'app') {
      const { managedFields: _managedFields, ...metadata } = app.metadata as Application['metadata'] & { managedFields?: unknown };
      return toYaml({ ...app, metadata });
    }
    return (rendered.value ?? []).map((manifest) => toYaml(JSON.parse(manifest) as unknown)).join('\n---\n');
  }, [what, app, rendered.value]);
  return (
    <div className="manifest-tab">
      <div className="view-bar">
        <div className="segmented" role="group" aria-label="What to show">
          <Button look="quiet" aria-pressed={what === 'app'} onClick={() => setWhat('app')}>Application</Button>
          <Button look="quiet" aria-pressed={what === 'rendered'} onClick={() => setWhat('rendered')}>Rendered manifests</Button>
        </div>
        <span className="grow" />
        <CopyButton text={text} label="Copy the YAML" />
      </div>
      {what === 'rendered' && rendered.error && !rendered.value ? <Notice tone="bad" title="The sources could not be rendered">{rendered.error.message}</Notice> : <Code text={text} label="YAML" />}
    </div>
  );
}
