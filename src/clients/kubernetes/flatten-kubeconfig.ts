import { stringify } from 'yaml';
import { VickError } from '../../errors/vick-error.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/** `kubeconfig` as one self-contained YAML text with a single context. KUBECONFIG_INVALID where that is impossible (exec plug-ins). */
export function flattenKubeconfig(kubeconfig: Kubeconfig): string {
  const { cluster, user, contextName } = kubeconfig;
  if (user.kind === 'exec' || user.kind === 'auth-provider') {
    throw new VickError(
      'KUBECONFIG_INVALID',
      `user "${user.name}" of kubeconfig ${kubeconfig.path} logs in with a program (${user.kind}); a copy of it works on no other machine`,
      {
        hint: 'Use a context whose user has a client certificate or a token.',
      },
    );
  }
  const set = (entries: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': contextName,
    clusters: [
      {
        name: cluster.name,
        cluster: set({
          server: cluster.server,
          'certificate-authority-data': base64(cluster.caPem),
          'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify ? true : undefined,
          'tls-server-name': cluster.tlsServerName,
          'proxy-url': cluster.proxyUrl,
        }),
      },
    ],
    users: [
      {
        name: user.name,
        user: set({
          'client-certificate-data': base64(user.certificatePem),
          'client-key-data': base64(user.keyPem),
          token: user.token,
          username: user.username,
          password: user.password,
        }),
      },
    ],
    contexts: [{ name: contextName, context: set({ cluster: cluster.name, user: user.name, namespace: kubeconfig.namespace }) }],
  });
}

function base64(content: string | undefined): string | undefined {
  return content === undefined ? undefined : Buffer.from(content, 'utf8').toString('base64');
}
