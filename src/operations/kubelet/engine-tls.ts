import type { EngineTls } from '../../clients/docker-engine/port.ts';
import { registerSecret } from '../../errors/redact.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { PersonaTls } from './settings.ts';

/** What the files of TLS settings hold. KUBELET_CONFIG for one that cannot be read. */
export async function readTls(tls: PersonaTls | undefined, fs: FileSystem): Promise<EngineTls | undefined> {
  if (tls === undefined) return undefined;
  const [ca, certificate, key] = await Promise.all([tls.ca, tls.certificate, tls.key].map((path) => readPem(path, fs)));
  registerSecret(key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    insecure: tls.insecure,
  };
}

async function readPem(path: string | undefined, fs: FileSystem): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await fs.readText(path);
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `the certificate file ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'A folder named by DOCKER_CERT_PATH has ca.pem, cert.pem and key.pem.',
      cause: error,
    });
  }
}
