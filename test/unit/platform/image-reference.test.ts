import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPullPolicy, familiarRepository, parseReference, splitRepository } from '../../../src/platform/image-reference.ts';

describe('image references', () => {
  it.each([
    ['busybox', 'busybox', undefined, undefined],
    ['localhost:5000/a/b_c:v1.2', 'localhost:5000/a/b_c', 'v1.2', undefined],
    ['reg.example/x@sha256:' + 'a'.repeat(64), 'reg.example/x', undefined, 'sha256:' + 'a'.repeat(64)],
    ['reg.example:443/x:t@sha256:' + 'b'.repeat(64), 'reg.example:443/x', 't', 'sha256:' + 'b'.repeat(64)],
    ['[::1]:5000/x:t', '[::1]:5000/x', 't', undefined],
  ])('%s', (text, repository, tag, digest) => {
    expect(parseReference(text)).toEqual({ repository, tag, digest });
  });

  it.each(['', ' ', 'UPPER/Case', 'a b', 'x:', 'x:-t', '/x', 'x/', 'x@sha256:12', 'http://x/y', `x:${'t'.repeat(129)}`])('%j is none', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });

  it('never throws, and reads back what it understood', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const reference = parseReference(text);
        if (reference === undefined) return;
        const { repository, tag, digest } = reference;
        expect(`${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`).toBe(text);
      }),
    );
  });

  it('shortens names of Docker Hub only', () => {
    expect(['docker.io/library/a', 'index.docker.io/a', 'library/a', 'docker.io/b/a', 'reg.example/library/a'].map(familiarRepository)).toEqual([
      'a',
      'a',
      'a',
      'b/a',
      'reg.example/library/a',
    ]);
  });

  it.each([
    ['busybox', 'docker.io', 'library/busybox'],
    ['team/app', 'docker.io', 'team/app'],
    ['index.docker.io/busybox', 'docker.io', 'library/busybox'],
    ['localhost/app', 'localhost', 'app'],
    ['Registry/app', 'Registry', 'app'],
    ['reg:5000/a/b', 'reg:5000', 'a/b'],
    ['[::1]:5000/a', '[::1]:5000', 'a'],
    ['gcr.io/p/a', 'gcr.io', 'p/a'],
  ])('%s lies at %s', (repository, registry, path) => {
    expect(splitRepository(repository)).toEqual({ registry, path });
  });

  it.each([
    ['busybox', 'Always'],
    ['busybox:latest', 'Always'],
    ['reg:5000/busybox', 'Always'],
    ['busybox:1', 'IfNotPresent'],
    ['busybox@sha256:' + 'a'.repeat(64), 'IfNotPresent'],
    ['busybox:latest@sha256:' + 'a'.repeat(64), 'IfNotPresent'],
    ['No Image', 'IfNotPresent'],
  ] as const)('%s is pulled %s unless the pod says otherwise', (image, policy) => {
    expect(defaultPullPolicy(image)).toBe(policy);
  });

  it('reads every name that is put together by the grammar, in its parts', () => {
    const word = fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+)?$/);
    const host = fc.oneof(
      fc.constant('localhost'),
      fc.stringMatching(/^[a-z][a-z0-9]{0,9}\.[a-z]{2,5}(:[1-9][0-9]{0,4})?$/),
      fc.stringMatching(/^[a-z]{1,9}:[1-9][0-9]{0,4}$/),
    );
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
    const none = { nil: undefined };
    fc.assert(
      fc.property(
        fc.option(host, none),
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.option(tag, none),
        fc.option(digest, none),
        (registry, parts, label, sum) => {
          const repository = [...(registry === undefined ? [] : [registry]), ...parts].join('/');
          fc.pre(!/^[0-9a-f]{64}$/.test(repository));
          const text = `${repository}${label === undefined ? '' : `:${label}`}${sum === undefined ? '' : `@${sum}`}`;
          expect(parseReference(text)).toEqual({ repository, tag: label, digest: sum });
          const place = splitRepository(repository);
          if (registry !== undefined) expect(place).toEqual({ registry, path: parts.join('/') });
        },
      ),
    );
  });

  it('answers at once for absurdly long names', () => {
    expect(parseReference('a-'.repeat(500_000))).toBeUndefined();
    expect(parseReference('f'.repeat(64))).toBeUndefined();
  });
});
