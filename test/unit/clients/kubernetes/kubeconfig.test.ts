import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { flattenKubeconfig } from '../../../../src/clients/kubernetes/flatten-kubeconfig.ts';
import { readKubeconfig, type KubeconfigSource } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';

const CERT = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n';
const b64 = (text: string): string => Buffer.from(text).toString('base64');

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vick-kubeconfig-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const source = (extra: Partial<KubeconfigSource> = {}): KubeconfigSource => ({ env: {}, homeDirectory: home, cwd: home, fs: nodeFileSystem, ...extra });

function config(overrides: { cluster?: object; user?: object; context?: object; current?: string } = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': overrides.current ?? 'main',
    clusters: [{ name: 'c', cluster: overrides.cluster ?? { server: 'https://k8s.example.test:6443/', 'certificate-authority-data': b64(CERT) } }],
    users: [{ name: 'u', user: overrides.user ?? { 'client-certificate-data': b64(CERT), 'client-key-data': b64(KEY) } }],
    contexts: [{ name: 'main', context: overrides.context ?? { cluster: 'c', user: 'u', namespace: 'web' } }],
  };
}

async function write(name: string, content: object | string): Promise<string> {
  const path = join(home, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

describe('where it is read from', () => {
  test('~/.kube/config by default', async () => {
    await write('.kube/config', config());
    const read = await readKubeconfig(source());
    expect(read).toMatchObject({
      contextName: 'main',
      namespace: 'web',
      cluster: { server: 'https://k8s.example.test:6443', caPem: CERT },
      user: { kind: 'certificate', keyPem: KEY },
    });
  });

  test('$KUBECONFIG is a list whose first file wins, and missing files in it are skipped', async () => {
    const one = await write('one', config({ cluster: { server: 'https://one.example.test' } }));
    const two = await write('two', config({ cluster: { server: 'https://two.example.test' } }));
    const read = await readKubeconfig(source({ env: { KUBECONFIG: [join(home, 'absent'), two, one].join(delimiter) } }));
    expect(read.cluster.server).toBe('https://two.example.test');
  });

  test('an explicit path beats both', async () => {
    await write('.kube/config', config());
    const path = await write('explicit', config({ cluster: { server: 'https://explicit.example.test' } }));
    expect((await readKubeconfig(source({ explicitPath: 'explicit' }))).path).toBe(path);
  });

  test('relative paths inside are relative to the file', async () => {
    await write('dir/ca.pem', CERT);
    await write('dir/token', 'sesame-token\n');
    await write('dir/config', config({ cluster: { server: 'https://x.example.test', 'certificate-authority': 'ca.pem' }, user: { tokenFile: 'token' } }));
    const read = await readKubeconfig(source({ explicitPath: 'dir/config' }));
    expect(read.cluster.caPem).toBe(CERT);
    expect(read.user).toMatchObject({ kind: 'token', token: 'sesame-token' });
  });
});

describe('what is refused, with the reason', () => {
  test.each([
    ['not YAML', '{ a: [', /not valid YAML/],
    ['empty', '', /empty or not a mapping/],
    ['another kind', 'kind: Pod\n', /kind is "Pod"/],
    ['clusters no list', 'clusters: 3\n', /clusters is not a list/],
    ['no context at all', 'apiVersion: v1\nkind: Config\n', /no current context \(it has no contexts\)/],
    ['unknown context', config({ current: 'other' }), /no context "other" \(it has: main\)/],
    ['cluster missing', config({ context: { cluster: 'nope', user: 'u' } }), /names cluster "nope", which is not in it/],
    ['user missing', config({ context: { cluster: 'c', user: 'nope' } }), /names user "nope"/],
    ['no server', config({ cluster: {} }), /cluster "c" has no server/],
    ['server no URL', config({ cluster: { server: 'k8s:6443' } }), /not an https URL/],
    [
      'CA no PEM',
      config({ cluster: { server: 'https://x.example.test', 'certificate-authority-data': b64('junk') } }),
      /certificate-authority-data of "c" is not a PEM certificate/,
    ],
    ['CA file missing', config({ cluster: { server: 'https://x.example.test', 'certificate-authority': 'gone.pem' } }), /gone\.pem, which cannot be read/],
    ['key without certificate', config({ user: { 'client-key-data': b64(KEY) } }), /client key without its certificate/],
  ])('%s', async (_name, content, message) => {
    await write('config', content);
    await expect(readKubeconfig(source({ explicitPath: 'config' }))).rejects.toMatchObject({
      code: 'KUBECONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('no file: KUBECONFIG_NOT_FOUND names where it looked', async () => {
    await expect(readKubeconfig(source())).rejects.toMatchObject({
      code: 'KUBECONFIG_NOT_FOUND',
      message: expect.stringContaining(join(home, '.kube', 'config')),
    });
  });
});

describe('flattening', () => {
  test('gives one self-contained context that reads back the same', async () => {
    await write('ca.pem', CERT);
    await write('config', config({ cluster: { server: 'https://x.example.test:6443', 'certificate-authority': 'ca.pem', 'tls-server-name': 'kubernetes' } }));
    const read = await readKubeconfig(source({ explicitPath: 'config' }));
    const flat = flattenKubeconfig(read);
    expect(flat).not.toContain('ca.pem');
    await write('flat', flat);
    const again = await readKubeconfig(source({ explicitPath: 'flat' }));
    expect({ ...again, path: '', user: { ...again.user, raw: {} } }).toEqual({ ...read, path: '', user: { ...read.user, raw: {} } });
    expect(parse(flat)).toMatchObject({ 'current-context': 'main' });
  });

  test('refuses what only works on this machine', async () => {
    await write('config', config({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'login' } } }));
    const read = await readKubeconfig(source({ explicitPath: 'config' }));
    expect(read.user.kind).toBe('exec');
    expect(() => flattenKubeconfig(read)).toThrow(/logs in with a program/);
  });
});
