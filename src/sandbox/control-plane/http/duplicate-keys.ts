/**
 * Paths of keys that stand more than once in the same object of a JSON text, in the order of the document and each once:
 * `spec.containers[0].image`. The last value is the one that counts. `text` must be valid JSON.
 */
export function duplicateKeys(text: string): readonly string[] {
  const found = new Set<string>();
  const open: Container[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const inside = open.at(-1);
    if (token === '{' || token === '[') {
      open.push({
        path: inside === undefined ? '' : childPath(inside),
        keys: token === '{' ? new Set() : undefined,
        key: '',
        index: 0,
        expectsKey: token === '{',
      });
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (inside === undefined) {
      continue;
    } else if (token === ',') {
      inside.index += 1;
      inside.expectsKey = inside.keys !== undefined;
    } else if (inside.expectsKey && inside.keys !== undefined) {
      inside.key = JSON.parse(token) as string;
      inside.expectsKey = false;
      if (inside.keys.has(inside.key)) found.add(childPath(inside));
      inside.keys.add(inside.key);
    }
  }
  return [...found];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/** An object or array that is being read. */
interface Container {
  readonly path: string;
  /** Undefined for an array. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
  expectsKey: boolean;
}

function childPath({ path, keys, key, index }: Container): string {
  if (keys === undefined) return `${path}[${index}]`;
  return path === '' ? key : `${path}.${key}`;
}
