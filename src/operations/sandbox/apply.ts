import { parseAllDocuments, type Document } from 'yaml';
import type { KubernetesApi } from '../../clients/kubernetes/port.ts';
import { isVickError, messageOf, VickError } from '../../errors/vick-error.ts';
import type { Json } from '../../platform/kubernetes-objects.ts';

/** Kinds that `sandbox apply` knows the paths of: what people without kubectl try the sandbox with. */
const KINDS: Readonly<Record<string, { readonly resource: string; readonly namespaced: boolean }>> = {
  Pod: { resource: 'pods', namespaced: true },
  ConfigMap: { resource: 'configmaps', namespaced: true },
  Secret: { resource: 'secrets', namespaced: true },
  Service: { resource: 'services', namespaced: true },
  ServiceAccount: { resource: 'serviceaccounts', namespaced: true },
  Namespace: { resource: 'namespaces', namespaced: false },
};

export interface Applied {
  /** `pod/hello` */
  readonly name: string;
  readonly result: 'created' | 'unchanged';
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Creates every object of a YAML text that does not exist yet. CONFIG_INVALID before anything is sent. */
export async function applyManifests(text: string, label: string, api: KubernetesApi, signal: AbortSignal): Promise<readonly Applied[]> {
  const manifests = parseManifests(text, label);
  const results: Applied[] = [];
  for (const manifest of manifests) {
    const { resource, namespaced } = KINDS[manifest.kind] ?? { resource: '', namespaced: false };
    const namespace = encodeURIComponent(manifest.metadata.namespace ?? 'default');
    const path = namespaced ? `/api/v1/namespaces/${namespace}/${resource}` : `/api/v1/${resource}`;
    const name = `${manifest.kind.toLowerCase()}/${manifest.metadata.name}`;
    try {
      await api.request({ method: 'POST', path, body: manifest as unknown as Json }, signal);
      results.push({ name, result: 'created' });
    } catch (error) {
      if (!isVickError(error) || error.code !== 'KUBE_CONFLICT') throw error;
      results.push({ name, result: 'unchanged' });
    }
  }
  return results;
}

function parseManifests(text: string, label: string): readonly Manifest[] {
  const parsed = parseAllDocuments(text);
  const documents = Array.isArray(parsed) ? parsed : [];
  const broken = documents.flatMap((document) => document.errors)[0];
  if (broken !== undefined) throw invalid(label, `not valid YAML: ${broken.message.split('\n')[0] ?? ''}`);
  const manifests = documents.map((document) => valueOf(document, label)).filter((value) => value !== null);
  if (manifests.length === 0) throw invalid(label, 'there are no objects in it');
  return manifests.map((value, index) => {
    const manifest = value as Partial<Manifest> | undefined;
    if (typeof manifest?.kind !== 'string' || typeof manifest.metadata?.name !== 'string') {
      throw invalid(label, `object ${index + 1} lacks kind or metadata.name`);
    }
    if (KINDS[manifest.kind] === undefined) {
      throw invalid(label, `object ${index + 1} is a ${manifest.kind}; this command knows ${Object.keys(KINDS).join(', ')}`);
    }
    return manifest as Manifest;
  });
}

/** The parser takes aliases of what is not there, or of what they are in, and only now it shows. */
function valueOf(document: Document, label: string): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS() ?? null)) as unknown;
  } catch (error) {
    throw invalid(label, `not valid YAML: ${messageOf(error)}`);
  }
}

function invalid(label: string, why: string): VickError {
  return new VickError('CONFIG_INVALID', `${label}: ${why}`, { hint: 'For everything else use kubectl: eval "$(vick sandbox env)" && kubectl apply -f FILE' });
}
