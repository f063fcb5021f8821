/**
 * Flags that are handed to vic-machine under their own names (vmware/vic cmd/vic-machine/create, configure). Those of
 * create that vick decides something about are in create-vch.ts.
 */
import type { FlagSpec } from '../spec.ts';

type Rest = Partial<Pick<FlagSpec, 'repeatable' | 'completes' | 'env' | 'secret'>>;

const text = (group: string, name: string, placeholder: string, description: string, rest: Rest = {}): FlagSpec => ({
  name,
  kind: 'string',
  placeholder,
  description,
  group,
  completes: 'none',
  ...rest,
});
const whole = (group: string, name: string, placeholder: string, description: string): FlagSpec => ({ name, kind: 'integer', placeholder, description, group });
const toggle = (group: string, name: string, description: string): FlagSpec => ({ name, kind: 'boolean', description, group });
const list: Rest = { repeatable: true };
const file: Rest = { completes: 'file' };

const OPERATIONS: readonly FlagSpec[] = [
  text('Operations user', 'ops-user', 'NAME', 'account the VCH itself uses (default: the one of --user, with all its rights)'),
  text(
    'Operations user',
    'ops-password',
    'TEXT',
    'password of the operations user; asked for on a terminal. vic-machine takes it as an argument only, which other users of this machine can see while it runs',
    {
      env: ['VICK_OPS_PASSWORD'],
      secret: true,
    },
  ),
  text('Operations user', 'ops-password-file', 'FILE', 'file with the password of the operations user', file),
  toggle('Operations user', 'ops-grant-perms', 'make roles with the needed rights and grant them to the operations user'),
];

const CONTAINER_NETWORKS: readonly FlagSpec[] = [
  text('Container networks', 'container-network', 'PORTGROUP[:ALIAS]', 'network that containers can use directly', list),
  text('Container networks', 'container-network-gateway', 'PORTGROUP:IP/LENGTH', 'its gateway and subnet', list),
  text('Container networks', 'container-network-ip-range', 'PORTGROUP:RANGE', 'addresses to give out: a CIDR or IP-IP, inside the subnet', list),
  text('Container networks', 'container-network-dns', 'PORTGROUP:IP', 'its DNS server', list),
  text('Container networks', 'container-network-firewall', 'PORTGROUP:LEVEL', 'how far it is trusted: closed, outbound, peers, published, open', list),
];

const RESERVATIONS: readonly FlagSpec[] = [
  whole('Resources', 'memory-reservation', 'MIB', 'memory kept free for the VCH'),
  text('Resources', 'memory-shares', 'SHARES', 'weight for memory: high, normal, low or a number'),
  whole('Resources', 'cpu-reservation', 'MHZ', 'CPU kept free for the VCH'),
  text('Resources', 'cpu-shares', 'SHARES', 'weight for CPU: high, normal, low or a number'),
  toggle('Resources', 'affinity-vm-group', 'a DRS VM group for the VCH and its containers; needs vCenter and DRS'),
];

const CERTIFICATES: readonly FlagSpec[] = [
  text('TLS', 'tls-cert-path', 'FOLDER', "folder the certificates are read from and written to (default: the VCH's own in the state folder)", {
    completes: 'directory',
  }),
  text('TLS', 'tls-server-cert', 'FILE', 'server certificate of your own, with --tls-server-key', file),
  text('TLS', 'tls-server-key', 'FILE', 'its key', file),
  text('TLS', 'tls-ca', 'FILE', 'who may sign certificates of clients', { ...list, ...file }),
  text('TLS', 'organization', 'NAME', 'organisation in generated certificates', list),
  whole('TLS', 'certificate-key-size', 'BITS', 'key size of generated certificates'),
];

const REGISTRIES: readonly FlagSpec[] = [text('Registries', 'registry-ca', 'FILE', 'further certificate authority for registries', { ...list, ...file })];

const PROXIES: readonly FlagSpec[] = [
  text('Proxies and logs', 'http-proxy', 'URL', 'proxy for image pulls: http://host:port'),
  text('Proxies and logs', 'https-proxy', 'URL', 'proxy for image pulls: https://host:port'),
];

