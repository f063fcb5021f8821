/** The calls of the Docker API that make, operate and read containers. */
import type { Route } from './api.ts';
import { logContainer, logCreated } from './container-events.ts';
import { containerLog, logRequest } from './container-logs.ts';
import { findContainer } from './containers.ts';
import { createContainer, type CreateBody } from './create-container.ts';
import { DockerError } from './errors.ts';
import { formBoolean, formInteger } from './form-values.ts';
import { inspectContainer } from './inspect.ts';
import { killContainer, patienceOf, removeContainer, renameContainer, restartContainer, startContainer, stopContainer, waitContainer } from './operate.ts';

const done = { kind: 'empty', status: 204 } as const;

export const containerHandlers: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/containers\/create$/,
    handle: async (parts, call) => {
      const id = await createContainer(parts, (await call.body()) as CreateBody | undefined, call.query.get('name') ?? undefined);
      const vm = parts.state.containers.need(id);
      logCreated(parts.events, vm, parts.cache.find(vm.config.imageId)?.config);
      return { kind: 'json', status: 201, value: { Id: id, Warnings: null } };
    },
  },
  {
    method: 'GET',
    path: /^\/containers\/([^/]+)\/json$/,
    handle: (parts, _call, match) => ({ kind: 'json', status: 200, value: inspectContainer(parts, findContainer(parts.state, match[1] ?? '')) }),
  },
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/start$/,
    handle: async ({ state }, _call, match) => {
      await startContainer(state, findContainer(state, match[1] ?? ''));
      return done;
    },
  },
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/stop$/,
    handle: async ({ state, events }, call, match) => {
      const patience = patienceOf(call.query.get('t'));
      const vm = findContainer(state, match[1] ?? '');
      await stopContainer(state, vm, patience);
      logContainer(events, vm, 'stop');
      return done;
    },
  },
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/restart$/,
    handle: async (parts, call, match) => {
      await restartContainer(parts, findContainer(parts.state, match[1] ?? ''), call.query.get('t'));
      return done;
    },
  },
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/kill$/,
    handle: async (parts, call, match) => {
      await killContainer(parts, match[1] ?? '', call.query.get('signal'));
      return done;
    },
  },
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/rename$/,
    handle: async (parts, call, match) => {
      await renameContainer(parts, match[1] ?? '', call.query.get('name') ?? '');
      return done;
    },
  },
  {
    method: 'POST',
    path: /^\/containers\/([^/]+)\/wait$/,
    handle: async ({ state }, call, match) => {
      return { kind: 'json', status: 200, value: { StatusCode: await waitContainer(state, findContainer(state, match[1] ?? ''), call.signal) } };
    },
  },
  {
    // No session has a size here; a VCH answers the same without one.
    method: 'POST',
    path: /^\/containers\/([^/]+)\/resize$/,
    handle: ({ state, events }, { query }, match) => {
      const [height, width] = [formInteger(query, 'h'), formInteger(query, 'w')];
      logContainer(events, findContainer(state, match[1] ?? ''), 'resize', { height: String(height), width: String(width) });
      return { kind: 'empty', status: 200 };
    },
  },
  {
    method: 'DELETE',
    path: /^\/containers\/([^/]+)$/,
    handle: async (parts, { query }, match) => {
      const vm = findContainer(parts.state, match[1] ?? '');
      await removeContainer(parts, vm, { force: formBoolean(query, 'force'), volumes: formBoolean(query, 'v') });
      return done;
    },
  },
  {
    method: 'GET',
    path: /^\/containers\/([^/]+)\/logs$/,
    handle: ({ state }, call, match) => {
      const vm = findContainer(state, match[1] ?? '');
      return { kind: 'bytes', chunks: containerLog(state, vm, logRequest(call.query), call.signal) };
    },
  },
  {
    // The engine's file systems cannot be compared with anything.
    method: 'GET',
    path: /^\/containers\/([^/]+)\/changes$/,
    handle: ({ state }, _call, match) => {
      const vm = findContainer(state, match[1] ?? '');
      if (vm.config.imageId === '') throw new DockerError(500, `container ${vm.id} has no image`);
      return { kind: 'json', status: 200, value: [] };
    },
  },
];
