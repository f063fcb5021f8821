/** The subresources that lead out of the API server: to kubelets, pods and services. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attributes, Authorizer } from '../authz/attributes.ts';
import { forbidden } from '../authz/authorizer.ts';
import type { ResourceTarget } from '../http/request-info.ts';
import type { UserInfo } from '../resource.ts';
import { methodNotAllowed } from '../status-errors.ts';
import { serveProxy, type ProxyBackend } from './http-proxy.ts';
import { serveLog } from './logs.ts';
import type { ConnectParts, Upgrade } from './parts.ts';
import { nodeBackend, podBackend, serviceBackend } from './proxies.ts';
import { serveCommand, servePortForward } from './streams.ts';

export interface ConnectRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: Upgrade | undefined;
  readonly target: ResourceTarget;
  readonly url: URL;
  readonly user: UserInfo;
}

/** Serves a request that may `target`. Throws ApiError as long as the client can be answered; anything else is nobody's news. */
export async function serveConnect(asked: ConnectRequest, authorizer: Authorizer, parts: ConnectParts): Promise<void> {
  const { request, response, upgrade, target, url, user } = asked;
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new Error('the client has gone'));
  // The response of an upgraded connection is detached from it, so the connection is what tells.
  request.socket.once('close', onClose);
  response.once('close', onClose);
  const signal = AbortSignal.any([gone.signal, parts.signal]);
  const { namespace = '', name = '' } = target;
  const pod = { request, namespace, name, query: url.searchParams, signal };
  try {
    switch (`${target.resource}/${target.subresource ?? ''}`) {
      case 'pods/log': {
        await serveLog(pod, response, parts);
        return;
      }
      case 'pods/exec':
      case 'pods/attach':
        mayCreate(user, target, authorizer);
        {
          await serveCommand(target.subresource === 'exec' ? 'exec' : 'attach', pod, response, upgrade, parts);
          return;
        }
      case 'pods/portforward':
        mayCreate(user, target, authorizer);
        {
          await servePortForward(pod, response, upgrade, parts);
          return;
        }
      default: {
        await serveProxy({ request, response, upgrade, ...split(url) }, backendOf(target, parts), { clock: parts.clock, signal });
        return;
      }
    }
  } finally {
    request.socket.removeListener('close', onClose);
  }
}

/**
 * A WebSocket is opened by GET, which must not be a way around the permission to create
 * (feature gate AuthorizePodWebsocketUpgradeCreatePermission, on since 1.35).
 */
function mayCreate(user: UserInfo, { group, resource, subresource, namespace, name }: ResourceTarget, authorizer: Authorizer): void {
  const attributes: Attributes = { user, verb: 'create', request: { group, resource, subresource, namespace, name } };
  const decision = authorizer.authorize(attributes);
  if (!decision.allowed) throw forbidden(attributes, decision.reason);
}

function backendOf({ resource, namespace = '', name = '' }: ResourceTarget, parts: ConnectParts): ProxyBackend {
  switch (resource) {
    case 'nodes':
      return nodeBackend(name, parts);
    case 'pods':
      return podBackend(namespace, name, parts);
    case 'services':
      return serviceBackend(namespace, name, parts);
    default:
      throw methodNotAllowed();
  }
}

/** What stands before and after the `proxy` segment; both as the client escaped them. */
function split({ pathname, search }: URL): { readonly prefix: string; readonly path: string; readonly search: string } {
  const [, prefix = '', path = ''] = /^((?:\/+[^/]+)*?\/+(?:nodes|pods|services)\/+[^/]+\/+proxy)((?:\/.*)?)$/.exec(pathname) ?? [];
  return { prefix, path, search };
}
