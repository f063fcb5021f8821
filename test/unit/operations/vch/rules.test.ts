import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optionChanges, repeatedWords } from '../../../../src/operations/vch/config-difference.ts';
import { checkOptions, optionProblems } from '../../../../src/operations/vch/rules/check-options.ts';
import { parseRange } from '../../../../src/operations/vch/rules/cidr.ts';
import { readPassThrough } from '../../../../src/operations/vch/pass-through.ts';

const options = (line: string) => readPassThrough(line.split(' ').filter(Boolean), '/', { complete: false }).values;
const problems = (line: string) => optionProblems(options(line), { strictProxies: true });

const STATIC = '--public-network-ip=192.0.2.10/24 --public-network-gateway=192.0.2.1';

describe('options that vic-machine would refuse', () => {
  it.each([
    ['--vs nolabel', 'has no label'],
    ['--volume-store nfs://host/path', 'has no label'],
    ['--volume-store ds1/a?x=1:l', 'only NFS takes'],
    ['--volume-store nfs://:l', 'names no NFS host'],
    ['--volume-store nfs://host:l', 'no path on the NFS host'],
    ['--volume-store http://host/path:l', 'neither on a datastore nor on NFS'],
    ['--volume-store a:l --vs b:l', 'repeats the label'],
    ['--image-store a%b', 'the character %'],
    ['--base-image-size big', 'no size such as 8GB'],
    ['--bridge-network-range 172.16.0.0', 'is no network'],
    ['--bnr 172.16.0.0/24', 'too small'],
    ['-b same --public-network same', "must be the VCH's own"],
    ['--public-network-ip 192.0.2.10', 'no address with its network'],
    ['--public-network-ip 192.0.2.10/24', 'needs --public-network-gateway'],
    ['--client-network-gateway 192.0.2.1', 'needs --client-network-ip'],
    ['--public-network-ip 192.0.2.10/24 --public-network-gateway 198.51.100.1', 'is not in the network'],
    [`${STATIC} --client-network-ip 192.0.2.11/24`, 'shares the port group'],
    ['--client-network c --management-network c --client-network-ip 192.0.2.1/24 --management-network-ip 192.0.2.2/24', 'give one of them'],
    ['--client-network c --client-network-ip 192.0.2.9/24 --client-network-gateway 192.0.2.1', 'needs the networks'],
    ['--public-network-ip 192.0.2.10/24 --public-network-gateway 10.0.0.0/8:192.0.2.1', 'takes no destinations'],
    ['--dns-server dns.example.test', 'is no IP address'],
    ['--cn pg:my:alias', 'not of the form'],
    ['--cn bridge', 'may not be called bridge'],
    ['--cng pg:192.0.2.1/24', 'which no --container-network names'],
    ['--cn pg:a --cng a:192.0.2.1/24', 'not its alias'],
    ['--cn pg:a --cnr pg:192.0.2.0/25', 'needs --container-network-gateway'],
    ['--cn pg:a --cng pg:192.0.2.1/24 --cnr pg:192.0.3.1-192.0.3.9', "lies outside its gateway's network"],
    ['--cn pg:a --cnd pg:x', 'has no IP address'],
    ['--cn pg:a --cnf pg:ajar', 'has no level'],
    ['--memory 4GB', 'no whole number of MB, without a unit'],
    ['--cpu-shares much', 'none of high, normal, low'],
    ['--memory 1000 --memory-reservation 2000', 'is above --memory'],
    ['--ops-password x', 'needs --ops-user'],
    ['--ops-grant-perms', 'needs --ops-user'],
    ['--tls-server-cert a.pem', 'go together'],
    ['-k --tls-server-cert a.pem --tls-server-key b.pem', '--no-tls excludes'],
    ['--http-proxy https://proxy:3128', 'http://host:port'],
    ['--https-proxy proxy:3128', 'https://host:port'],
    ['--insecure-registry 10.0.0.0/8', 'only hosts and URLs'],
    ['--syslog-address http://logs', 'udp://host'],
    ['--cnc fixed', 'neither {name} nor {id}'],
  ])('%s: %s', (line, said) => {
    expect(problems(line).join('\n')).toContain(said);
  });

  it.each([
    '--vs ds1/vols:default --vs ds://ds2:fast --vs nfs://nas.example.test/share?uid=1&gid=2:shared --vs store:x',
    `${STATIC} --dns-server 192.0.2.53 --dns-server 2001:db8::1`,
    '--client-network c --client-network-ip 198.51.100.9/24 --client-network-gateway 10.0.0.0/8,172.16.0.0/12:198.51.100.1',
    '--cn pg:a --cng pg:192.0.2.1/24 --cnr pg:192.0.2.10-20 --cnr pg:192.0.2.128/25 --cnd pg:192.0.2.53 --cnf pg:Open --cn other',
    '--memory 0 --cpu 2000 --memory-shares high --cpu-shares 4000 --endpoint-memory 4096 --base-image-size 8.5GB',
    '--ops-user ops --ops-password x --ops-grant-perms --tls-server-cert a.pem --tls-server-key b.pem',
    '--http-proxy http://proxy.example.test:3128 --https-proxy https://proxy --syslog-address udp://logs.example.test --insecure-registry reg:5000',
    '--container-name-convention vch-{name} --whitelist-registry 10.0.0.0/8 --http-proxy= --dns-server=',
  ])('takes %s', (line) => {
    expect(problems(line)).toEqual([]);
  });

  it('lists all of them in one error', () => {
    expect(() => {
      checkOptions(options('--memory x --dns-server y'), 'create vch web');
    }).toThrow(/several options are not valid\n {2}--dns-server.*\n {2}--memory/);
  });

  it('takes either scheme for both proxies where the binary may be a release', () => {
    expect(optionProblems(options('--http-proxy https://proxy:3128'), { strictProxies: false })).toEqual([]);
  });

  it('is total', () => {
    const flags = [
      '--volume-store',
      '--container-network',
      '--container-network-ip-range',
      '--container-network-gateway',
      '--public-network-ip',
      '--dns-server',
      '--syslog-address',
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...flags), fc.string())), (given) => {
        const values = new Map<string, string[]>();
        for (const [flag, value] of given) values.set(flag, [...(values.get(flag) ?? []), value]);
        for (const problem of optionProblems(values, { strictProxies: true })) expect(problem).toMatch(/^--/);
      }),
    );
  });

  it('reads ranges as first and last address', () => {
    expect(parseRange('192.0.2.10-20')).toEqual([3221225994, 3221226004]);
    expect(parseRange('192.0.2.20-192.0.2.10')).toBeUndefined();
    expect(parseRange('192.0.2.0/31')).toEqual([3221225984, 3221225985]);
  });
});

