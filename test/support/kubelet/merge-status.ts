type Fields = Record<string, unknown>;

/** Merge keys of the lists in pod and node statuses (patchMergeKey tags of k8s.io/api/core/v1); other lists are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = { conditions: 'type', podIPs: 'ip', hostIPs: 'ip', addresses: 'type' };

/** Strategic merge patch as far as statuses need it: nulls remove, maps merge, keyed lists merge, `$patch: replace` replaces. */
export function mergeStatus<T extends object>(current: T, patch: object): T {
  const merged: Fields = { ...(current as Fields) };
  for (const [key, value] of Object.entries(patch) as [string, unknown][]) {
    if (value === null) {
      Reflect.deleteProperty(merged, key);
      continue;
    }
    const before = merged[key];
    if (Array.isArray(value)) merged[key] = mergeList(Array.isArray(before) ? before : [], value, MERGE_KEYS[key]);
    else if (typeof value === 'object' && typeof before === 'object' && before !== null) merged[key] = mergeStatus(before, value);
    else merged[key] = value;
  }
  return merged as T;
}

function mergeList(current: readonly unknown[], patch: readonly unknown[], key: string | undefined): readonly unknown[] {
  const items = patch.filter((item) => (item as Fields)['$patch'] === undefined);
  if (key === undefined || items.length < patch.length) return items;
  const merged = [...current] as Fields[];
  for (const item of items as Fields[]) {
    const index = merged.findIndex((other) => other[key] === item[key]);
    if (index < 0) merged.push(item);
    else merged[index] = mergeStatus(merged[index] ?? {}, item);
  }
  return merged;
}
