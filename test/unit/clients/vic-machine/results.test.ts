import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCompletionFlags, parseHelpFlags } from '../../../../src/clients/vic-machine/binary-flags.ts';
import { parseConfiguration, parseInspection } from '../../../../src/clients/vic-machine/inspect.ts';
import { parseOutput } from '../../../../src/clients/vic-machine/log-line.ts';
import { parseListTable } from '../../../../src/clients/vic-machine/ls-table.ts';
import { parseAddresses } from '../../../../src/clients/vic-machine/result-block.ts';
import { parseVersion, parseVersionOutput } from '../../../../src/clients/vic-machine/version.ts';
import { readTranscript } from '../../../support/transcript.ts';

const lines = (name: string) => parseOutput(readTranscript(name).stdout);
const table = (name: string) => parseListTable(readTranscript(name).stdout.split('\n'));

describe('parseAddresses', () => {
  it('reads the block of create', () => {
    expect(parseAddresses(lines('create-success-k8s'))).toEqual({
      id: 'vm-39',
      adminPortal: 'https://192.0.2.11:2378',
      publishedAddress: '192.0.2.11',
      managementAddress: '192.0.2.11',
      dockerEnv: { DOCKER_HOST: '192.0.2.11:2376' },
      dockerCommand: 'docker -H 192.0.2.11:2376 --tls info',
    });
  });

  it('reads the same from a terminal', () => {
    expect(parseAddresses(lines('create-success-terminal'))).toMatchObject({
      id: 'vm-189',
      adminPortal: 'https://192.0.2.10:2378',
      dockerEnv: { DOCKER_HOST: '192.0.2.10:2376' },
    });
  });

  it('reads ids in both spellings', () => {
    expect(parseAddresses(lines('delete-success')).id).toBe('vm-129');
  });

  it('reads several variables, folders with spaces too', () => {
    const output =
      'time="x" level=info msg="Docker environment variables:" \ntime="x" level=info msg="DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/home/a b/vch1 DOCKER_HOST=192.0.2.10:2376" \n';
    expect(parseAddresses(parseOutput(output)).dockerEnv).toEqual({
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: '/home/a b/vch1',
      DOCKER_HOST: '192.0.2.10:2376',
    });
  });

  it('leaves undefined what a run did not get to', () => {
    expect(parseAddresses(lines('create-interrupted'))).toMatchObject({ id: undefined, adminPortal: undefined, dockerEnv: {} });
  });
});

describe('parseListTable', () => {
  it('reads rows by the columns of the header', () => {
    const rows = table('ls-two');
    expect(rows?.map(({ id, name, path }) => [id, name, path])).toEqual([
      ['vm-29', 'vch1', '/DC0/host/DC0_C0/Resources'],
      ['vm-39', 'vch2', '/DC0/host/DC0_C0/Resources'],
    ]);
    expect(rows?.[0]?.version).toEqual({ text: 'v1.5.0-dev-19900-c7d40ac8', release: 'v1.5.0-dev', build: 19900, commit: 'c7d40ac8' });
    expect(rows?.[0]?.upgradeStatus).toBe('Up to date');
  });

  it.each([
    ['ls-one', 1],
    ['ls-empty', 0],
    ['ls-terminal', 1],
    ['ls-drs-disabled', 1],
    ['ls-v1.5.6', 2],
    ['esx-ls', 1],
    ['ls-upgrade-available', 2],
  ])('%s has %i', (name, count) => {
    expect(table(name)).toHaveLength(count);
  });

  it('tells no table from an empty one', () => {
    expect(table('ls-wrong-password')).toBeUndefined();
  });

  it('keeps spaces in names and paths', () => {
    const rows = parseListTable([
      'ID           PATH                            NAME            VERSION                          UPGRADE STATUS',
      'vm-29        /DC 0/host/My Cluster/Pool 1        my old vch        v1.5.0-dev-19900-c7d40ac8        Up to date',
      'vm-30        /DC0/host/C0/Resources          b               unknown                          Unknown: no rights',
    ]);
    expect(rows?.map(({ name }) => name)).toEqual(['my old vch', 'b']);
    expect(rows?.[1]).toMatchObject({ upgradeStatus: 'Unknown: no rights', version: { text: 'unknown', build: undefined } });
  });

  it('reads back any table that is laid out as vic-machine does', () => {
    const cell = fc.stringMatching(/^[A-Za-z0-9/_.-]+( [A-Za-z0-9/_.-]+){0,3}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.stringMatching(/^vm-[0-9]{1,6}$/), cell, cell, cell), { maxLength: 6 }), (data) => {
        const all = [['ID', 'PATH', 'NAME', 'VERSION', 'UPGRADE STATUS'], ...data.map((row) => [...row, 'Up to date'])];
        const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]!.length)) + 8);
        const rendered = all.map((row) => row.map((text, column) => (column < 4 ? text.padEnd(widths[column]!) : text)).join(''));
        expect(parseListTable(rendered)?.map((row) => [row.id, row.path, row.name, row.version.text])).toEqual(data);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (rows) => {
        expect(() => parseListTable(['ID        PATH        NAME        VERSION        UPGRADE STATUS', ...rows])).not.toThrow();
      }),
    );
  });
});

