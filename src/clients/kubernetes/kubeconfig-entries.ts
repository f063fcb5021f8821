/** What the lists of a kubeconfig say about themselves, whichever context is meant: names that are there twice, names that lead nowhere. */
import type { KubeconfigFile, NamedEntry } from './kubeconfig-file.ts';

export interface EntryFinding {
  /** `error`: kubectl refuses the file, or takes another entry than one may think. */
  readonly severity: 'error' | 'warning';
  readonly what: string;
}

type ListName = 'clusters' | 'users' | 'contexts';
const LISTS: readonly (readonly [ListName, string])[] = [
  ['clusters', 'cluster'],
  ['users', 'user'],
  ['contexts', 'context'],
];

/**
 * Twice in one file is an error ("duplicate name in list", k8s.io/client-go/tools/clientcmd/api/v1/conversion.go); in another file of
 * $KUBECONFIG the first one wins, silently.
 */
export function examineEntries(files: readonly KubeconfigFile[]): readonly EntryFinding[] {
  return [...LISTS.flatMap(([list, kind]) => duplicates(files, list, kind)), ...dangling(files)];
}

function duplicates(files: readonly KubeconfigFile[], list: ListName, kind: string): readonly EntryFinding[] {
  const first = new Map<string, NamedEntry>();
  const findings = new Map<string, EntryFinding>();
  for (const entry of files.flatMap((file) => file[list])) {
    const earlier = first.get(entry.name);
    if (earlier === undefined) first.set(entry.name, entry);
    else {
      const what =
        earlier.file === entry.file
          ? `${kind} "${entry.name}" is twice in ${entry.file}; kubectl refuses that`
          : `${kind} "${entry.name}" of ${entry.file} is hidden by the one of ${earlier.file}`;
      findings.set(what, { severity: earlier.file === entry.file ? 'error' : 'warning', what });
    }
  }
  return [...findings.values()];
}

function dangling(files: readonly KubeconfigFile[]): readonly EntryFinding[] {
  const known = (list: ListName): ReadonlySet<string> => new Set(files.flatMap((file) => file[list]).map(({ name }) => name));
  const [clusters, users, contexts] = [known('clusters'), known('users'), known('contexts')];
  const warn = (what: string): EntryFinding => ({ severity: 'warning', what });
  const broken = files
    .flatMap((file) => file.contexts)
    .flatMap(({ name, body }) => {
      const { cluster, user } = body as { readonly cluster?: unknown; readonly user?: unknown };
      return [
        ...(typeof cluster === 'string' && !clusters.has(cluster) ? [warn(`context "${name}" names cluster "${cluster}", which is nowhere`)] : []),
        ...(typeof user === 'string' && user !== '' && !users.has(user) ? [warn(`context "${name}" names user "${user}", which is nowhere`)] : []),
      ];
    });
  const current = files.find((file) => file.currentContext !== undefined)?.currentContext;
  return current === undefined || contexts.has(current) ? broken : [...broken, warn(`current-context is "${current}", which is nowhere`)];
}
