/** Where the stand-ins for vSphere and vic-machine differ from the real ones; the documentation is generated from this table. */
export interface Difference {
  readonly area: 'vSphere' | 'vic-machine' | 'endpoint VM';
  readonly real: string;
  readonly standIn: string;
}

export const VSPHERE_DIFFERENCES: readonly Difference[] = [
  { area: 'vSphere', real: 'speaks SOAP at /sdk', standIn: 'speaks a private JSON protocol to its own vic-machine only; anything else gets 404' },
  { area: 'vSphere', real: 'keeps its state', standIn: 'forgets everything when the sandbox ends' },
  { area: 'vSphere', real: 'has roles and privileges', standIn: 'knows accounts and, for each, calls that are denied; --ops-grant-perms changes nothing' },
  {
    area: 'vSphere',
    real: 'a wrong password reads "Cannot complete login due to an incorrect user name or password."',
    standIn: 'says "Login failure", as the API simulator does',
  },
  {
    area: 'vSphere',
    real: 'prints "Firewall status: ENABLED on …" for each host',
    standIn: 'cannot be asked, as the API simulator cannot; the line is missing',
  },
  {
    area: 'vic-machine',
    real: 'debug starts an SSH server, sets a password and a key in the endpoint VM',
    standIn: 'remembers that it was asked to; nothing listens, and the password is not kept',
  },
  {
    area: 'vic-machine',
    real: 'a failed configure may delete files of the endpoint VM on the datastore',
    standIn: 'leaves them',
  },
  { area: 'vic-machine', real: 'uploads about 100 MB to a host', standIn: 'reads versions from dummy images of 40 KB and uploads nothing' },
  { area: 'vic-machine', real: '--debug 1 prints every call', standIn: 'prints a few debug lines' },
  { area: 'vic-machine', real: 'fetches vpxd.log and hostd.log after a failure', standIn: 'writes files of one line by these names' },
  { area: 'vic-machine', real: 'copies its log to the datastore', standIn: 'keeps it in the current folder only' },
  { area: 'vic-machine', real: 'checks registries for up to 20 seconds each', standIn: 'asks each once over HTTPS and HTTP, at most 5 seconds' },
  { area: 'vic-machine', real: 'verifies certificates with the system roots', standIn: "verifies with Node's own roots" },
  { area: 'vic-machine', real: 'deletes powered-off containers before it refuses for powered-on ones', standIn: 'refuses first; nothing is removed' },
  {
    area: 'endpoint VM',
    real: 'has an address of its own and ports 2376, 2377, 2378',
    standIn: 'is at 127.0.0.1 with ephemeral ports; the result block and the env file show them',
  },
  { area: 'endpoint VM', real: 'boots in one to three minutes', standIn: 'is up at once; a VCH named slow-boot takes 20 seconds' },
  {
    area: 'endpoint VM',
    real: 'stores hundreds of guestinfo keys, the password encrypted',
    standIn: 'stores the keys of its services and of the kubelet; there is no password',
  },
];
