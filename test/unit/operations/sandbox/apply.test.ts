import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesApi } from '../../../../src/clients/kubernetes/port.ts';
import { isVickError, VickError } from '../../../../src/errors/vick-error.ts';
import { applyManifests } from '../../../../src/operations/sandbox/apply.ts';

const never = new AbortController().signal;
const MAP = 'kind: ConfigMap\nmetadata: { name: settings }\n';

/** An API server that takes everything, or has it already. */
const apiServer = (has: readonly string[] = []) => {
  const paths: string[] = [];
  const request = (({ path }: { readonly path: string }) => {
    paths.push(path);
    return has.includes(path) ? Promise.reject(new VickError('KUBE_CONFLICT', 'it exists')) : Promise.resolve({});
  }) as unknown as KubernetesApi['request'];
  return { paths, api: { request } as KubernetesApi };
};

describe('sandbox apply', () => {
  it('creates what is not there yet, in the namespace that is named', async () => {
    const { api, paths } = apiServer(['/api/v1/namespaces/default/configmaps']);
    const text = `${MAP}---\n---\nkind: Secret\nmetadata: { name: keys, namespace: other }\n---\nkind: Namespace\nmetadata: { name: other }\n`;
    expect(await applyManifests(text, 'objects.yaml', api, never)).toEqual([
      { name: 'configmap/settings', result: 'unchanged' },
      { name: 'secret/keys', result: 'created' },
      { name: 'namespace/other', result: 'created' },
    ]);
    expect(paths).toEqual(['/api/v1/namespaces/default/configmaps', '/api/v1/namespaces/other/secrets', '/api/v1/namespaces']);
  });

  it.each([
    ['nothing', '', 'there are no objects in it'],
    ['an unclosed string', 'a: "b', 'not valid YAML'],
    ['an alias of nothing', '*!', 'not valid YAML'],
    ['an alias of itself', `${MAP}data: &a { b: *a }`, 'not valid YAML'],
    ['no object', 'just words', 'object 1 lacks kind or metadata.name'],
    ['a kind that it does not know', 'kind: Job\nmetadata: { name: a }', 'object 1 is a Job'],
    ['a second object without a name', `${MAP}---\nkind: Pod`, 'object 2 lacks'],
  ])('touches nothing when the file holds %s', async (_, text, why) => {
    const { api, paths } = apiServer();
    await expect(applyManifests(text, 'objects.yaml', api, never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`objects.yaml: ${why}`) as string,
    });
    expect(paths).toEqual([]);
  });

  it('takes a text or says what is wrong with it, whatever it is', async () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom(MAP, '&a ', '*a', '---\n', 'kind: Pod\n', 'metadata: ', '{', '[', ': ', '!'));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        const failure: unknown = await applyManifests(pieces.join(''), 'objects.yaml', apiServer().api, never).catch((error: unknown) => error);
        expect(Array.isArray(failure) || (isVickError(failure) && failure.code === 'CONFIG_INVALID')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
