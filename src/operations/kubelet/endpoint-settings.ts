import { registerSecret } from '../../errors/redact.ts';
import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { KubeletEndpointSettings } from '../../kubelet/server/endpoint.ts';
import type { ServingPair } from '../../kubelet/server/server.ts';
import type { KubeletTrust } from '../../kubelet/trust.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { ServerSettings } from './settings.ts';

/** Settings of the kubelet API with what its files hold. KUBELET_CONFIG for a file that cannot be read. */
export async function endpointSettings(settings: ServerSettings, trust: KubeletTrust, fs: FileSystem): Promise<KubeletEndpointSettings> {
  const { address, port, orAnyPort, certificate, clientCa } = settings;
  const readPair = certificate === undefined ? undefined : (): Promise<ServingPair> => servingPair(certificate, fs);
  // Mistakes in files are told before anything is served.
  await readPair?.();
  if (clientCa !== undefined) await readPem(clientCa, fs);
  return {
    ...{ trust, port, orAnyPort },
    ...(address === undefined ? {} : { address }),
    ...(readPair === undefined ? {} : { certificate: readPair }),
    ...(clientCa === undefined ? {} : { clientCa: () => readPem(clientCa, fs) }),
    configuration: () => ({ kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', port, ...(address === undefined ? {} : { address }) }),
  };
}

async function servingPair(files: { readonly certificate: string; readonly key: string }, fs: FileSystem): Promise<ServingPair> {
  const [certificate, key] = await Promise.all([readPem(files.certificate, fs), readPem(files.key, fs)]);
  registerSecret(key);
  return { certificate, key };
}

async function readPem(path: string, fs: FileSystem): Promise<string> {
  try {
    return await fs.readText(path);
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `the file ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Check --tls-cert-file, --tls-private-key-file and --client-ca-file.',
      cause: error,
    });
  }
}
