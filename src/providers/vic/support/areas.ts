/**
 * The areas in which virtual-kubelet's own VIC provider (providers/vic, v0.3 to v0.9) fell short, and what this one does
 * in each. The support table in support.ts judges fields of pods; this one tells of everything else.
 */
export interface ProviderArea {
  readonly area: string;
  readonly support: 'honoured' | 'degraded' | 'refused';
  readonly note: string;
}

const area = (name: string, support: ProviderArea['support'], note: string): ProviderArea => ({ area: name, support, note });

export const VIC_AREAS: readonly ProviderArea[] = [
  area('transport to persona', 'honoured', 'Plain http, or https with a CA, client certificates and a server name of its own.'),
  area('wait for VCH', 'honoured', 'Ten minutes for each of the two services, by --ready-timeout; both are probed ever after, and the node’s Ready says it.'),
  area('configuration', 'honoured', 'Flags over environment over file; what is wrong is said and ends the start.'),
  area('identity of pods', 'honoured', 'By UID, in the annotations of the VM beside namespace, name and containers.'),
  area('restart', 'honoured', 'Pods are read back from the VMs and taken over; VMs of pods that are gone are removed.'),
  area('image pull policy', 'honoured', 'Always, IfNotPresent and Never, with credentials, errors inside the progress found, and back-off.'),
  area('image lookup', 'honoured', 'Exact name, :latest added or taken away, repository map, digests, whole or partial ids.'),
  area('command line', 'honoured', 'A command replaces entrypoint and cmd, args replace cmd; nothing at all is an error of the container.'),
  area('env', 'honoured', 'The pod’s over the image’s; PATH and, on terminals, TERM are filled in; the pod’s address is known at the start.'),
  area(
    'pipe character in arguments or env values',
    'degraded',
    'A VCH cuts such words; they are passed on by way of /bin/sh of the image, and refused where a shell would lose a variable.',
  ),
  area('working dir, user, stop signal', 'honoured', 'The pod’s, else the image’s.'),
  area('resources', 'honoured', 'The VM has what the pod requests: whole CPUs, memory in steps of 128 MiB, 512 at least; 2 CPUs and 2 GiB by default.'),
  area('same image twice in a pod', 'degraded', 'The image is joined once: containers of one image share its file system.'),
  area('network', 'honoured', 'One scope for all pods, by --scope; the address is the guest’s. Host ports are refused.'),
  area('host name', 'honoured', 'The hostname, else the name of the pod; a subdomain makes the domain name.'),
  area(
    'isolation',
    'degraded',
    'Containers of a pod share a VM, or by --isolation container each has its own: then all of each one is known, and none reaches another at localhost.',
  ),
  area('start', 'honoured', 'Conflicts are repeated with new handles; a start that failed gives its addresses back and is told.'),
  area('partial failure', 'honoured', 'What a failed creation has made is removed.'),
  area(
    'delete',
    'honoured',
    'Repeatable, with the pod’s grace, of which containers that joined a running VM are told by /bin/sh of their image; done when the VM is verified to be gone.',
  ),
  area(
    'status',
    'degraded',
    'Of every container while its VM is on; how the last one of a VM ended is told when it was seen before the VM went off, and else said to be unknown.',
  ),
  area('vanished VM', 'honoured', 'A VM that is gone is absent, and its pod is made anew or fails by its restart policy.'),
  area(
    'logs',
    'degraded',
    'The VCH keeps that of the container which a VM started with, both streams as one. Those of containers which joined it later the kubelet keeps, their last two runs, up to 1 MiB each and as long as it runs; what it did not hear is told. A process waits that writes faster than the serial line of its VM carries, or more than 2 MiB while no kubelet runs.',
  ),
  area('exec / attach', 'honoured', 'With terminals, sizes, exit codes; commands with "|" by way of /bin/sh of the image.'),
  area('update', 'honoured', 'Deadlines, labels and annotations take effect; images of running pods do not change.'),
  area('restart policy', 'honoured', 'Each container by itself, with back-off: by starting the VM again, or as a task where others run in it.'),
  area('node conditions', 'honoured', 'From probes of both services and the VCH’s use of memory; times of transition stay.'),
  area('node addresses', 'honoured', 'Those that are configured, or of the client network, and the host name.'),
  area('daemon endpoint', 'honoured', 'The port that is served.'),
  area('capacity', 'honoured', 'The old formulas, read again and again; overrides by --capacity.'),
  area('stats', 'degraded', 'Of VMs, from their streams; of a container where it is alone in its VM.'),
  area('events', 'honoured', 'The event stream as a hint, and the list every ten seconds.'),
  area(
    'volumes',
    'degraded',
    'Files are written onto the disks of a VM, and replaced by a shell of the image while it runs; an emptyDir is a folder of one root file system. Nothing else.',
  ),
];
