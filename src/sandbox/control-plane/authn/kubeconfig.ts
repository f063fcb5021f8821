import { stringify } from 'yaml';
import type { CertificatePair } from '../../certificates.ts';

/** A self-contained kubeconfig with one context, as text. */
export function kubeconfigText(server: string, caPem: string, userName: string, credential: CertificatePair | { readonly token: string }): string {
  const cluster = 'vick-sandbox';
  const context = `${userName}@${cluster}`;
  const user =
    'token' in credential
      ? { token: credential.token }
      : { 'client-certificate-data': base64(credential.certificate), 'client-key-data': base64(credential.key) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: userName, user }],
    contexts: [{ name: context, context: { cluster, user: userName } }],
    'current-context': context,
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
