import type { HostConfig } from '../../clients/docker-engine/containers-port.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';

export interface DnsSettings {
  /** Addresses of the cluster's DNS; empty: pods with ClusterFirst get the engine's resolver. */
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
}

/** Resolver settings by dnsPolicy and dnsConfig (pkg/kubelet/network/dns/dns.go, GetPodDNS). Nothing set: the engine's own. */
export function dnsOf(pod: Pod, settings: DnsSettings): Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions'> {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {};
  const fromCluster = (dnsPolicy === 'ClusterFirst' && hostNetwork !== true) || dnsPolicy === 'ClusterFirstWithHostNet';
  const base = fromCluster && settings.clusterDns.length > 0 ? clusterResolver(pod, settings) : { servers: [], search: [], options: new Map<string, string>() };
  const options = new Map(base.options);
  for (const { name = '', value } of dnsConfig?.options ?? []) options.set(name, value === undefined ? name : `${name}:${value}`);
  const servers = [...new Set([...base.servers, ...(dnsConfig?.nameservers ?? [])])];
  const search = [...new Set([...base.search, ...(dnsConfig?.searches ?? [])])];
  // A single dot means "no search list", where the engine would give its own.
  const noSearch = dnsPolicy === 'None' && search.length === 0 ? ['.'] : [];
  return {
    ...(servers.length === 0 ? {} : { Dns: servers }),
    ...(search.length + noSearch.length === 0 ? {} : { DnsSearch: [...search, ...noSearch] }),
    ...(options.size === 0 ? {} : { DnsOptions: [...options.values()] }),
  };
}

function clusterResolver(pod: Pod, { clusterDns, clusterDomain }: DnsSettings) {
  const namespace = pod.metadata?.namespace ?? 'default';
  const search = clusterDomain === '' ? [] : [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: clusterDns, search, options: new Map([['ndots', 'ndots:5']]) };
}

export interface HostNames {
  readonly hostname: string;
  /** With subdomain and cluster domain; undefined without a subdomain. */
  readonly fqdn: string | undefined;
}

/** pkg/kubelet/util/util.go, GetNodenameForKernel; pkg/kubelet/kubelet_pods.go, GeneratePodHostNameAndDomain. */
export function hostNames(pod: Pod, { clusterDomain }: DnsSettings): HostNames {
  const { hostname, subdomain, setHostnameAsFQDN } = pod.spec ?? {};
  const short = (hostname ?? pod.metadata?.name ?? '').slice(0, 63).replace(/[-.]+$/, '');
  const fqdn = subdomain === undefined || subdomain === '' ? undefined : `${short}.${subdomain}.${pod.metadata?.namespace ?? 'default'}.svc.${clusterDomain}`;
  return { hostname: setHostnameAsFQDN === true && fqdn !== undefined ? fqdn : short, fqdn };
}

/** The hosts file of a pod with a network of its own (pkg/kubelet/kubelet_pods.go, managedHostsFileContent). */
export function hostsFile(pod: Pod, ips: readonly string[], { hostname, fqdn }: HostNames): string {
  const own = ips.map((ip) => (fqdn === undefined || fqdn === hostname ? `${ip}\t${hostname}` : `${ip}\t${fqdn}\t${hostname}`));
  const aliases = (pod.spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`);
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...own,
    ...(aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases]),
    '',
  ].join('\n');
}
