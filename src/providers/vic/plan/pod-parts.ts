/** Pods whose containers have VMs of their own: what goes into each VM, and what the VMs come to together. Pure. */
import type { ContainerRequest, ObservedPod } from '../../../kubelet/provider.ts';
import type { PodIdentity, PodPart } from '../vm/identity.ts';
import type { DefinedPod } from './plan-create.ts';
import type { PodVm } from '../vm/pod-index.ts';

/** One part for each container, in spec order. */
export function partsOf({ pod, containers, volumes }: DefinedPod): readonly DefinedPod[] {
  const order = containers.map(({ name }) => name);
  const subdomain = pod.spec?.subdomain;
  return containers.map((container): DefinedPod => {
    const part = { container: container.name, order, ports: tcpPorts(container), ...(subdomain === undefined ? {} : { subdomain }) };
    // Of the pod's own resources no VM could have a share that is right.
    const spec = { ...pod.spec, containers: [container.spec], initContainers: [], resources: {} };
    return { pod: { ...pod, spec }, containers: [container], ...(volumes === undefined ? {} : { volumes }), part };
  });
}

/** The part of a container whose VM is gone, from what the VM of another one remembers of the pod. */
export function missingPart(other: PodIdentity, { subdomain, order }: PodPart, container: ContainerRequest): DefinedPod {
  const { uid, namespace, name, hostname } = other;
  const spec = { containers: [container.spec], hostname, ...(subdomain === undefined ? {} : { subdomain }) };
  const part = { container: container.name, order, ports: tcpPorts(container), ...(subdomain === undefined ? {} : { subdomain }) };
  return { pod: { metadata: { uid, namespace, name }, spec }, containers: [container], part };
}

/** `each` in the order of `vms`. The address of the pod is that of its first main container. */
export function together(uid: string, vms: readonly PodVm[], each: readonly ObservedPod[]): ObservedPod {
  const main = mainVm(vms);
  return { uid, ips: each.find((_, index) => vms[index] === main)?.ips ?? [], containers: each.flatMap(({ containers }) => containers) };
}

/** The VM whose address is the pod's: all of it, or that of its first main container. */
export function mainVm(vms: readonly PodVm[]): PodVm | undefined {
  return vms.find(({ identity: { part, containers } }) => part === undefined || containers[0]?.role === 'main');
}

/** The VM where a port of the pod is: of the container that is named, else that declares it, else the main one. */
export function vmOfPort(vms: readonly PodVm[], port: number, container: string | undefined): PodVm | undefined {
  const named = vms.find(({ identity }) => identity.part !== undefined && identity.part.container === container);
  return named ?? vms.find(({ identity }) => identity.part?.ports.includes(port) === true) ?? mainVm(vms);
}

function tcpPorts({ spec }: ContainerRequest): readonly number[] {
  return (spec.ports ?? []).flatMap(({ containerPort, protocol = 'TCP' }) => (protocol === 'TCP' ? [containerPort] : []));
}