describe('the difference that configure makes', () => {
  const current = {
    'volume-store': ['ds://LocalDS_0/vols:default'],
    'container-network': ['pg1:routed', 'pg2:b'],
    'container-network-gateway': ['pg1:192.0.2.1/24'],
    memory: ['4096'],
  };

  it('repeats existing volume stores and networks, with what belongs to them', () => {
    expect(repeatedWords(options('--vs LocalDS_0/more:fast'), current)).toEqual(['--volume-store', 'ds://LocalDS_0/vols:default']);
    expect(repeatedWords(options('--cn pg3:c'), current)).toEqual([
      ...['--container-network', 'pg1:routed', '--container-network', 'pg2:b', '--container-network-gateway', 'pg1:192.0.2.1/24'],
    ]);
    expect(repeatedWords(options('--vs elsewhere:default'), current)).toEqual([]);
    expect(repeatedWords(options('--memory 1'), current)).toEqual([]);
  });

  it('is empty for what is there already, in whatever spelling', () => {
    expect(optionChanges(options('--memory 4096 --vs LocalDS_0/vols:default --cpu 0 --cn pg2:b'), current)).toEqual([]);
  });

  it('names what is, and what would be', () => {
    expect(optionChanges(options('--memory 8192 --cn pg3:c'), current)).toEqual([
      { option: '--memory', from: ['4096'], to: ['8192'] },
      { option: '--container-network', from: ['pg1:routed', 'pg2:b'], to: ['pg1:routed', 'pg2:b', 'pg3:c'] },
    ]);
  });

  it('holds what nobody can compare, and no password', () => {
    expect(optionChanges(options('--tls-cname web --ops-user ops --ops-password hidden'), { 'ops-user': ['ops'] })).toEqual([
      { option: '--tls-cname', from: [], to: ['web'] },
      { option: '--ops-password', from: [], to: ['[redacted]'] },
    ]);
  });
});
