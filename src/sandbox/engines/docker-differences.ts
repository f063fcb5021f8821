/** Where pod VMs that are containers are not like real ones, instead of what is said of processes. The documentation prints this table. */
export interface EngineDifference {
  readonly real: string;
  readonly sandbox: string;
}

export const DOCKER_DIFFERENCES: readonly EngineDifference[] = [
  {
    real: 'a pod is a VM with a kernel of its own',
    sandbox: 'a container for each task, and one that holds the network, the processes and the IPC that they share; the kernel is the engine’s',
  },
  {
    real: 'containers of one image share its file system, which is kept while the VM is off',
    sandbox:
      'each task has the image’s file system for itself, anew at every start, with what POST /archive wrote, and of what programs did only what is in folders that it wrote empty (64 MiB each; Podman gives it to root), which is also what GET /archive finds; what joins a running VM is in that of the oldest running task of its image, and ends with it',
  },
  {
    real: 'an address is reserved when it is bound, before the VM is on',
    sandbox:
      'the pod has the address that the engine gives it when it is on; what was reserved is a number only, also as `status.podIP` in its environment. Who has no route to the engine’s containers (Docker Desktop, an engine elsewhere) cannot reach it: no probes by address, no port forwarding',
  },
  {
    real: 'images have layers, which the VCH pulls and keeps',
    sandbox:
      'the engine pulls and keeps them; the VCH knows those that it was asked to pull, as one layer each. What was built or loaded in the engine and never was in a registry is taken as it is. To remove an image makes the VCH forget it, and leaves it in the engine',
  },
  { real: '`docker login` asks the registry', sandbox: 'not implemented; a pull takes the credentials that it is given' },
  {
    real: 'the guest agent can signal a command',
    sandbox: 'the shell of the image does, as root; without /bin/sh and grep a command runs on until its container ends',
  },
  { real: 'volumes are disks', sandbox: 'names only' },
  { real: 'memory and CPU limits hold', sandbox: 'they are recorded only' },
  { real: 'VMs run on while the VCH is off', sandbox: 'their containers are removed with it; the records stay' },
];
