import { messageOf, VickError } from '../../errors/vick-error.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/** What a connection and a request need to authenticate as the kubeconfig's user. */
export interface Credentials {
  readonly certificatePem?: string;
  readonly keyPem?: string;
  /** Asked for at every request, so that a plug-in may renew its token. */
  headers(): Promise<Readonly<Record<string, string>>>;
}

/** Credentials of `kubeconfig`'s user. Only exec plug-ins and auth providers load client-node, which runs them. */
export async function credentialsOf(kubeconfig: Kubeconfig): Promise<Credentials> {
  const { user } = kubeconfig;
  switch (user.kind) {
    case 'certificate':
      return { ...pair(user.certificatePem, user.keyPem), headers: () => Promise.resolve(bearer(user.token)) };
    case 'token':
      return { headers: async () => bearer((await user.readToken?.()) ?? user.token) };
    case 'basic': {
      const encoded = Buffer.from(`${user.username ?? ''}:${user.password ?? ''}`, 'utf8').toString('base64');
      return { headers: () => Promise.resolve({ authorization: `Basic ${encoded}` }) };
    }
    case 'anonymous':
      return { headers: () => Promise.resolve({}) };
    case 'exec':
    case 'auth-provider':
      return pluginCredentials(kubeconfig);
  }
}

async function pluginCredentials(kubeconfig: Kubeconfig): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const { cluster, user } = kubeconfig;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'cluster', server: cluster.server, skipTLSVerify: cluster.insecureSkipTlsVerify }],
    users: [{ name: 'user', exec: user.raw['exec'], authProvider: user.raw['auth-provider'] }],
    contexts: [{ name: 'context', cluster: 'cluster', user: 'user' }],
    currentContext: 'context',
  });
  const ask = async (): Promise<{ headers?: Record<string, string>; cert?: string; key?: string }> => {
    const options: { headers?: Record<string, string>; cert?: string; key?: string } = { headers: {} };
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new VickError('KUBE_UNAUTHENTICATED', `the ${user.kind} plug-in of user "${user.name}" gave no credentials: ${messageOf(error)}`, {
        cause: error,
        hint: 'Run the plug-in by hand, or log in again as its documentation says.',
      });
    }
    return options;
  };
  const first = await ask();
  return { ...pair(first.cert, first.key), headers: async () => (await ask()).headers ?? {} };
}

function pair(certificatePem: string | undefined, keyPem: string | undefined): { certificatePem?: string; keyPem?: string } {
  return certificatePem === undefined || keyPem === undefined ? {} : { certificatePem, keyPem };
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
