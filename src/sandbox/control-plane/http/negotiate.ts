import { notAcceptable, notAcceptableShape } from '../status-errors.ts';

/** How an answer is to be written. */
export interface Representation {
  readonly format: 'json' | 'yaml';
  /** `as=` of the accepted media type: another shape of the same objects. */
  readonly shape: Shape;
  /** The meta.k8s.io version of that shape. */
  readonly metaVersion?: 'v1' | 'v1beta1';
}

export type Shape = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const SHAPE_VERSIONS: readonly string[] = ['v1', 'v1beta1'];

/** Picks the first acceptable form, in the client's order. Protobuf is never chosen: every client that prefers it also takes JSON. */
export function negotiate(accept: string | undefined): Representation {
  for (const range of mediaRanges(accept)) {
    const format = formatOf(range.type);
    const shape = shapeOf(range.parameters);
    if (format !== undefined && shape !== undefined) return { format, shape, metaVersion: range.parameters['v'] === 'v1beta1' ? 'v1beta1' : 'v1' };
  }
  // A known format in an unknown shape is refused in other words than an unknown format.
  throw mediaRanges(accept).some((range) => formatOf(range.type) !== undefined || range.type === PROTOBUF) ? notAcceptableShape() : notAcceptable();
}

/** The media ranges of an Accept header; none given means anything. */
function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  if (accept === undefined || accept.trim() === '') return [{ type: '*/*', parameters: {} }];
  return accept.split(',').map((clause) => {
    const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
    return { type: type.toLowerCase(), parameters: Object.fromEntries(parameters.map((parameter) => pair(parameter))) };
  });
}

function formatOf(type: string): 'json' | 'yaml' | undefined {
  if (type === '*/*' || type === 'application/*' || type === 'application/json') return 'json';
  return type === 'application/yaml' ? 'yaml' : undefined;
}

function shapeOf(parameters: Readonly<Record<string, string>>): Shape | undefined {
  const { as, g: group, v: version } = parameters;
  if (as === undefined) return 'object';
  if (group !== 'meta.k8s.io' || version === undefined || !SHAPE_VERSIONS.includes(version)) return undefined;
  return as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? as : undefined;
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
