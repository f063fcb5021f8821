import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isVickError, VickError } from '../../../../src/errors/vick-error.ts';
import { clearEngine, readEngine, requireEngine, sandboxEngine, writeEngine } from '../../../../src/operations/sandbox/engine.ts';
import type { SandboxAccess } from '../../../../src/operations/sandbox/port.ts';
import { nodeFileSystem } from '../../../../src/platform/node/fs.ts';

const never = new AbortController().signal;
const HOME = '/home/me';
const files = (folder: string) => ({ ca: `${folder}/ca.pem`, certificate: `${folder}/cert.pem`, key: `${folder}/key.pem` });

test.each([undefined, '', 'process'])('%j: processes of this computer', (wanted) => {
  expect(sandboxEngine(wanted, { DOCKER_HOST: 'tcp://elsewhere:2375' }, HOME)).toBeUndefined();
});

test.each([
  ['unix:///run/my.sock', {}, { socketPath: '/run/my.sock' }],
  ['docker', {}, { socketPath: '/var/run/docker.sock' }],
  ['docker', { DOCKER_HOST: '' }, { socketPath: '/var/run/docker.sock' }],
  ['docker', { DOCKER_HOST: 'unix:///run/other.sock' }, { socketPath: '/run/other.sock' }],
  ['docker', { DOCKER_HOST: 'tcp://10.0.0.7:2375' }, { host: '10.0.0.7', port: 2375, tls: undefined }],
  ['tcp://engine', {}, { host: 'engine', port: 2375, tls: undefined }],
  ['tcp://engine:2376', {}, { host: 'engine', port: 2376, tls: files(`${HOME}/.docker`) }],
  ['tcp://engine', { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' }, { host: 'engine', port: 2376, tls: files('/certs') }],
  ['https://engine:8443', {}, { host: 'engine', port: 8443, tls: files(`${HOME}/.docker`) }],
  ['http://engine:2376', {}, { host: 'engine', port: 2376, tls: undefined }],
  ['tcp://[fd00::1]:2375', {}, { host: 'fd00::1', port: 2375, tls: undefined }],
])('%s with %j', (wanted, env, endpoint) => {
  expect(sandboxEngine(wanted, env, HOME)?.endpoint).toEqual(endpoint);
});

test.each(['dockerd', 'ftp://x', 'unix://relative', 'tcp://', 'tcp://a:0', 'tcp://a:70000', 'tcp://user:secret@a:1', 'tcp://a/path'])(
  '%s is refused',
  (wanted) => {
    expect(() => sandboxEngine(wanted, {}, HOME)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => sandboxEngine('docker', { DOCKER_HOST: wanted }, HOME)).toThrow(/DOCKER_HOST/);
  },
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vick-engine-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const engine = { address: 'unix:///run/e.sock', endpoint: { socketPath: '/run/e.sock' } };
const dead = (): Promise<never> => Promise.reject(new VickError('ENGINE', 'no connection'));
const access = (more: Partial<SandboxAccess>): SandboxAccess => ({ serve: () => Promise.resolve(), ...more });

test('which engine it is can be read again, and a file that is damaged is none', async () => {
  const file = join(folder, 'engine');
  expect(await readEngine(file, nodeFileSystem)).toBeUndefined();
  await writeEngine(file, engine, nodeFileSystem);
  expect(await readEngine(file, nodeFileSystem)).toEqual(engine);
  await writeFile(file, '{');
  expect(await readEngine(file, nodeFileSystem)).toBeUndefined();
});

test('an engine that does not answer is told of with what to do', async () => {
  const error: unknown = await requireEngine(engine, access({ askEngine: dead }), never).catch((reason: unknown) => reason);
  expect(isVickError(error) && { code: error.code, message: error.message, hint: error.hint }).toEqual({
    code: 'ENGINE',
    message: 'no connection',
    hint: 'Check it with: docker -H unix:///run/e.sock version · or run pods as processes: vick sandbox up --engine process',
  });
});

test('only a sandbox with an engine has something to clear; what cannot be cleared is said', async () => {
  const file = join(folder, 'engine');
  const cleared: string[] = [];
  const clear = (_engine: unknown, directory: string): Promise<void> => {
    cleared.push(directory);
    return Promise.resolve();
  };
  await clearEngine({ directory: folder, file }, { fs: nodeFileSystem, sandbox: access({ clearEngine: clear }) }, never);
  expect(cleared).toEqual([]);
  await writeEngine(file, engine, nodeFileSystem);
  await clearEngine({ directory: folder, file }, { fs: nodeFileSystem, sandbox: access({ clearEngine: clear }) }, never);
  expect(cleared).toEqual([folder]);
  const failing = clearEngine({ directory: folder, file }, { fs: nodeFileSystem, sandbox: access({ clearEngine: dead }) }, never);
  await expect(failing).rejects.toMatchObject({
    code: 'ENGINE',
    message: 'containers of the sandbox may be left: no connection',
    hint: expect.stringContaining('vick sandbox down'),
  });
});
