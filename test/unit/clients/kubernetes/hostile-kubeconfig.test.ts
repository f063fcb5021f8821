import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../../src/clients/kubernetes/connect.ts';
import { examineKubeconfig, readKubeconfig } from '../../../../src/clients/kubernetes/kubeconfig.ts';
import { isVickError } from '../../../../src/errors/vick-error.ts';
import { preflightCluster } from '../../../../src/operations/preflight/preflight.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-hostile-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const quiet = { detail: () => undefined, done: () => undefined, fail: () => undefined, skip: () => undefined };
const reporter = { step: () => quiet, info: () => undefined, warn: () => undefined, verbose: () => undefined };

/** Every check without a network: the results, each of them a finding. */
async function check(content: string | Uint8Array): Promise<readonly { readonly name: string; readonly status: string; readonly message?: string }[]> {
  const path = join(folder, 'config');
  await writeFile(path, content);
  const source = { explicitPath: path, env: {}, homeDirectory: folder, cwd: folder, fs: nodeFileSystem };
  const { checks } = await preflightCluster(
    { cluster: {}, nodeName: 'kubelet-web', patchesNode: false, identity: 'node', serverAddress: 'https://192.0.2.1:6443', loopbackAllowed: false, skip: [] },
    {
      clock: new FakeClock(),
      reporter,
      kubernetes: {
        readKubeconfig: () => readKubeconfig(source),
        examine: () => examineKubeconfig(source),
        probe: () => Promise.resolve({ dns: { error: 'the test is offline' } }),
        connect,
      },
    },
    new AbortController().signal,
  );
  return checks;
}

function verdict(checks: Awaited<ReturnType<typeof check>>): string | undefined {
  return checks.find(({ name }) => name === 'kubeconfig')?.status;
}

const GOOD = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'c',
  clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443' } }],
  users: [{ name: 'u', user: { token: 'abc' } }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
};

describe('a hostile kubeconfig is a finding', () => {
  it.each([
    ['empty', ''],
    ['binary', Buffer.from([0, 1, 2, 0xff, 0xfe, 0x80, 0, 0])],
    ['NULs', '\0\0\0\0'],
    ['a cycle', 'kind: &a [*a]\n'],
    ['a cycle of maps', '&a\nkind: Config\nclusters: *a\nself: *a\n'],
    ['a cycle in a list', 'kind: Config\nclusters: &a\n- name: x\n  cluster: *a\n- *a\n'],
    [
      'a billion laughs',
      `a: &a [1,2,3,4,5,6,7,8,9]\n${'bcdefghi'
        .split('')
        .map(
          (name, index) =>
            `${name}: &${name} [${Array<string>(9)
              .fill(`*${'abcdefgh'[index] ?? ''}`)
              .join(',')}]`,
        )
        .join('\n')}\n`,
    ],
    ['deep lists', '['.repeat(200_000)],
    ['deep maps', '{a: '.repeat(50_000)],
    ['deep blocks', Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['a list', '- 1\n- 2\n'],
    ['a number', '42'],
    ['two documents', `${stringify(GOOD)}---\n${stringify(GOOD)}`],
    ['another kind', 'kind: Pod\n'],
    ['a kind of another type', 'kind: {a: [1]}\n'],
    ['text where lists belong', 'kind: Config\nclusters: hello\n'],
    ['an unknown tag', 'kind: !!js/function "function(){}"\n'],
    ['a huge text', `kind: Config\nx: ${'y'.repeat(20_000_000)}\n`],
    ['a huge list', `kind: Config\nusers:\n${'- name: a\n'.repeat(20_000)}`],
  ] as const)('%s', async (_what, content) => {
    const checks = await check(content);
    expect(verdict(checks)).toBe('fail');
    expect(checks.find(({ name }) => name === 'kubeconfig')?.message).not.toMatch(/Maximum call stack|TypeError|undefined is not/);
  });

  it('with keys of the prototype is read like any other', async () => {
    const checks = await check(`${stringify(GOOD)}__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}\n`);
    expect(verdict(checks)).toBe('pass');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ['server', ['https://[::1', 'https://', 'ftp://a', 'https://a b', 5, null, {}, ['https://a'], 'https://x:99999']],
    ['proxy-url', ['::::', 'socks5://127.0.0.1:1', 5, 'http://[']],
    ['tls-server-name', ['\0', '192.0.2.1', {}, 'a'.repeat(70_000)]],
    ['certificate-authority-data', ['!!!', Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----').toString('base64'), 7, [], '\0']],
    ['certificate-authority', ['/', '/nonexistent', '/dev/null', 5, '\0']],
  ] as const)('%s of a cluster may hold anything', async (key, values) => {
    for (const value of values) {
      const checks = await check(stringify({ ...GOOD, clusters: [{ name: 'c', cluster: { ...GOOD.clusters[0]?.cluster, [key]: value } }] }));
      for (const { message = '' } of checks) expect(message).not.toMatch(/TypeError|stack|at .*\.ts:/);
    }
  });

  it('whatever the words in it', async () => {
    const scalar = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('\0', '-----BEGIN CERTIFICATE-----', 'https://a', '__proto__'),
    );
    const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.string(), scalar, { maxKeys: 3 }));
    const keys = fc.constantFrom(
      ...['server', 'token', 'tokenFile', 'username', 'password', 'client-certificate-data', 'client-key-data', 'exec', 'auth-provider', 'proxy-url'],
    );
    const entry = fc.record({ name: fc.oneof(fc.constant('c'), value), cluster: fc.dictionary(keys, value), user: fc.dictionary(keys, value), context: value });
    const config = fc.record({
      kind: fc.constantFrom('Config', 'Config', 5),
      'current-context': fc.oneof(fc.constant('c'), value),
      clusters: fc.array(entry),
      users: fc.array(entry),
      contexts: fc.array(entry),
    });
    await fc.assert(
      fc.asyncProperty(config, async (document) => {
        const checks = await check(stringify(document, { aliasDuplicateObjects: false }));
        expect(checks.length).toBeGreaterThan(15);
      }),
      { numRuns: 80 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(verdict(await check(bytes))).toBe('fail');
      }),
      { numRuns: 100 },
    );
  });

  it('is refused by the reader itself with an error of the kubeconfig', async () => {
    const path = join(folder, 'cycle');
    await writeFile(path, 'kind: &a [*a]\n');
    const refused = await readKubeconfig({ explicitPath: path, env: {}, homeDirectory: folder, cwd: folder, fs: nodeFileSystem }).catch(
      (error: unknown) => error,
    );
    expect(isVickError(refused) && refused.code).toBe('KUBECONFIG_INVALID');
  });
});
