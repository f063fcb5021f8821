/** Bodies with the types that they should have: what Go's decoder forgives and what it refuses. */
import { DockerError } from './errors.ts';

type Kind = 'string' | 'bool' | 'strings' | 'map' | 'any';

/** A struct of Docker's API: its package, its name and its fields. */
export interface BodyType {
  readonly package: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, Kind>>;
}

const GO_TYPES: Readonly<Record<Exclude<Kind, 'any'>, string>> = { string: 'string', bool: 'bool', strings: '[]string', map: 'map[string]string' };

/** Throws 500 for no body, and for a field of another type. Names count without regard to case; null is as good as nothing. */
export function typedBody(type: BodyType, body: unknown): Readonly<Record<string, unknown>> {
  if (body === undefined) throw new DockerError(500, 'EOF');
  if (body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new DockerError(500, `json: cannot unmarshal ${goKind(body)} into Go value of type ${type.package}.${type.name}`);
  }
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body as Readonly<Record<string, unknown>>)) {
    const name = Object.keys(type.fields).find((field) => field.toLowerCase() === key.toLowerCase());
    if (name === undefined || value === null) continue;
    check(type, name, type.fields[name] ?? 'any', value);
    found[name] = value;
  }
  return found;
}

function check(type: BodyType, name: string, kind: Kind, value: unknown): void {
  const refuse = (wrong: unknown, wanted: string): DockerError =>
    new DockerError(500, `json: cannot unmarshal ${goKind(wrong)} into Go struct field ${type.name}.${name} of type ${wanted}`);
  if (kind === 'any') return;
  if (kind === 'strings' ? !Array.isArray(value) : kind === 'map' ? typeof value !== 'object' || Array.isArray(value) : goKind(value) !== kind) {
    throw refuse(value, GO_TYPES[kind]);
  }
  if (kind !== 'strings' && kind !== 'map') return;
  const wrong = Object.values(value as object).find((item) => typeof item !== 'string' && item !== null) as unknown;
  if (wrong !== undefined) throw refuse(wrong, 'string');
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
