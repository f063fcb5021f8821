import { describe, expect, it } from 'vitest';
import { findImage, parseImageCache } from '../../../../src/providers/vic/images/image-cache.ts';
import { recording } from '../../../support/replay-server.ts';

/** The documents as the recorded scenario last saw them. */
function cacheAfter(name: string) {
  const value = (key: string): string | undefined =>
    recording(`port-layer/${name}`)
      .filter(({ request }) => request.path === `/kv/${key}`)
      .map(({ response }) => (response.body as { Value?: string }).Value)
      .at(-1);
  return parseImageCache(value('docker.images'), value('docker.repositories'));
}

describe('image lookup', () => {
  const seeded = cacheAfter('image-metadata-kv');
  const pulled = cacheAfter('image-cache-after-pull');
  const busybox = 'edb7206e07d709e3ceea5780e4b83927a85b0f28c9973ea216722d57331621e5';
  const alpine = '023684dabda2aa6352a4bf8ce02bff0942e011dcc8125571ea6616001da37fee';

  it.each([
    'busybox:latest',
    'busybox',
    'docker.io/library/busybox',
    'docker.io/busybox:latest',
    'library/busybox:latest',
    busybox,
    `sha256:${busybox}`,
    busybox.slice(0, 12),
  ])('finds busybox as %s', (name) => {
    expect(findImage(seeded, name)?.imageId).toBe(busybox);
  });

  it.each(['busybox:1', 'entry', 'box', 'BUSYBOX', 'other/busybox:latest', '0000', 'team/app:v2', `busybox@sha256:${'0'.repeat(64)}`])(
    'finds nothing as %s',
    (name) => {
      expect(findImage(seeded, name)).toBeUndefined();
    },
  );

  it('finds an image that was pulled without a tag by either name, and by its digest', () => {
    const [digest] = findImage(pulled, 'alpine')!.repoDigests;
    expect(digest).toMatch(/^alpine@sha256:/);
    for (const name of ['alpine', 'alpine:latest', digest!, `docker.io/library/${digest!}`, digest!.replace('@', ':3.99@')]) {
      expect(findImage(pulled, name)?.imageId, name).toBe(alpine);
    }
  });

  it('knows what the image runs', () => {
    expect(findImage(seeded, 'entry:1')).toMatchObject({
      layerId: '1341796bd765924c8b3b52f079e0323cbd94fb1e94612f6dc0753e7941272e72',
      config: { entrypoint: ['/bin/sh', '-c'], command: ['echo from-image; sleep 100000'], user: '1000:1000', workingDir: '/srv', env: [] },
    });
    expect(findImage(seeded, 'nginx:1.25')?.config.stopSignal).toBe('SIGQUIT');
  });

  it('takes no part of an id that fits two images', () => {
    const image = (id: string): unknown => ({ id: 'l', image_id: id });
    const ids = ['ab11', 'ab12'].map((start) => start.padEnd(64, '0'));
    const cache = parseImageCache(JSON.stringify({ CacheByID: Object.fromEntries(ids.map((id) => [`sha256:${id}`, image(id)])) }), undefined);
    expect(findImage(cache, 'ab11')?.imageId).toBe(ids[0]);
    expect(findImage(cache, 'ab1')).toBeUndefined();
  });

  it('takes a missing document for an empty cache, odd entries for absent ones, and nonsense for an error', () => {
    expect(findImage(parseImageCache(undefined, undefined), 'x')).toBeUndefined();
    expect(findImage(parseImageCache('{"CacheByName":{"x":{},"y":null}}', '{"Repositories":null}'), 'x')).toBeUndefined();
    expect(() => parseImageCache('{', undefined)).toThrow('docker.images');
  });
});
