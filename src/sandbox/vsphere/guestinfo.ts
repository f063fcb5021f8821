import { parseUrl } from './vic-machine/go-url.ts';
import type { VchConfig } from './protocol.ts';

/**
 * Environment of kubelet-starter as create writes it (vmware/vic feature/wolfpack lib/install/management/appliance.go). KUBERNETES_SERVICE_HOST holds
 * the port as well, and without a port in the address KUBERNETES_SERVICE_PORT is empty: both as in the real one.
 */
function kubeletEnvironment(config: VchConfig): readonly string[] {
  if (config.kubelet === undefined) return [];
  const address = parseUrl(withScheme(config.kubelet.serverAddress));
  const host = address.kind === 'url' ? address.host : '';
  const { http, https } = config.proxies;
  return [
    `KUBELET_NAME=kubelet-${config.name}`,
    `PERSONA_PORT=${config.tls.mode === 'none' ? '2375' : '2376'}`,
    'PORTLAYER_PORT=2377',
    ...(http === undefined ? [] : [`HTTP_PROXY=${http}`]),
    ...(https === undefined ? [] : [`HTTPS_PROXY=${https}`]),
    `KUBERNETES_SERVICE_HOST=${host}`,
    `KUBERNETES_SERVICE_PORT=${/:(\d+)$/.exec(host)?.[1] ?? ''}`,
  ];
}

/** An address of the Kubernetes API server with `https://` in front where there is no scheme. */
export function withScheme(address: string): string {
  return address.startsWith('https://') || address.startsWith('http://') ? address : `https://${address}`;
}

/** The part of the endpoint VM's advanced settings that the sandbox keeps: services, and the kubelet's keys in clear text. */
export function guestinfo(config: VchConfig): Readonly<Record<string, string>> {
  const services = ['docker-personality', ...(config.kubelet === undefined ? [] : ['kubelet-starter']), 'port-layer', 'vicadmin'];
  const keys: Record<string, string> = {
    'guestinfo.vice./init/common/name': config.name,
    'guestinfo.vice./init/sessions': services.join('|'),
    'guestinfo.vice./init/version/BuildNumber': config.version.split('-').at(-2) ?? '',
  };
  const environment = kubeletEnvironment(config);
  if (config.kubelet === undefined) return keys;
  const session = 'guestinfo.vice./init/sessions|kubelet-starter';
  return {
    ...keys,
    [`${session}/active`]: 'true',
    [`${session}/cmd/Args`]: '0',
    [`${session}/cmd/Args~`]: '/sbin/kubelet-starter',
    [`${session}/cmd/Env`]: String(environment.length - 1),
    [`${session}/cmd/Env~`]: environment.join('|'),
    [`${session}/cmd/Path`]: '/sbin/kubelet-starter',
    [`${session}/common/id`]: 'kubelet-starter',
    [`${session}/common/name`]: 'kubelet-starter',
    [`${session}/restart`]: 'true',
    'guestinfo.vice./virtual_kubelet/KubeletConfigContent': config.kubelet.configContent,
    'guestinfo.vice./virtual_kubelet/KubeletConfigFile': config.kubelet.configFile,
    'guestinfo.vice./virtual_kubelet/KubernetesServerAddress': config.kubelet.serverAddress,
  };
}
