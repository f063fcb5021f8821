import type { FlagSpec } from './flag-spec.ts';
import { NETWORK_FLAGS } from './network-flags.ts';
import { OTHER_FLAGS } from './other-flags.ts';

/** Flags of every command of vic-machine on feature/wolfpack, in the order of its help (vmware/vic cmd/vic-machine). */
export const FLAGS: Readonly<Record<string, readonly FlagSpec[]>> = {
  create: list(`
    target user password thumbprint name compute-resource ops-user ops-password ops-grant-perms image-store base-image-size affinity-vm-group
    container-name-convention volume-store dns-server bridge-network bridge-network-range client-network client-network-gateway
    client-network-ip public-network public-network-gateway public-network-ip management-network management-network-gateway
    management-network-ip container-network container-network-gateway container-network-ip-range container-network-dns
    container-network-firewall memory memory-reservation memory-shares endpoint-memory cpu cpu-reservation cpu-shares endpoint-cpu
    tls-server-key tls-server-cert tls-cname tls-cert-path no-tlsverify organization certificate-key-size tls-ca no-tls registry-ca
    insecure-registry whitelist-registry https-proxy http-proxy syslog-address appliance-iso bootstrap-iso force timeout asymmetric-routes
    k8s-server-address k8s-config debug extended-help`),
  configure: list(
    `
    target user password thumbprint ops-user ops-password ops-grant-perms id name compute-resource affinity-vm-group container-name-convention
    volume-store dns-server container-network container-network-gateway container-network-ip-range container-network-dns
    container-network-firewall memory memory-reservation memory-shares cpu cpu-reservation cpu-shares tls-server-key tls-server-cert tls-cname
    tls-cert-path no-tlsverify organization certificate-key-size tls-ca registry-ca https-proxy http-proxy force timeout reset-progress rollback
    debug extended-help`,
    { force: { usage: 'Force the configure operation' }, timeout: { usage: 'Time to wait for configure' } },
  ),
  delete: list(
    `
    target user password thumbprint id name compute-resource force timeout debug`,
    { force: { usage: 'Force the deletion' }, timeout: { usage: 'Time to wait for delete' } },
  ),
  ls: list(
    `
    target user password thumbprint compute-resource timeout debug`,
    { timeout: { usage: 'Time to wait for list' } },
  ),
  inspect: list(
    `
    target user password thumbprint id name compute-resource timeout tls-cert-path debug`,
    { timeout: { usage: 'Time to wait for inspect' }, 'tls-cert-path': { usage: "The path to check for existing certificates. Defaults to './<vch name>/'" } },
  ),
  'inspect config': list(
    `
    format target user password thumbprint id name compute-resource timeout tls-cert-path debug`,
    { timeout: { usage: 'Time to wait for inspect' }, 'tls-cert-path': { usage: "The path to check for existing certificates. Defaults to './<vch name>/'" } },
  ),
  upgrade: list(
    `
    target user password thumbprint id name compute-resource appliance-iso bootstrap-iso force timeout rollback reset-progress debug`,
    {
      'appliance-iso': { hidden: false },
      'bootstrap-iso': { hidden: false },
      force: { usage: 'Force the upgrade (ignores version check & thumbprint)' },
      timeout: { usage: 'Time to wait for upgrade' },
      rollback: { hidden: false, usage: 'Roll back VCH version to before the current upgrade' },
      debug: { hidden: false },
    },
  ),
  debug: list(
    `
    target user password thumbprint id name compute-resource enable-ssh authorized-key rootpw timeout debug`,
    { timeout: { usage: 'Time to wait for operation to complete' } },
  ),
  'update firewall': list(
    `
    target user password thumbprint compute-resource timeout allow deny debug`,
    { timeout: { usage: 'Time to wait for update firewall' } },
  ),
};

/** What the 1.5 releases say differently. */
const RELEASED: Changes = {
  'bridge-network': {
    usage: 'The bridge network port group inventory path or name (private port group for containers). Defaults to the Virtual Container Host name',
  },
  'client-network': {
    usage: 'The client network port group inventory path or name (restricts DOCKER_API access to this network). Defaults to DHCP - see advanced help (-x)',
  },
  'public-network': {
    usage:
      "The public network port group inventory path or name (port forwarding and default route). Defaults to 'VM Network' and DHCP -- see advanced help (-x)",
  },
  'management-network': {
    usage: 'The management network port group inventory path or name (provides route to target hosting vSphere). Defaults to DCHP - see advanced help (-x)',
  },
  'https-proxy': { usage: 'An HTTPS proxy for use when fetching images, in the form http(s)://fqdn_or_ip:port' },
  'http-proxy': { usage: 'An HTTP proxy for use when fetching images, in the form http(s)://fqdn_or_ip:port' },
};

/**
 * The same for the 1.5 releases (v1.5.1 to v1.5.6), for the commands whose flags differ: they know storage quotas, container
 * counts, bridge network widths and proxy exceptions, and nothing of Kubernetes.
 */
export const FLAGS_1_5: Readonly<Record<string, readonly FlagSpec[]>> = {
  create: list(
    `
    target user password thumbprint name compute-resource ops-user ops-password ops-grant-perms image-store base-image-size affinity-vm-group
    container-name-convention volume-store dns-server bridge-network bridge-network-range bridge-network-width client-network
    client-network-gateway client-network-ip public-network public-network-gateway public-network-ip management-network
    management-network-gateway management-network-ip container-network container-network-gateway container-network-ip-range
    container-network-dns container-network-firewall memory memory-reservation memory-shares endpoint-memory cpu cpu-reservation cpu-shares
    endpoint-cpu storage-quota containers tls-server-key tls-server-cert tls-cname tls-cert-path no-tlsverify organization certificate-key-size
    tls-ca no-tls registry-ca insecure-registry whitelist-registry https-proxy http-proxy no-proxy syslog-address appliance-iso bootstrap-iso
    force timeout asymmetric-routes debug extended-help`,
    { ...RELEASED },
  ),
  configure: list(
    `
    target user password thumbprint ops-user ops-password ops-grant-perms id name compute-resource affinity-vm-group container-name-convention
    volume-store dns-server container-network container-network-gateway container-network-ip-range container-network-dns
    container-network-firewall memory memory-reservation memory-shares cpu cpu-reservation cpu-shares storage-quota containers tls-server-key
    tls-server-cert tls-cname tls-cert-path no-tlsverify organization certificate-key-size tls-ca registry-ca https-proxy http-proxy no-proxy
    syslog-address force timeout reset-progress rollback debug extended-help`,
    { ...RELEASED, force: { usage: 'Force the configure operation' }, timeout: { usage: 'Time to wait for configure' } },
  ),
};

type Changes = Readonly<Record<string, Partial<FlagSpec>>>;

/** The flags of these names, with what the command says differently. */
function list(names: string, changes: Changes = {}): readonly FlagSpec[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name): FlagSpec => {
      const common = NETWORK_FLAGS[name] ?? OTHER_FLAGS[name];
      if (common === undefined) throw new Error(`no flag is called ${name}`);
      return { name, ...common, ...changes[name] };
    });
}
