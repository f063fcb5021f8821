import { ApiError } from '../api-error.ts';
import type { Draft } from '../resource.ts';
import { at, mapsOf, textOf, textsOf } from '../resources/fields.ts';
import { notFound } from '../status-errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Place } from './dial.ts';

const NODES = { group: '', resource: 'nodes' };

/** In the order of kubeadm: the name of a node need not resolve (--kubelet-preferred-address-types). */
const PREFERRED = ['InternalIP', 'ExternalIP', 'Hostname'];

/** Where nothing is said of it. */
const KUBELET_PORT = 10_250;

/** Where the kubelet of a node listens, by what its Node says (pkg/kubelet/client: NodeConnectionInfoGetter). Throws ApiError. */
export function kubeletLocation(store: ObjectStore, nodeName: string): Place {
  const node = store.get({ ...NODES, name: nodeName });
  if (node === undefined) throw notFound(NODES, nodeName);
  return { host: addressOf(node), port: portOf(node) };
}

/** Whether a kubelet half-closes WebSocket channels and takes tunnelled port-forwards itself: it says so since Kubernetes 1.36. */
export function takesWebSockets(store: ObjectStore, nodeName: string): boolean {
  return textsOf(at(store.get({ ...NODES, name: nodeName }), 'status', 'declaredFeatures')).includes('ExtendWebSocketsToKubelet');
}

function addressOf(node: Draft): string {
  const addresses = mapsOf(at(node, 'status', 'addresses'));
  for (const type of PREFERRED) {
    const found = addresses.find((address) => address['type'] === type);
    if (found !== undefined) return textOf(found['address']);
  }
  const known = addresses.map(({ type, address }) => `{${textOf(type)} ${textOf(address)}}`).join(' ');
  throw new ApiError(500, '', `no preferred addresses found; known addresses: [${known}]`);
}

function portOf(node: Draft): number {
  const port = at(node, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port');
  return typeof port === 'number' && port > 0 ? port : KUBELET_PORT;
}
