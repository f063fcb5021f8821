import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/platform/node/clock.ts';
import { systemRandom } from '../../../../src/platform/node/random.ts';
import { startControlPlane, type ControlPlane } from '../../../../src/sandbox/control-plane/server.ts';
import { callApi, type ApiCall, type ApiResponse } from '../../../support/control-plane-client.ts';
import { testDefinitions } from '../../../support/control-plane-definitions.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const MERGE = { 'Content-Type': 'application/merge-patch+json' };
const MAPS = '/api/v1/namespaces/default/configmaps';

let plane: ControlPlane;
let admin: { certificate: string; key: string };

beforeAll(async () => {
  const grants = [{ users: ['viewer'], rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['*'] }] }];
  plane = await startControlPlane({ clock: systemClock, random: systemRandom, definitions: testDefinitions, grants });
  admin = await plane.issueClientCertificate({ user: 'root', groups: ['system:masters'] });
});
afterAll(() => plane.stop());

const call = (path: string, options: ApiCall = {}): Promise<ApiResponse> => callApi(plane, path, { identity: admin, ...options });
const post = (path: string, body: unknown): Promise<ApiResponse> => call(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });
const patch = (path: string, body: unknown): Promise<ApiResponse> => call(path, { method: 'PATCH', headers: MERGE, body: JSON.stringify(body) });
const remove = (path: string, options?: unknown): Promise<ApiResponse> =>
  call(path, { method: 'DELETE', headers: JSON_TYPE, ...(options === undefined ? {} : { body: JSON.stringify(options) }) });

describe('who may do what', () => {
  it('lets anyone ask for health and version, and nothing else', async () => {
    expect((await callApi(plane, '/readyz')).text).toBe('ok');
    expect((await callApi(plane, '/version')).body.major).toBe('1');
    const refused = await callApi(plane, '/api/v1/nodes');
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe('nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope');
  });

  it('refuses a bad token with 401, and knows a good one', async () => {
    plane.tokens.add('secret-of-viewer', { username: 'viewer', groups: [] });
    const by = (token: string, path: string, method = 'GET'): Promise<ApiResponse> =>
      callApi(plane, path, { method, headers: { Authorization: `Bearer ${token}` } });
    expect((await by('wrong', '/api/v1/nodes')).status).toBe(401);
    expect((await by('secret-of-viewer', '/api/v1/nodes')).status).toBe(200);
    const refused = await by('secret-of-viewer', '/api/v1/nodes/n', 'DELETE');
    expect(refused.body.message).toBe('nodes "n" is forbidden: User "viewer" cannot delete resource "nodes" in API group "" at the cluster scope');
    plane.tokens.revoke('secret-of-viewer');
    expect((await by('secret-of-viewer', '/api/v1/nodes')).status).toBe(401);
  });

  it('refuses an expired client certificate', async () => {
    const expired = await plane.issueClientCertificate({ user: 'root', groups: ['system:masters'] }, -60_000);
    const answer = await callApi(plane, '/api/v1/nodes', { identity: expired }).catch((error: unknown) => error as Error);
    expect(answer instanceof Error || answer.status === 401).toBe(true);
  });

  it('gives an administrator a kubeconfig without file paths', () => {
    expect(plane.adminKubeconfig()).toContain(`server: ${plane.url}`);
    expect(plane.adminKubeconfig()).toContain('client-key-data: ');
  });

  it('keeps a node to itself', async () => {
    const node = await plane.issueClientCertificate({ user: 'system:node:own', groups: ['system:nodes'] });
    const asNode = (path: string, options: ApiCall = {}): Promise<ApiResponse> => callApi(plane, path, { identity: node, ...options });
    const create = (name: string): Promise<ApiResponse> =>
      asNode('/api/v1/nodes', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ metadata: { name }, spec: { taints: [] } }) });
    expect((await create('own')).status).toBe(201);
    expect((await create('other')).body.message).toContain('node "own" is not allowed to modify node "other"');
    expect((await asNode('/api/v1/pods')).body.message).toContain('can only list/watch pods with spec.nodeName field selector');
    expect((await asNode('/api/v1/pods?fieldSelector=spec.nodeName=own')).status).toBe(200);
    const write = (body: unknown): Promise<ApiResponse> => asNode('/api/v1/nodes/own', { method: 'PATCH', headers: MERGE, body: JSON.stringify(body) });
    expect((await write({ spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } })).body.message).toContain('is not allowed to modify taints');
    expect((await write({ metadata: { labels: { 'node-role.kubernetes.io/x': '' } } })).status).toBe(403);
    expect((await write({ metadata: { labels: { 'kubernetes.io/hostname': 'h', mine: '1' } } })).status).toBe(200);
    await post('/api/v1/namespaces/default/secrets', { metadata: { name: 'used' } });
    expect((await asNode('/api/v1/namespaces/default/secrets/used')).body.message).toContain("no relationship found between node 'own' and this object");
    await post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'uses' },
      spec: { nodeName: 'own', volumes: [{ name: 'v', secret: { secretName: 'used' } }] },
    });
    expect((await asNode('/api/v1/namespaces/default/secrets/used')).status).toBe(200);
    expect((await asNode('/api/v1/namespaces/default/secrets')).status).toBe(403);
  });
});

