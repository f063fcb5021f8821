import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { createDiscovery } from '../../../../src/sandbox/control-plane/discovery/source.ts';
import { duplicateKeys } from '../../../../src/sandbox/control-plane/http/duplicate-keys.ts';
import { resourceDefinitions } from '../../../../src/sandbox/control-plane/resources/index.ts';
import { startControlPlane, type ControlPlane } from '../../../../src/sandbox/control-plane/server.ts';
import { callApi, type ApiCall, type ApiResponse } from '../../../support/control-plane-client.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const MAPS = '/api/v1/namespaces/default/configmaps';

let plane: ControlPlane;
let identity: { certificate: string; key: string };

beforeAll(async () => {
  const discovery = createDiscovery(resourceDefinitions, systemClock);
  plane = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: resourceDefinitions, discovery });
  identity = await plane.issueClientCertificate({ user: 'root', groups: ['system:masters'] });
});
afterAll(() => plane.stop());

const call = (path: string, options: ApiCall = {}): Promise<ApiResponse> => callApi(plane, path, { identity, ...options });
const post = (path: string, body: string): Promise<ApiResponse> => call(path, { method: 'POST', headers: JSON_TYPE, body });

describe('what Kubernetes declares and is not served', () => {
  it.each([
    '/apis/apps',
    '/apis/apps/v1',
    '/apis/apps/v1/deployments',
    '/apis/apps/v1/namespaces/default/deployments/web/scale',
    '/apis/policy/v1/poddisruptionbudgets',
    '/api/v1/endpoints',
    '/openapi/v3/apis/apps/v1',
    '/metrics',
    '/.well-known/openid-configuration',
  ])('is refused with 501 and a Status: %s', async (path) => {
    const { status, body } = await call(path);
    expect({ status, kind: body?.kind, reason: body?.reason, code: body?.code }).toEqual({ status: 501, kind: 'Status', reason: 'NotImplemented', code: 501 });
  });

  it.each(['/apis/apps/v1/nosuch', '/apis/apps/v1/namespaces/default/deployments/web/nosuch', '/apis/policy/v1/nosuch', '/api/v1/nosuch'])(
    'does not cover what Kubernetes has not either: %s',
    async (path) => {
      expect((await call(path)).body).toMatchObject({ kind: 'Status', code: 404, message: 'the server could not find the requested resource' });
    },
  );

  it.each(['/apis/nosuch.example', '/apis/nosuch.example/v1', '/nosuch'])('does not cover paths that nobody has: %s', async (path) => {
    const { status, text } = await call(path);
    expect({ status, text }).toEqual({ status: 404, text: '404 page not found\n' });
  });
});

describe('accepted forms', () => {
  it('include the beta version of Tables and of metadata', async () => {
    const table = await call(MAPS, { headers: { Accept: 'application/json;as=Table;v=v1beta1;g=meta.k8s.io' } });
    expect(table.body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1' });
    expect(table.body.rows[0].object.apiVersion).toBe('meta.k8s.io/v1beta1');
  });

  it('are named when a shape is not among them', async () => {
    const { status, body } = await call(MAPS, { headers: { Accept: 'application/json;as=Bogus;v=v1;g=meta.k8s.io' } });
    expect(status).toBe(406);
    expect(body.message).toMatch(/^only the following media types are accepted: /);
    expect(body.details).toBeUndefined();
  });
});

describe('warnings', () => {
  it('come with a refusal as well', async () => {
    const { status, headers } = await post(MAPS, '{"metadata":{"name":"NOT VALID"},"dat":{}}');
    expect(status).toBe(422);
    expect(headers['warning']).toBe('299 - "unknown field \\"dat\\""');
  });

  it('name keys that stand twice; Strict refuses them', async () => {
    const body = '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const made = await post(`${MAPS}?dryRun=All`, body);
    expect(made.status).toBe(201);
    expect(made.body.data).toEqual({ a: '2' });
    expect(made.headers['warning']).toBe('299 - "duplicate field \\"data.a\\""');
    const refused = await post(`${MAPS}?fieldValidation=Strict`, body);
    expect(refused.body).toMatchObject({ code: 400 });
    expect(refused.body.message).toContain('strict decoding error: duplicate field "data.a"');
    expect((await post(`${MAPS}?dryRun=All&fieldValidation=Ignore`, body)).headers['warning']).toBeUndefined();
  });
});

describe('a refused merge patch', () => {
  it('is repeated with the fields that the kind does not have', async () => {
    await post(MAPS, '{"metadata":{"name":"patched"}}');
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    const { status, body } = await call(`${MAPS}/patched?fieldValidation=Strict`, { method: 'PATCH', headers, body: '{"nosuch":1}' });
    expect(status).toBe(422);
    expect(body.message).toContain('\\"nosuch\\":1');
  });
});

describe('an object whose owners are all gone when it is made', () => {
  const owned = (name: string, uids: readonly string[]): string =>
    JSON.stringify({ metadata: { name, ownerReferences: uids.map((uid, index) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: `owner${index}`, uid })) } });

  it('is answered and then collected', async () => {
    expect((await post(MAPS, owned('orphan', ['11111111-0000-4000-8000-000000000000']))).status).toBe(201);
    expect((await call(`${MAPS}/orphan`)).status).toBe(404);
  });

  it('stays when one of them is there, and forgets the others', async () => {
    const { body } = await post(MAPS, '{"metadata":{"name":"owner0"}}');
    await post(MAPS, owned('child', [body.metadata.uid as string, '11111111-0000-4000-8000-000000000000']));
    expect((await call(`${MAPS}/child`)).body.metadata.ownerReferences).toHaveLength(1);
  });
});

describe('duplicateKeys', () => {
  it('gives paths as the decoders do', () => {
    expect(duplicateKeys('{"a":[{"b":1},{"b":1,"b":{"c":"},{","c":[]}}],"a":"\\"","é":1,"\\u00e9":2}')).toEqual(['a[1].b', 'a[1].b.c', 'a', 'é']);
  });

  it('finds none in what JSON.stringify wrote, and the one that is put in', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
        const text = JSON.stringify(value);
        expect(duplicateKeys(text)).toEqual([]);
        const [key = ''] = Object.keys(value);
        expect(duplicateKeys(`${text.slice(0, -1)},${JSON.stringify(key)}:null}`)).toEqual([key]);
      }),
    );
  });
});
