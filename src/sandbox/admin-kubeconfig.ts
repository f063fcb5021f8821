import { stringify } from 'yaml';

/** A self-contained kubeconfig for the administrator of the sandbox's cluster; every name in it is `vick-sandbox`. */
export function adminKubeconfig(admin: { readonly server: string; readonly ca: string; readonly certificate: string; readonly key: string }): string {
  const name = 'vick-sandbox';
  const base64 = (pem: string): string => Buffer.from(pem, 'utf8').toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: admin.server, 'certificate-authority-data': base64(admin.ca) } }],
    users: [{ name, user: { 'client-certificate-data': base64(admin.certificate), 'client-key-data': base64(admin.key) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}
