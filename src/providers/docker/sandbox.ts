import type { ContainerEngine, ContainerSpec, HostConfig, WireContainer } from '../../clients/docker-engine/containers-port.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { ProviderFailure, type CreatePodRequest, type VolumeRequest } from '../../kubelet/provider.ts';
import type { Pod } from '../../platform/kubernetes-objects.ts';
import type { DockerContext } from './context.ts';
import { dnsOf, hostNames, hostsFile } from './dns.ts';
import { makeHostFiles } from './host-files.ts';
import { keepPod } from './kept-pod.ts';
import { LABEL, podLabels } from './labels.ts';
import { writeOwnFile } from './own-files.ts';
import { containerName, identityOf } from './pod-identity.ts';
import { runInSandbox } from './sandbox-command.ts';
import { ensureSandboxImage, SANDBOX_COMMAND } from './sandbox-image.ts';
import { firstContent, sandboxMounts, VOLUMES_FOLDER, volumeSpecs, wantedKind } from './volumes.ts';

export type SandboxOptions = Pick<DockerContext, 'engine' | 'nodeName' | 'clock' | 'dns' | 'facts' | 'files'>;

/** Makes and starts a pod's sandbox: volumes, then the container that holds the namespaces, then what goes into the volumes. */
export async function makeSandbox(options: SandboxOptions, request: CreatePodRequest, signal: AbortSignal): Promise<void> {
  const { engine, nodeName, clock, facts } = options;
  const pod = identityOf(request.pod);
  const kinds = request.volumes.map((volume) => ({ volume, kind: wantedKind(volume) }));
  const image = await ensureSandboxImage(engine, facts, signal);
  await makeHostFiles({ engine, node: nodeName, pod, image, nowMs: clock.now() }, request.volumes, signal);
  const [own] = await Promise.all(volumeSpecs(nodeName, pod, request.volumes, facts).map((spec) => engine.createVolume(spec, signal)));
  const spec = sandboxSpec(options, request, image);
  const id = await engine.createContainer(containerName('POD', pod, 0), spec, signal);
  await engine.startContainer(id, signal);
  const names = hostNames(request.pod, options.dns);
  const ips = sandboxIps(await engine.inspectContainer(id, signal));
  if (ips.length === 0 && request.pod.spec?.hostNetwork !== true) throw new ProviderFailure('CreatePodSandboxError', 'the engine gave the sandbox no address');
  const hosts = { path: 'hosts', mode: 0o644, content: Buffer.from(hostsFile(request.pod, ips, names)) };
  await writeOwnFile(options, { sandbox: id, folder: own?.Mountpoint ?? '' }, hosts, signal);
  if (request.volumes.length > 0) await engine.putArchive(id, '/', firstContent(request.volumes, clock.now()), signal);
  for (const { volume, kind } of kinds) if (kind !== undefined) await requireKind(engine, id, volume, kind, signal);
}

/** IPv4 first; empty for a pod on the engine's own network. */
export function sandboxIps(container: WireContainer | undefined): readonly string[] {
  const networks = Object.values(container?.NetworkSettings?.Networks ?? {});
  const found = networks.flatMap(({ IPAddress = '', GlobalIPv6Address = '' }) => [IPAddress, GlobalIPv6Address]).filter((ip) => ip !== '');
  const unique = [...new Set(found)];
  return [...unique.filter((ip) => !ip.includes(':')), ...unique.filter((ip) => ip.includes(':'))];
}

function sandboxSpec(options: SandboxOptions, { pod, volumes }: CreatePodRequest, image: string): ContainerSpec {
  const identity = identityOf(pod);
  const { hostname } = hostNames(pod, options.dns);
  const { hostNetwork, hostPID, hostIPC } = pod.spec ?? {};
  const { mounts, binds } = sandboxMounts(identity.uid, volumes);
  const ports = portBindings(pod);
  const host: HostConfig = {
    NetworkMode: hostNetwork === true ? 'host' : 'bridge',
    IpcMode: hostIPC === true ? 'host' : 'shareable',
    ...(hostPID === true ? { PidMode: 'host' } : {}),
    Mounts: mounts,
    Binds: binds,
    ...(hostNetwork === true ? {} : { PortBindings: ports }),
    ...dnsOf(pod, options.dns),
    // What filling volumes takes, and no more.
    CapDrop: ['ALL'],
    CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'],
    SecurityOpt: ['no-new-privileges'],
    CpuShares: 2,
    RestartPolicy: { Name: '' },
  };
  return {
    Image: image,
    Entrypoint: [SANDBOX_COMMAND],
    ...(hostNetwork === true ? {} : { Hostname: hostname }),
    Labels: {
      ...podLabels(options.nodeName, identity),
      [LABEL.role]: 'sandbox',
      [LABEL.pod]: JSON.stringify(keepPod(pod, volumes, options.dns)),
    },
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
    HostConfig: host,
  };
}

type PortBindings = Record<string, { readonly HostIp: string; readonly HostPort: string }[]>;

function portBindings(pod: Pod): PortBindings {
  const bindings: PortBindings = {};
  const containers = [...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'), ...(pod.spec?.containers ?? [])];
  for (const { containerPort, hostIP = '', hostPort, protocol = 'TCP' } of containers.flatMap(({ ports = [] }) => ports)) {
    if (hostPort === undefined || hostPort === 0) continue;
    (bindings[`${String(containerPort)}/${protocol.toLowerCase()}`] ??= []).push({ HostIp: hostIP, HostPort: String(hostPort) });
  }
  return bindings;
}

async function requireKind(engine: ContainerEngine, sandbox: string, volume: VolumeRequest, wanted: string, signal: AbortSignal): Promise<void> {
  const found = await runInSandbox(engine, sandbox, ['kind', `${VOLUMES_FOLDER}/${volume.name}`], signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return messageOf(error);
  });
  if (found === wanted) return;
  const type = volume.kind === 'hostPath' ? `${volume.path} is not a ${volume.type.replace('OrCreate', '')}: ` : '';
  throw new ProviderFailure('CreatePodSandboxError', `MountVolume.SetUp failed for volume "${volume.name}" : hostPath type check failed: ${type}${found}`);
}
