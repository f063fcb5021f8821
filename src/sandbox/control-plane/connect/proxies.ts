/** Where the proxy subresources lead (pkg/registry/core/{node,pod,service}: ResourceLocation). */
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiError } from '../api-error.ts';
import type { Draft } from '../resource.ts';
import { at, mapOf, mapsOf, numberOf, textOf, type JsonMap } from '../resources/fields.ts';
import { badRequest, notFound } from '../status-errors.ts';
import { boundNode, findPod } from './container.ts';
import { dialTcp, dialTls, hostPort, secured, type Place } from './dial.ts';
import type { ProxyBackend } from './http-proxy.ts';
import { kubeletLocation } from './kubelet-location.ts';
import type { ConnectParts } from './parts.ts';
import { dialThroughKubelet } from './pod-dialer.ts';

const SERVICES = { group: '', resource: 'services' };
const PODS = { group: '', resource: 'pods' };

/** `nodes/[scheme:]name[:port]/proxy`. Throws ApiError. */
export function nodeBackend(id: string, parts: ConnectParts): ProxyBackend {
  const { scheme, name, port } = parsed(id, 'node');
  const kubelet = kubeletLocation(parts.store, name);
  if (!isProxyable(kubelet.host) && !(parts.isSandbox && isLoopback(kubelet.host))) throw notAllowed();
  if (port === '' || port === String(kubelet.port)) {
    return { authority: hostPort(kubelet), dial: (signal) => dialTls(kubelet, parts.identity, parts.clock, signal) };
  }
  const place = { host: kubelet.host, port: portNumber(port) };
  return {
    authority: hostPort(place),
    dial: (signal) => (scheme === 'https' ? dialTls(place, undefined, parts.clock, signal) : dialTcp(place, parts.clock, signal)),
  };
}

/** `pods/[scheme:]name[:port]/proxy`: the port is that of the first container that declares one. Throws ApiError. */
export function podBackend(namespace: string, id: string, parts: ConnectParts): ProxyBackend {
  const { scheme, name, port } = parsed(id, 'pod');
  const pod = findPod(parts.store, namespace, name);
  const declared = containerPorts(pod).map((each) => numberOf(each['containerPort']));
  return toPod(pod, scheme, port === '' ? (declared.find((each) => each !== undefined) ?? defaultPort(scheme)) : portNumber(port), parts);
}

/**
 * `services/[scheme:]name[:port]/proxy`: a ready pod that the selector finds. There are no Endpoints here, so what they
 * would name is looked for at each request. Throws ApiError.
 */
export function serviceBackend(namespace: string, id: string, parts: ConnectParts): ProxyBackend {
  const { scheme, name, port } = parsed(id, 'service');
  const service = parts.store.get({ ...SERVICES, namespace, name });
  if (service === undefined) throw notFound(SERVICES, name);
  const ports = mapsOf(at(service, 'spec', 'ports'));
  const wanted = ports.find((each) => (port === '' ? ports.length === 1 : textOf(each['name']) === port || String(numberOf(each['port'])) === port));
  if (wanted === undefined) throw unavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
  const pod = readyPod(parts, namespace, mapOf(at(service, 'spec', 'selector')));
  if (pod === undefined) throw unavailable(`no endpoints available for service ${JSON.stringify(id)}`);
  return toPod(pod, scheme, targetPort(wanted, pod), parts);
}

function toPod(pod: Draft, scheme: string, port: number, parts: ConnectParts): ProxyBackend {
  const place: Place = { host: textOf(at(pod, 'status', 'podIP')), port };
  const secure = scheme === 'https';
  if (parts.isSandbox) {
    // The addresses of its pods are routed nowhere; their kubelet reaches them.
    const kubelet = kubeletLocation(parts.store, boundNode(pod));
    let refusal: string | undefined;
    const dial = async (signal: AbortSignal): Promise<Duplex> => {
      const stream = await dialThroughKubelet(kubelet, pod, port, parts, (why) => (refusal = why), signal);
      return secure ? secured(stream) : stream;
    };
    return { authority: hostPort(place), dial, explain: () => refusal };
  }
  if (!isProxyable(place.host)) throw notAllowed();
  return { authority: hostPort(place), dial: (signal) => (secure ? dialTls(place, undefined, parts.clock, signal) : dialTcp(place, parts.clock, signal)) };
}

function readyPod({ store }: ConnectParts, namespace: string, selector: JsonMap): Draft | undefined {
  const terms = Object.entries(selector);
  if (terms.length === 0) return undefined;
  return store
    .list(PODS, namespace)
    .find((pod) => terms.every(([key, value]) => pod.metadata.labels?.[key] === value) && pod.metadata.deletionTimestamp === undefined && isReady(pod));
}

function isReady(pod: Draft): boolean {
  return mapsOf(at(pod, 'status', 'conditions')).some(({ type, status }) => type === 'Ready' && status === 'True');
}

function targetPort(servicePort: JsonMap, pod: Draft): number {
  const target = servicePort['targetPort'];
  if (typeof target === 'number' && target > 0) return target;
  const named = containerPorts(pod).find((each) => each['name'] === target);
  return numberOf(named?.['containerPort']) ?? numberOf(servicePort['port']) ?? 0;
}

function containerPorts(pod: Draft): readonly JsonMap[] {
  return mapsOf(at(pod, 'spec', 'containers')).flatMap((container) => mapsOf(container['ports']));
}

/** `name`, `name:port` or `scheme:name:port` (k8s.io/apimachinery/pkg/util/net.SplitSchemeNamePort). */
function parsed(id: string, kind: string): { readonly scheme: string; readonly name: string; readonly port: string } {
  const parts = id.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) throw badRequest(`invalid ${kind} request ${JSON.stringify(id)}`);
  return { scheme, name, port };
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw unavailable(`error trying to reach service: dial tcp: address ${text}: invalid port`);
  return port;
}

function defaultPort(scheme: string): number {
  return scheme === 'https' ? 443 : 80;
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Global unicast only (k8s.io/apimachinery/pkg/util/proxy.IsProxyableIP). Names are for whoever resolves them. */
function isProxyable(host: string): boolean {
  if (host === '') return false;
  if (isIP(host) === 4) {
    const [first = 0, second] = host.split('.').map(Number);
    return first !== 127 && first < 224 && host !== '0.0.0.0' && !(first === 169 && second === 254);
  }
  return isIP(host) === 0 || !(host === '::' || host === '::1' || /^(fe[89ab]|ff)/i.test(host));
}

function notAllowed(): ApiError {
  return badRequest('address not allowed');
}

function unavailable(message: string): ApiError {
  return new ApiError(503, 'ServiceUnavailable', message);
}