const DNS = text('Networks', 'dns-server', 'IP', 'DNS server of the VCH (default: from DHCP, or 8.8.8.8 and 8.8.4.4)', list);
const CONVENTION = text('VCH', 'container-name-convention', 'PATTERN', 'names of container VMs, with {name} or {id} in it');
const DEBUG = whole('VCH', 'debug', 'LEVEL', 'debug level of the VCH: 0 to 3; 3 opens further ports in it');

/** Only builds of the released line know these. */
const RELEASED_ONLY: readonly FlagSpec[] = [
  whole('Resources', 'containers', 'COUNT', 'how many containers at most; vic-machine 1.5.x only'),
  whole('Storage', 'storage-quota', 'GB', 'space for images and containers; vic-machine 1.5.x only'),
  text('Proxies and logs', 'no-proxy', 'HOSTS', 'hosts that are reached without a proxy; vic-machine 1.5.x only'),
];

const SYSLOG = text('Proxies and logs', 'syslog-address', 'URL', 'where the VCH sends its logs: udp://host[:514] or tcp://host[:514]');

/** Flags of create besides those that create-vch.ts has. */
export const CREATE_VIC_FLAGS: readonly FlagSpec[] = [
  ...OPERATIONS,
  text('Storage', 'base-image-size', 'SIZE', 'disk size of containers, such as 8GB'),
  DNS,
  text('Networks', 'bridge-network-range', 'CIDR', 'addresses of bridge networks, /16 or larger (default: 172.16.0.0/12)'),
  whole('Networks', 'bridge-network-width', 'BITS', 'size of one bridge network; vic-machine 1.5.x only'),
  ...(['public', 'client', 'management'] as const).flatMap((role) => [
    text('Networks', `${role}-network-ip`, 'IP/LENGTH', `static address on the ${role} network (default: DHCP)`),
    text(
      'Networks',
      `${role}-network-gateway`,
      role === 'public' ? 'IP' : '[CIDR,…:]IP',
      role === 'public' ? 'its gateway, the default route' : 'its gateway, after the networks that are reached through it',
    ),
  ]),
  toggle('Networks', 'asymmetric-routes', 'accept answers that come by another network than the question'),
  ...CONTAINER_NETWORKS,
  ...RESERVATIONS,
  whole('Resources', 'endpoint-memory', 'MIB', 'memory of the endpoint VM (default: 2048)'),
  whole('Resources', 'endpoint-cpu', 'COUNT', 'processors of the endpoint VM (default: 1)'),
  ...CERTIFICATES,
  ...REGISTRIES,
  text('Registries', 'insecure-registry', 'HOST[:PORT]', 'registry without a trusted certificate', list),
  text('Registries', 'whitelist-registry', 'HOST|CIDR', 'registry that images may come from; without one, any', list),
  ...PROXIES,
  SYSLOG,
  CONVENTION,
  DEBUG,
  { ...toggle('VCH', 'force', 'go on with images of another build and with certificates that cannot be read'), short: 'f' },
  ...RELEASED_ONLY,
];

/** Flags of configure that change something. An empty value takes a proxy or the DNS servers away. */
export const CONFIGURE_VIC_FLAGS: readonly FlagSpec[] = [
  ...OPERATIONS,
  text('Storage', 'volume-store', 'STORE:LABEL', 'volume store to add; those that exist are repeated by vick', list),
  DNS,
  ...CONTAINER_NETWORKS.map((flag, index) =>
    index === 0 ? { ...flag, description: 'network to add for containers; those that exist are repeated by vick' } : flag,
  ),
  whole('Resources', 'memory', 'MIB', 'memory limit of the VCH, and so of the node; 0: none'),
  whole('Resources', 'cpu', 'MHZ', 'CPU limit of the VCH, and so of the node; 0: none'),
  ...RESERVATIONS,
  text('TLS', 'tls-cname', 'NAME', 'make new certificates for this name; clients need a certificate'),
  toggle('TLS', 'no-tlsverify', 'TLS, but clients need no certificate'),
  ...CERTIFICATES,
  ...REGISTRIES,
  ...PROXIES,
  SYSLOG,
  CONVENTION,
  DEBUG,
  { ...toggle('VCH', 'force', "vic-machine's own --force"), short: 'f' },
  ...RELEASED_ONLY,
];
