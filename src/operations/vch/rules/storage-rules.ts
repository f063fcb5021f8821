/** Image and volume stores (vmware/vic cmd/vic-machine/common/volume_stores.go, storage.go). */
import { valueOf, valuesOf, type VicOptions } from './options.ts';

/** Characters vic-machine takes in no name; datastore paths may have `/` and `:`. */
const BAD = /[%&*$#@!\\?"<>;'|]/;

export function storageProblems(options: VicOptions): readonly string[] {
  const image = valueOf(options, '--image-store');
  const bad = image === undefined ? undefined : BAD.exec(image)?.[0];
  const labels = new Set<string>();
  return [
    ...(bad === undefined ? [] : [`--image-store ${JSON.stringify(image)} has the character ${bad}, which vic-machine does not take`]),
    ...valuesOf(options, '--volume-store').flatMap((store) => {
      const problem = volumeStoreProblem(store, labels);
      return problem === undefined ? [] : [`--volume-store ${JSON.stringify(store)} ${problem}`];
    }),
    ...sizeProblem(valueOf(options, '--base-image-size')),
  ];
}

function volumeStoreProblem(store: string, labels: Set<string>): string | undefined {
  const at = store.lastIndexOf(':');
  const [place, label] = [store.slice(0, at), store.slice(at + 1)];
  if (at <= 0 || label === '' || /[%&*$#@!\\/:?"<>;'|]/.test(label) || /^[a-z]+$/.test(place)) {
    // `nfs://host/path` without a label splits at the colon of its scheme.
    if (at <= 0 || label === '' || label.startsWith('//') || /[%&*$#@!\\/:?"<>;'|]/.test(label)) {
      return 'has no label: write datastore[/path]:label or nfs://host/path:label';
    }
  }
  if (labels.has(label)) return `repeats the label ${label}`;
  labels.add(label);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(place)?.[1]?.toLowerCase();
  if (scheme === 'nfs') {
    const [, host = '', path = ''] = /^nfs:\/\/([^/?]*)([^?]*)/i.exec(place) ?? [];
    if (host === '') return 'names no NFS host: nfs://host/path:label';
    return path.replaceAll('/', '') === '' ? 'names no path on the NFS host: nfs://host/path:label' : undefined;
  }
  if (scheme !== undefined && scheme !== 'ds') return `is neither on a datastore nor on NFS (${scheme}://)`;
  if (place.includes('?')) return 'has options, which only NFS takes';
  const bad = BAD.exec(place)?.[0];
  return bad === undefined ? undefined : `has the character ${bad}, which vic-machine does not take`;
}

function sizeProblem(size: string | undefined): readonly string[] {
  if (size === undefined || /^\d+(?:\.\d+)?\s?(?:[kmgtp]i?)?b?$/i.test(size)) return [];
  return [`--base-image-size ${JSON.stringify(size)} is no size such as 8GB`];
}
