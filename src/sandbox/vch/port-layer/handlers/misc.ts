import type { Operation } from '../operation.ts';
import { empty, json, PortLayerError, stream } from '../replies.ts';
import { MODELS } from '../schema.ts';
import type { PortLayerState } from '../state.ts';
import { poolUsage } from '../pool-usage.ts';
import { describeApi, DOCS_PAGE } from '../description.ts';

/** Liveness, VCH information, events, the key-value store and the API's description of itself. */
export function miscOperations(state: PortLayerState, all: () => readonly Operation[]): readonly Operation[] {
  const { facts, events, kv } = state;
  return [
    { id: 'Ping', method: 'GET', path: '/_ping', handle: () => ({ kind: 'text', status: 200, contentType: 'text/plain', text: 'OK' }) },
    { id: 'Swagger', method: 'GET', path: '/swagger.json', handle: () => json(describeApi(all(), state.podsAt)) },
    { id: 'Docs', method: 'GET', path: '/docs', handle: () => ({ kind: 'text', status: 200, contentType: 'text/html; charset=utf-8', text: DOCS_PAGE }) },
    {
      id: 'GetVCHInfo',
      method: 'GET',
      path: '/vch/info',
      handle: async () => {
        const usage = await poolUsage(state);
        return json({
          cpuMhz: facts.cpuMhz || undefined,
          cpuUsage: usage.cpuMhz || undefined,
          hostOS: 'linux-x64',
          hostOSVersion: '6.5.0',
          hostProductName: 'VMware vCenter Server',
          memUsage: usage.memoryBytes || undefined,
          memory: facts.memoryMiB || undefined,
        });
      },
    },
    { id: 'GetEvents', method: 'GET', path: '/events', handle: () => stream((signal) => events.lines(signal)) },
    {
      id: 'GetValue',
      method: 'GET',
      path: '/kv/{key}',
      handle: ({ path }) => {
        const value = kv.get(path['key'] ?? '');
        if (value === undefined) throw new PortLayerError(404);
        return json({ Key: path['key'], Value: value === '' ? undefined : value });
      },
    },
    {
      id: 'PutValue',
      method: 'PUT',
      path: '/kv/{key}',
      body: { name: 'keyValue', type: MODELS.KeyValue },
      // The body's key counts; the path is not looked at.
      handle: async ({ body }) => {
        await kv.put((body['Key'] as string | undefined) ?? '', (body['Value'] as string | undefined) ?? '');
        return empty();
      },
    },
    {
      id: 'DeleteValue',
      method: 'DELETE',
      path: '/kv/{key}',
      handle: async ({ path }) => {
        if (!(await kv.delete(path['key'] ?? ''))) throw new PortLayerError(404);
        return empty();
      },
    },
  ];
}
