/** Finding an operation by method and path as the port layer's router does. Paths are taken as sent: nothing is decoded. */
import { frameworkError } from './replies.ts';
import type { Operation } from './operation.ts';

export interface Match {
  readonly operation: Operation;
  readonly path: Readonly<Record<string, string>>;
}

/** Throws the 404 of an unknown path, the 405 of a known path with another method. */
export function route(operations: readonly Operation[], method: string, path: string): Match {
  const candidates = operations
    .map((operation) => ({ operation, path: matchPath(operation.path, path) }))
    .filter((candidate): candidate is Match => candidate.path !== undefined);
  if (candidates.length === 0) throw frameworkError(404, `path ${path} was not found`);
  const found = candidates.filter(({ operation }) => operation.method === method).sort(bySpecificity)[0];
  // A fixed segment hides the paths with a parameter there, whatever their methods.
  const best = [...candidates].sort(bySpecificity)[0];
  if (found === undefined || (best !== undefined && bySpecificity(best, found) < 0)) {
    const allowed = candidates.filter((one) => best !== undefined && bySpecificity(one, best) === 0).map((one) => one.operation.method);
    throw new MethodNotAllowed(method, [...allowed].sort());
  }
  return found;
}

export class MethodNotAllowed extends Error {
  readonly allowed: readonly string[];
  readonly status = 405;

  constructor(method: string, allowed: readonly string[]) {
    super(`method ${method} is not allowed, but [${allowed.join(',')}] are`);
    this.name = 'MethodNotAllowed';
    this.allowed = allowed;
  }
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const actual = given[index] ?? '';
    if (!segment.startsWith('{')) {
      if (segment !== actual) return undefined;
    } else if (actual === '' && index === wanted.length - 1) {
      return undefined;
    } else {
      found[segment.slice(1, -1)] = actual;
    }
  }
  return found;
}

function bySpecificity(a: Match, b: Match): number {
  const left = a.operation.path.split('/');
  const right = b.operation.path.split('/');
  for (const [index, segment] of left.entries()) {
    const difference = Number(segment.startsWith('{')) - Number(right[index]?.startsWith('{') === true);
    if (difference !== 0) return difference;
  }
  return 0;
}
