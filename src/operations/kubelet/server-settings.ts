import { isIP } from 'node:net';
import { VickError } from '../../errors/vick-error.ts';
import type { Sourced } from './addresses.ts';
import type { KubeletFlag, ServerSettings } from './settings.ts';

const DEFAULT_PORT = 10_250;

/** The kubelet API as flags and environment want it; `none` as port: not served. KUBELET_CONFIG for what makes no sense. */
export function serverSettings(pick: (flag: KubeletFlag) => Sourced | undefined): ServerSettings | undefined {
  const port = pick('port');
  if (port?.value === 'none') return undefined;
  return {
    address: address(pick('address')),
    port: port === undefined ? DEFAULT_PORT : portNumber(port),
    orAnyPort: port === undefined,
    certificate: pair(pick('tls-cert-file'), pick('tls-private-key-file')),
    clientCa: pick('client-ca-file')?.value,
  };
}

function portNumber({ value, source }: Sourced): number {
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port <= 65_535) return port;
  throw new VickError('KUBELET_CONFIG', `${source}: "${value}" is not a port`, { hint: 'A number up to 65535, 0 for any free one, or none.' });
}

function address(found: Sourced | undefined): string | undefined {
  if (found === undefined || isIP(found.value) !== 0) return found?.value;
  throw new VickError('KUBELET_CONFIG', `${found.source}: "${found.value}" is not an IP address`);
}

function pair(certificate: Sourced | undefined, key: Sourced | undefined): ServerSettings['certificate'] {
  if (certificate !== undefined && key !== undefined) return { certificate: certificate.value, key: key.value };
  const alone = certificate ?? key;
  if (alone === undefined) return undefined;
  throw new VickError('KUBELET_CONFIG', `${alone.source}: a serving certificate and its key must be given together`);
}