describe('inspect', () => {
  it('reads versions and the upgrade status', () => {
    expect(parseInspection(lines('inspect-by-name'))).toMatchObject({
      addresses: { id: 'vm-29', adminPortal: 'https://192.0.2.10:2378' },
      version: { build: 19900 },
      installerVersion: { release: 'v1.5.0-dev' },
      upgradeStatus: ['Installer has same version as VCH', 'No upgrade available with this installer version'],
    });
  });

  it('reads through debug lines', () => {
    expect(parseInspection(lines('inspect-debug-1')).addresses).toMatchObject({ id: 'vm-29', dockerEnv: { DOCKER_HOST: '192.0.2.10:2376' } });
  });

  it('reads the options of the verbose form', () => {
    expect(parseConfiguration(lines('inspect-config-verbose'))).toMatchObject({
      name: ['vch1'],
      'volume-store': ['ds://LocalDS_0/vols:default'],
      'compute-resource': ['/DC0/host/DC0_C0/Resources'],
    });
  });
});

describe('versions and flags', () => {
  it.each([
    ['version', 'v1.5.0-dev', 19900, 'c7d40ac8'],
    ['flag-version', 'v1.5.0-dev', 19900, 'c7d40ac8'],
    ['version-v1.5.6', 'v1.5.6', 21000, '2be3feb'],
  ])('%s', (name, release, build, commit) => {
    expect(parseVersionOutput(readTranscript(name).stdout)).toMatchObject({ release, build, commit });
  });

  it('keeps what is no version as it is', () => {
    expect(parseVersion('unknown')).toEqual({ text: 'unknown', release: 'unknown', build: undefined, commit: undefined });
    expect(parseVersionOutput('command not found')).toBeUndefined();
  });

  it('lists every flag and alias, the Kubernetes ones among them', () => {
    const flags = parseCompletionFlags(readTranscript('create-bash-completion').stdout);
    expect(flags.size).toBe(99);
    expect(flags.has('--k8s-server-address') && flags.has('-x') && flags.has('--bnr')).toBe(true);
    expect(parseCompletionFlags(readTranscript('create-help').stdout).size).toBe(0);
  });

  it('reads the flags of a help text, in every recorded one', () => {
    const create = parseCompletionFlags(readTranscript('create-bash-completion').stdout);
    const help = parseHelpFlags(readTranscript('create-extended-help').stdout);
    for (const flag of help) if (!['--extended-help', '-x', '--help', '-h'].includes(flag)) expect(create, flag).toContain(flag);
    expect([...help]).toEqual(
      expect.arrayContaining(['--k8s-server-address', '--k8s-config', '--bridge-network', '-b', '--container-network-firewall', '--cnf']),
    );
    expect([...parseHelpFlags(readTranscript('create-extended-help-v1.5.6').stdout)]).not.toContain('--k8s-config');
    expect([...parseHelpFlags(readTranscript('upgrade-help').stdout)].sort()).toEqual(
      [
        ...['--target', '-t', '--user', '-u', '--password', '-p', '--thumbprint', '--id', '--name', '-n', '--compute-resource', '-r'],
        ...['--appliance-iso', '--ai', '--bootstrap-iso', '--bi', '--force', '-f', '--timeout', '--rollback', '--reset-progress', '--debug', '-v'],
      ].sort(),
    );
    expect(parseHelpFlags(readTranscript('ls-one').stdout).size).toBe(0);
  });
});
