/** Where a VCH of the sandbox is not like a real one. The documentation prints this table. */
export interface Difference {
  readonly part: 'addresses' | 'kubelet-starter' | 'port layer' | 'personality' | 'containers' | 'vicadmin';
  readonly real: string;
  readonly sandbox: string;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    part: 'addresses',
    real: 'the VCH has an address of the client network',
    sandbox: 'an address of 127.0.0.0/8 with the real ports; where only 127.0.0.1 exists (macOS), that address with any free ports',
  },
  {
    part: 'addresses',
    real: 'the port layer listens on the loopback of the endpoint VM, PORTLAYER_ADDR=localhost:2377',
    sandbox: 'it listens on the address of the VCH, and PORTLAYER_ADDR says so',
  },
  {
    part: 'addresses',
    real: 'bridge addresses of containers can be reached inside the VCH',
    sandbox: 'they are numbers only; GET /swagger.json says in info.x-pods-at where the ports are: on this computer',
  },
  { part: 'kubelet-starter', real: 'the kubeconfig is /etc/kubelet.conf with mode 0644', sandbox: '<VM folder>/etc/kubelet.conf with mode 0600' },
  {
    part: 'kubelet-starter',
    real: 'logs are in /var/log/vic',
    sandbox: '<VM folder>/var/log/vic: the kubelet runs there with LOCAL_VIRTUAL_KUBELET=true, which makes it log into its working folder',
  },
  { part: 'kubelet-starter', real: 'the BIOS UUID is read from the machine', sandbox: 'HOST_UUID is set, since the machine is yours' },
  {
    part: 'kubelet-starter',
    real: 'output of the kubelet is collected in memory and logged when it ends',
    sandbox: 'it is written to kubelet-starter.log as it comes',
  },
  {
    part: 'kubelet-starter',
    real: 'a kubelet that ends is started again at once',
    sandbox: 'after a pause: 1 s, doubled after each short life up to 30 s',
  },
  {
    part: 'kubelet-starter',
    real: 'with TLS and no client certificates, the certificate of the Docker API must be trusted',
    sandbox: 'PERSONA_TLS_INSECURE=true is set: the server is in the same VM',
  },
  {
    part: 'containers',
    real: 'a container VM has a kernel, a file system made of its images, users and a terminal',
    sandbox:
      'plain processes of this computer: its files, its user; image content, `user` and `tty` are ignored, the working directory is a folder of the task',
  },
  {
    part: 'containers',
    real: 'what is written to the disk of an image lies among the image’s files',
    sandbox:
      'among those of this computer, for the programs of that image alone: they run in a mount namespace, which Linux may refuse to an ordinary user. ' +
      'What they write beside it is kept with the VM; what they write elsewhere, and into files that are there, is written on this computer',
  },
  { part: 'containers', real: 'programs come from the image', sandbox: 'from the folders of PATH on this computer; what is not installed cannot be launched' },
  { part: 'containers', real: 'the environment is what was given', sandbox: 'plus VICK_SANDBOX_MACHINE, by which left-over processes are found' },
  { part: 'containers', real: 'a VM boots in some seconds', sandbox: '0.2 s' },
  { part: 'containers', real: 'two containers with one image in a VM hang its boot', sandbox: 'they work' },
  { part: 'containers', real: 'VMs run on while the VCH is off', sandbox: 'their processes end with it; the records stay' },
  { part: 'containers', real: 'which container of a pod is logged varies', sandbox: 'the first' },
  { part: 'containers', real: 'a held task whose program does not exist fails at once', sandbox: 'when its first reader comes' },
  {
    part: 'containers',
    real: 'streams go through a serial line of some KB/s, and a process whose connection nobody reads waits after 2 MiB',
    sandbox: 'they are as fast as the computer, and what is too much is dropped',
  },
  { part: 'containers', real: 'memory and CPU limits hold', sandbox: 'they are recorded only' },
  { part: 'port layer', real: 'volumes and image layers are disks', sandbox: 'names only; volumes are forgotten when the VCH goes down' },
  {
    part: 'port layer',
    real: 'POST /archive writes to the disks of container VMs, to volumes and to layers',
    sandbox: 'to the disks of container VMs that are off; 501 for the others, and where the engine cannot show files to programs',
  },
  {
    part: 'port layer',
    real: 'GET and HEAD /archive read those disks, also of Docker containers that are on',
    sandbox:
      'of container VMs that are off, with this computer’s files for those of the image; without devices, and without differences to an image; 501 where POST has it',
  },
  { part: 'port layer', real: 'statistics of network and disk', sandbox: 'always 0; processor and memory are those of the processes' },
  { part: 'port layer', real: 'scopes made through the API persist', sandbox: 'they are forgotten when the VCH goes down' },
  { part: 'personality', real: 'copying and commit through the Docker API', sandbox: '501' },
  {
    part: 'personality',
    real: 'a command that was asked for with streams and is started without them can take the personality down',
    sandbox: 'the connection drops',
  },
  { part: 'personality', real: 'a terminal has a size', sandbox: 'resize is answered and has no effect' },
  { part: 'personality', real: 'pulls from registries', sandbox: 'from a built-in catalogue, without a network' },
  { part: 'personality', real: 'a check of the Host header without TLS', sandbox: 'none' },
  { part: 'vicadmin', real: 'https with a login', sandbox: 'a status page and the logs, without a login; http where the VCH has no certificate' },
];