describe('objects', () => {
  it('live through create, read, conflict, update and delete', async () => {
    const created = await post(MAPS, { metadata: { generateName: 'gen-' }, data: { a: '1' } });
    const { name, uid, resourceVersion } = created.body.metadata;
    expect(name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const put = (metadata: object): Promise<ApiResponse> =>
      call(`${MAPS}/${name}`, { method: 'PUT', headers: JSON_TYPE, body: JSON.stringify({ metadata: { name, ...metadata }, data: { a: '1' } }) });
    expect((await put({ resourceVersion, generateName: 'gen-' })).body.metadata.resourceVersion).toBe(resourceVersion);
    expect((await put({ resourceVersion: '1' })).body.reason).toBe('Conflict');
    expect((await patch(`${MAPS}/${name}`, { metadata: { uid: 'x' } })).status).toBe(422);
    expect((await remove(`${MAPS}/${name}`, { preconditions: { uid: 'x' } })).status).toBe(409);
    expect((await remove(`${MAPS}/${name}`)).body).toMatchObject({ status: 'Success', details: { name, uid } });
    expect((await call(`${MAPS}/${name}`)).status).toBe(404);
  });

  it('are not touched by a dry run', async () => {
    const dry = await call(`${MAPS}?dryRun=All`, { method: 'POST', headers: JSON_TYPE, body: '{"metadata":{"name":"dry"}}' });
    expect(dry.status).toBe(201);
    expect(dry.body.metadata.resourceVersion).toBeUndefined();
    expect((await call(`${MAPS}/dry`)).status).toBe(404);
    expect((await call(`${MAPS}?dryRun=Some`, { method: 'POST', headers: JSON_TYPE, body: '{"metadata":{"name":"dry"}}' })).status).toBe(422);
  });

  it('wait for their finalizers, and take no new ones meanwhile', async () => {
    await post(MAPS, { metadata: { name: 'held', finalizers: ['a.example/b'] } });
    expect((await remove(`${MAPS}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    expect((await patch(`${MAPS}/held`, { metadata: { finalizers: ['a.example/b', 'c.example/d'] } })).status).toBe(422);
    expect((await patch(`${MAPS}/held`, { metadata: { finalizers: null } })).status).toBe(200);
    expect((await call(`${MAPS}/held`)).status).toBe(404);
  });

  it('go with their owner', async () => {
    const owner = await post('/api/v1/nodes', { metadata: { name: 'owner' } });
    const reference = { apiVersion: 'v1', kind: 'Node', name: 'owner', uid: owner.body.metadata.uid };
    await post('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', { metadata: { name: 'owner', ownerReferences: [reference] } });
    await remove('/api/v1/nodes/owner');
    expect((await call('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/owner')).status).toBe(404);
  });

  it('go with their namespace, which takes no new ones while it ends', async () => {
    await post('/api/v1/namespaces', { metadata: { name: 'short' } });
    await post('/api/v1/namespaces/short/configmaps', { metadata: { name: 'held', finalizers: ['a.example/b'] } });
    expect((await remove('/api/v1/namespaces/short')).body.status.phase).toBe('Terminating');
    expect((await post('/api/v1/namespaces/short/configmaps', { metadata: { name: 'late' } })).body.details.causes[0].reason).toBe('NamespaceTerminating');
    await patch('/api/v1/namespaces/short/configmaps/held', { metadata: { finalizers: null } });
    expect((await call('/api/v1/namespaces/short')).status).toBe(404);
    expect((await post('/api/v1/namespaces/short/configmaps', { metadata: { name: 'late' } })).status).toBe(404);
    expect((await remove('/api/v1/namespaces/default')).status).toBe(403);
  });

  it('answers 501 for what Kubernetes has and this has not, 404 for what nobody has', async () => {
    expect((await call('/apis/apps/v1/deployments')).body).toMatchObject({ kind: 'Status', code: 501 });
    expect((await call('/api/v1/endpoints')).status).toBe(501);
    expect((await call('/api/v1/nosuch')).body).toMatchObject({ kind: 'Status', code: 404 });
    expect((await call('/apis/nosuch.example/v1/things')).text).toBe('404 page not found\n');
  });
});

describe('bad input', () => {
  it('is cut off at 3 MiB', async () => {
    const answer = await call(MAPS, { method: 'POST', headers: JSON_TYPE, body: Buffer.alloc(3 * 1024 * 1024 + 1, 0x20) }).catch(
      (error: unknown) => error as Error,
    );
    if (!(answer instanceof Error)) expect(answer.body).toMatchObject({ kind: 'Status', code: 413 });
    expect((await call('/readyz')).status).toBe(200);
  });

  const fuzz = async (method: string, path: string, type: string, body: string): Promise<void> => {
    const answer = await call(path, { method, headers: { 'Content-Type': type }, body });
    expect(answer.body, `${method} ${path} ${body}`).toHaveProperty('kind');
    expect(answer.status, `${method} ${path} ${body}: ${answer.text}`).not.toBe(500);
  };

  const metadata = fc.record(
    {
      name: fc.oneof(fc.constantFrom('f1', 'f2'), fc.jsonValue()),
      labels: fc.jsonValue(),
      annotations: fc.jsonValue(),
      finalizers: fc.jsonValue(),
      ownerReferences: fc.jsonValue(),
      uid: fc.jsonValue(),
      generateName: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const object = fc.oneof(
    fc.json(),
    fc.record({ metadata: fc.oneof(metadata, fc.jsonValue()), data: fc.jsonValue() }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
    fc.string(),
  );

  it('never gets more than a Status: bodies', async () => {
    await fc.assert(
      fc.asyncProperty(object, (body) => fuzz('POST', MAPS, 'application/json', body)),
      { numRuns: 60 },
    );
    await fc.assert(
      fc.asyncProperty(object, (body) => fuzz('POST', MAPS, 'application/yaml', body)),
      { numRuns: 40 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), (bytes) =>
        fuzz('POST', MAPS, 'application/vnd.kubernetes.protobuf', `k8s\0${Buffer.from(bytes).toString('latin1')}`),
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    ['an alias of nothing', '*!'],
    ['an alias of itself', 'kind: ConfigMap\ndata: &a\n  b: *a\n'],
    ['nesting without end', '['.repeat(100_000)],
    ['nesting that ends', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
  ])('is refused as YAML that cannot be data: %s', async (_, body) => {
    const { status, body: answer } = await call(MAPS, { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body });
    expect(status).toBe(400);
    expect(answer).toMatchObject({ reason: 'BadRequest', message: expect.stringMatching(/error converting YAML to JSON: yaml: /) as string });
  });

  it('never gets more than a Status: patches and delete options', async () => {
    await post('/api/v1/namespaces/default/pods', { metadata: { name: 'fuzzed' }, spec: { containers: [{ name: 'a' }] } });
    const type = fc.constantFrom(
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
      'x/y',
    );
    await fc.assert(
      fc.asyncProperty(type, object, (contentType, body) => fuzz('PATCH', '/api/v1/namespaces/default/pods/fuzzed', contentType, body)),
      { numRuns: 100 },
    );
    const options = fc.record(
      { gracePeriodSeconds: fc.jsonValue(), preconditions: fc.jsonValue(), propagationPolicy: fc.jsonValue(), dryRun: fc.jsonValue() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(options, (wanted) => fuzz('DELETE', `${MAPS}/absent`, 'application/json', JSON.stringify(wanted))),
      { numRuns: 40 },
    );
  });

  it('never gets more than a Status: query parameters', async () => {
    const name = fc.constantFrom('labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'includeObject');
    await fc.assert(
      fc.asyncProperty(name, fc.string({ maxLength: 12 }), async (parameter, value) => {
        const answer = await call(`${MAPS}?${parameter}=${encodeURIComponent(value)}`);
        expect(answer.body).toHaveProperty('kind');
        expect(answer.status).not.toBe(500);
      }),
      { numRuns: 80 },
    );
  });
});
