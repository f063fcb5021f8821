import { VickError } from '../../errors/vick-error.ts';

/**
 * The value of `--k8s-server-address` for a server URL of a kubeconfig: `https://host:port`. vic-machine takes no path;
 * the kubelet uses the kubeconfig's own server, path and all.
 */
export function deriveServerAddress(server: string): string {
  const url = new URL(server);
  const port = url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port;
  return `https://${url.hostname}:${port}`;
}

/**
 * Checks an address that was typed and adds a missing port: without one the kubelet's environment gets an empty
 * KUBERNETES_SERVICE_PORT, and a bad one is noticed by vic-machine only after the VM exists.
 */
export function readServerAddress(text: string): string {
  const found = /^(?:https:\/\/)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?\/?$/.exec(text);
  const port = Number(found?.[2] ?? '443');
  if (found === null || port < 1 || port > 65_535) {
    throw new VickError('USAGE', `--k8s-server-address ${JSON.stringify(text)} is not [https://]host:port`, {
      hint: 'Leave it out: it is derived from the kubeconfig.',
    });
  }
  return `https://${found[1] ?? ''}:${port}`;
}
