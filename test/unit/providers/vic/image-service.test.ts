import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineError } from '../../../../src/clients/docker-engine/failure.ts';
import type { DockerEngine } from '../../../../src/clients/docker-engine/port.ts';
import type { ImageService } from '../../../../src/kubelet/capabilities.ts';
import { isProviderFailure } from '../../../../src/kubelet/provider.ts';
import { startSandboxVch, type SandboxVch } from '../../../support/sandbox-vch.ts';

const never = new AbortController().signal;
let vch: SandboxVch;
let images: ImageService;

beforeAll(async () => {
  vch = await startSandboxVch();
  images = vch.provider().images!;
});

afterAll(async () => {
  await vch.close();
});

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  return isProviderFailure(error) ? `${error.reason}: ${error.message}` : `no failure: ${String(error)}`;
}

const withPull = (pull: DockerEngine['pull']): ImageService => vch.provider({ engine: { ...vch.engine, pull } }).images!;

describe('images of a VCH', () => {
  it('are absent before they are pulled, and known by every name afterwards', async () => {
    expect(await images.inspect('alpine:3.8', never)).toBeUndefined();
    const progress: string[] = [];
    const pulled = await images.pull({ reference: 'alpine:3.8', onProgress: ({ text }) => progress.push(text) }, never);
    expect(progress.join('\n')).toMatch(/Pull complete/);
    expect(pulled).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{64}$/) as string, imageID: expect.stringMatching(/^alpine@sha256:/) as string });
    expect(pulled.tags).toEqual(['alpine:3.8']);
    for (const name of ['alpine:3.8', 'docker.io/library/alpine:3.8', pulled.digests[0]!, pulled.id, `sha256:${pulled.id}`]) {
      expect(await images.inspect(name, never), name).toEqual(pulled);
    }
    expect(await images.list(never)).toContainEqual(pulled);
  });

  it('pull the latest tag where none is named', async () => {
    await images.pull({ reference: 'busybox' }, never);
    expect((await images.inspect('busybox:latest', never))?.id).toBe((await images.inspect('busybox', never))?.id);
  });

  it('find the failure inside a stream that began with 200', async () => {
    expect(await failure(images.pull({ reference: 'busybox:nope' }, never))).toMatch(/^ErrImagePull: failed to pull image "busybox:nope": .*nope/);
  });

  it.each(['Not/A:Name:At:All', '', 'a b'])('refuse what is no name: %j', async (name) => {
    expect(await failure(images.inspect(name, never))).toMatch(/^InvalidImageName/);
    expect(await failure(images.pull({ reference: name }, never))).toMatch(/^InvalidImageName/);
  });

  it.each([
    ['Get https://r.example/v2/: dial tcp: lookup r.example: no such host', 'RegistryUnavailable'],
    ['Get https://r.example/v2/: dial tcp 10.0.0.1:443: connect: connection refused', 'RegistryUnavailable'],
    ['Access denied to unauthorized registry (r.example) while VCH is in whitelist mode', 'ErrImagePull'],
    ['unauthorized: authentication required', 'ErrImagePull'],
  ])('tell an unreachable registry from a refusal: %s', async (text, reason) => {
    const refusing = withPull(() => Promise.reject(engineError('vch', { kind: 'pull', operation: 'pull', httpStatus: 500, reason: text })));
    expect(await failure(refusing.pull({ reference: 'r.example/x:1' }, never))).toMatch(new RegExp(`^${reason}: .*${text.slice(0, 12)}`));
  });

  it('do not blame a registry for a personality that does not answer', async () => {
    const silent = withPull(() => Promise.reject(engineError('vch', { kind: 'unreachable', operation: 'pull', reason: 'connect: connection refused' })));
    expect(await failure(silent.pull({ reference: 'x:1' }, never))).toMatch(/^ErrImagePull/);
  });

  it('hand on user names and passwords, and say that tokens cannot be', async () => {
    const seen: unknown[] = [];
    const spying = withPull((request) => {
      seen.push(request.credentials, request.repository, request.tag);
      return Promise.reject(new Error('enough'));
    });
    const digest = `sha256:${'a'.repeat(64)}`;
    await failure(spying.pull({ reference: `r.example/x@${digest}`, credentials: { server: 'r.example', username: 'u', password: 'p' } }, never));
    expect(seen).toEqual([{ username: 'u', password: 'p', serverAddress: 'r.example' }, 'r.example/x', digest]);
    const told = await failure(spying.pull({ reference: 'r.example/x', credentials: { server: 'r.example', identityToken: 'top' } }, never));
    expect(told).toContain('identity token');
    expect(told).not.toContain('top');
  });
});
