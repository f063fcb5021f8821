import type { FlagTexts } from './flag-spec.ts';

/** Flags about networks, as create of feature/wolfpack has them (vmware/vic cmd/vic-machine/common). */
export const NETWORK_FLAGS: FlagTexts = {
  'dns-server': {
    kind: 'strings',
    hidden: true,
    usage: 'DNS server for the client, public, and management networks. Defaults to 8.8.8.8 and 8.8.4.4 when VCH uses static IP',
  },
  'bridge-network': {
    alias: 'b',
    kind: 'string',
    usage: 'The bridge network port group name (private port group for containers). Defaults to the Virtual Container Host name',
  },
  'bridge-network-range': {
    alias: 'bnr',
    kind: 'string',
    default: '172.16.0.0/12',
    hidden: true,
    usage: 'The IP range from which bridge networks are allocated',
  },
  'client-network': {
    alias: 'cln',
    kind: 'string',
    usage: 'The client network port group name (restricts DOCKER_API access to this network). Defaults to DCHP - see advanced help (-x)',
  },
  'client-network-gateway': {
    kind: 'string',
    hidden: true,
    usage:
      'Gateway for the VCH on the client network, including one or more routing destinations in a comma separated list, e.g. 10.1.0.0/16,10.2.0.0/16:10.0.0.1',
  },
  'client-network-ip': { kind: 'string', hidden: true, usage: 'IP address with a network mask for the VCH on the client network, e.g. 10.0.0.2/24' },
  'public-network': {
    alias: 'pn',
    kind: 'string',
    default: 'VM Network',
    usage: "The public network port group name (port forwarding and default route). Defaults to 'VM Network' and DHCP -- see advanced help (-x)",
  },
  'public-network-gateway': { kind: 'string', hidden: true, usage: 'Gateway for the VCH on the public network, e.g. 10.0.0.1' },
  'public-network-ip': { kind: 'string', hidden: true, usage: 'IP address with a network mask for the VCH on the public network, e.g. 10.0.1.2/24' },
  'management-network': {
    alias: 'mn',
    kind: 'string',
    usage: 'The management network port group name (provides route to target hosting vSphere). Defaults to DCHP - see advanced help (-x)',
  },
  'management-network-gateway': {
    kind: 'string',
    hidden: true,
    usage:
      'Gateway for the VCH on the management network, including one or more routing destinations in a comma separated list, e.g. 10.1.0.0/16,10.2.0.0/16:10.0.0.1',
  },
  'management-network-ip': { kind: 'string', hidden: true, usage: 'IP address with a network mask for the VCH on the management network, e.g. 10.0.2.2/24' },
  'container-network': {
    alias: 'cn',
    kind: 'strings',
    usage: 'vSphere network list that containers can use directly with labels, e.g. vsphere-net:backend. Defaults to DCHP - see advanced help (-x).',
  },
  'container-network-gateway': {
    alias: 'cng',
    kind: 'strings',
    hidden: true,
    usage: "Gateway for the container network's subnet in CONTAINER-NETWORK:SUBNET format, e.g. vsphere-net:172.16.0.1/16",
  },
  'container-network-ip-range': {
    alias: 'cnr',
    kind: 'strings',
    hidden: true,
    usage: 'IP range for the container network in CONTAINER-NETWORK:IP-RANGE format, e.g. vsphere-net:172.16.0.0/24, vsphere-net:172.16.0.10-172.16.0.20',
  },
  'container-network-dns': {
    alias: 'cnd',
    kind: 'strings',
    hidden: true,
    usage: 'DNS servers for the container network in CONTAINER-NETWORK:DNS format, e.g. vsphere-net:8.8.8.8. Ignored if no static IP assigned.',
  },
  'container-network-firewall': {
    alias: 'cnf',
    kind: 'strings',
    hidden: true,
    usage: 'Container network trust level in CONTAINER-NETWORK:LEVEL format. Options: Closed, Outbound, Peers, Published, Open.',
  },
  'bridge-network-width': { alias: 'bnw', kind: 'string', default: '16', hidden: true, usage: 'The default width of each new bridge network' },
};
