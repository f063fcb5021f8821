import { VickError } from '../../errors/vick-error.ts';

/** vic-machine's own limit (vmware/vic cmd/vic-machine/create, `MaxVirtualMachineNameLen`), in bytes. */
const MAX_LENGTH = 31;
const LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const NODE_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/**
 * NAME_INVALID unless `name` can be both a VCH and, behind `kubelet-`, a node (DNS-1123 subdomain) and the value of the
 * label kubernetes.io/hostname. vic-machine itself checks neither of the latter.
 */
export function checkVchName(name: string): void {
  const why = nameProblem(name);
  if (why === undefined) return;
  const better = suggestion(name);
  throw new VickError('NAME_INVALID', `${JSON.stringify(name)} cannot be the name of a VCH: ${why}`, {
    hint: `Use up to ${MAX_LENGTH} lower-case letters, digits, "-" and "."${better === undefined ? '' : `, for example: ${better}`}.`,
  });
}

/** The node that the VCH `name` becomes (vmware/vic feature/wolfpack, KUBELET_NAME). */
export function nodeNameOf(name: string): string {
  return `kubelet-${name}`;
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (Buffer.byteLength(name) > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  if (NODE_NAME.test(name)) return undefined;
  if (/[A-Z]/.test(name)) return `its node would be ${nodeNameOf(name)}, and node names have no capital letters`;
  if (/[^-a-z0-9.]/.test(name)) return `its node would be ${nodeNameOf(name)}, and node names have only lower-case letters, digits, "-" and "."`;
  return `its node would be ${nodeNameOf(name)}, and every part of a node name begins and ends with a letter or digit`;
}

function suggestion(name: string): string | undefined {
  const better = name
    .toLowerCase()
    .replaceAll(/[^-a-z0-9.]+/g, '-')
    .replaceAll(/-*\.[-.]*/g, '.')
    .slice(0, MAX_LENGTH)
    .replaceAll(/^[-.]+|[-.]+$/g, '');
  return better !== '' && NODE_NAME.test(better) ? better : undefined;
}
