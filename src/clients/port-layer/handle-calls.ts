/** Changes of a container through handles: got, handed from call to call, and committed. */
import { decodeEndpoints, object, string } from './decode.ts';
import { portLayerError } from './failure.ts';
import type { CommitOptions, Handle, ImageJoin, NetworkConfig, PortLayer, TaskConfig } from './port.ts';
import { segment, type Answer, type Call, type Transport } from './transport.ts';

/** A commit that starts a VM waits up to 3 minutes for its primary process; creating one is slow on a busy vCenter. */
export const COMMIT_TIMEOUT_MS = 5 * 60_000;

type Changes =
  | 'createHandle'
  | 'handleOf'
  | 'joinImage'
  | 'joinTask'
  | 'bindTask'
  | 'unbindTask'
  | 'removeTask'
  | 'bindInteraction'
  | 'joinInteraction'
  | 'joinLogging'
  | 'addToScope'
  | 'bindScopes'
  | 'unbindScopes'
  | 'setState'
  | 'commit';

export function handleCalls(transport: Transport): Pick<PortLayer, Changes> {
  const post = (path: string, body: unknown, signal: AbortSignal): Promise<Answer> => transport.call({ method: 'POST', path, body }, signal);
  return {
    createHandle: async (config, signal) => {
      const body = {
        name: config.name,
        numCPUs: config.numCpus,
        memoryMB: config.memoryMiB,
        hostname: config.hostname,
        ...(config.domainname === undefined ? {} : { domainname: config.domainname }),
        annotations: config.annotations,
      };
      const answer = await post('/containers', body, signal);
      return { handle: handleIn(transport, answer, 'POST /containers'), id: string(object(answer.body)['id']) };
    },
    handleOf: async (id, signal) => {
      const call: Call = { method: 'GET', path: `/containers/${segment(id)}` };
      const answer = await transport.call(call, signal, [404]);
      return answer.status === 404 ? undefined : handleIn(transport, answer, `GET ${call.path}`);
    },
    joinImage: async (join: ImageJoin, signal) => {
      const path = `/storage/${segment(join.store)}/info/${segment(join.layerId)}`;
      const body = { handle: join.handle, deltaID: join.deltaId, imageID: join.imageId, repoName: join.repoName };
      return handleIn(transport, await post(path, body, signal), `POST ${path}`);
    },
    joinTask: async (task: TaskConfig, signal) => {
      const answer = await post('/tasks', task, signal);
      return { handle: handleIn(transport, answer, 'POST /tasks'), id: string(object(answer.body)['id']) };
    },
    bindTask: async (handle, id, signal) => handleIn(transport, await post('/tasks/binding', { handle, id }, signal), 'POST /tasks/binding'),
    unbindTask: async (handle, id, signal) => {
      const answer = await transport.call({ method: 'DELETE', path: '/tasks/binding', body: { handle, id } }, signal);
      return handleIn(transport, answer, 'DELETE /tasks/binding');
    },
    removeTask: async (handle, id, signal) => {
      const answer = await transport.call({ method: 'DELETE', path: '/tasks', body: { handle, id } }, signal);
      return handleIn(transport, answer, 'DELETE /tasks');
    },
    bindInteraction: async (handle, id, signal) => handleIn(transport, await post('/interaction/binding', { handle, id }, signal), 'POST /interaction/binding'),
    joinInteraction: async (handle, signal) => handleIn(transport, await post('/interaction', { handle }, signal), 'POST /interaction'),
    joinLogging: async (handle, signal) => handleIn(transport, await post('/logging', { handle }, signal), 'POST /logging'),
    addToScope: async (handle, network: NetworkConfig, signal) => {
      const path = `/scopes/${segment(network.networkName)}/containers`;
      return handleIn(transport, await post(path, { handle, networkConfig: network }, signal), `POST ${path}`);
    },
    bindScopes: async (handle, signal) => {
      const path = `/scopes/containers/${segment(handle)}/binding`;
      const answer = await transport.call({ method: 'POST', path }, signal);
      return { handle: handleIn(transport, answer, `POST ${path}`), endpoints: decodeEndpoints(object(answer.body)['endpoints']) };
    },
    unbindScopes: async (handle, signal) => {
      const path = `/scopes/containers/${segment(handle)}/binding`;
      return handleIn(transport, await transport.call({ method: 'DELETE', path }, signal), `DELETE ${path}`);
    },
    setState: async (handle, state, signal) => {
      const path = `/containers/${segment(handle)}/state`;
      return handleIn(transport, await transport.call({ method: 'PUT', path, body: state }, signal), `PUT ${path}`);
    },
    commit: async (handle, { waitSeconds, timeoutMs }: CommitOptions, signal) => {
      const patience = COMMIT_TIMEOUT_MS + 2 * (waitSeconds ?? 10) * 1000;
      await transport.call(
        {
          method: 'PUT',
          path: `/containers/${segment(handle)}`,
          query: { wait_time: waitSeconds },
          timeoutMs: timeoutMs ?? patience,
          once: true,
        },
        signal,
      );
    },
  };
}

/** The handle of an answer: the body itself, or its `handle`. The contract is to go on with the one returned. */
function handleIn(transport: Transport, answer: Answer, operation: string): Handle {
  const handle = string(answer.body) || string(object(answer.body)['handle']);
  if (handle === '') throw portLayerError(transport.address, { kind: 'malformed', operation, httpStatus: answer.status, reason: 'no handle in the answer' });
  return handle;
}
