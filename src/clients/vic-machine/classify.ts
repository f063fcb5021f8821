/**
 * Known messages of vic-machine, as stable codes with a cause and what to do. The phrases are vic-machine's own
 * (vmware/vic cmd/vic-machine, lib/install); the texts around them vary with versions of Go and vSphere.
 */
import type { ErrorCode } from '../../errors/codes.ts';

export interface MessageClass {
  readonly code: ErrorCode;
  readonly hint: string;
}

const UNREACHABLE = 'Check the address in --target, its port, the firewall and the VPN.';
const LOGIN = 'Check --user (often user@domain) and VICK_PASSWORD.';

/** In order: the first match wins, so the special stands before the general. */
const CLASSES: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /Failed to verify certificate for target=.*\(thumbprint=|^x509: /,
    'VIC_TARGET_CERTIFICATE',
    'Compare the thumbprint with the one the host shows, then pass it with --thumbprint.',
  ],
  [/thumbprint does not match/, 'VIC_TARGET_CERTIFICATE', 'Find out why the certificate changed; do not accept a new thumbprint blindly.'],
  [/Failed to validate operations credentials/, 'VIC_TARGET_LOGIN', 'Check the password of the ops user; it needs at least read rights on the datacenter.'],
  [/Failed to log in to|incorrect user name or password|Login failure/i, 'VIC_TARGET_LOGIN', LOGIN],
  [
    /Permission to perform this operation was denied|NoPermission/,
    'VIC_PERMISSION',
    'Use an administrator account, or grant the privilege that the step before needs.',
  ],
  [/Failed to connect to|connection refused|no such host|i\/o timeout|no route to host|network is unreachable/, 'VIC_TARGET_UNREACHABLE', UNREACHABLE],
  [/^Incorrect Usage:/, 'VIC_MACHINE_FAILED', 'This vic-machine does not know the option or refuses its value; check the version of the binary.'],
  [/^Unknown argument:/, 'USAGE', 'A word that is no option stops vic-machine from reading on; check the words after --.'],
  [/please check log file vic-machine\.log/, 'VIC_MACHINE_FAILED', 'vic-machine crashed; its log says more.'],
  [/--target argument must be specified/, 'USAGE', 'Name vCenter or the ESXi host with --target.'],
  [/vSphere user must be specified/, 'USAGE', 'Name the account with --user.'],
  [/--name contains unsupported characters|exceeds the permitted 31 characters limit/, 'NAME_INVALID', 'Use at most 31 lower-case letters, digits and dashes.'],
  [
    /Datacenter must be specified in --target|Datacenter ".*" in --target is not found/,
    'VIC_VALIDATION',
    'Put one of the suggested datacenters into the target: --target HOST/DATACENTER.',
  ],
  [/--target should only specify datacenter in the path/, 'VIC_VALIDATION', 'Name a cluster with --compute-resource, not in --target.'],
  [/Target is managed by vCenter server/, 'VIC_VALIDATION', 'Give that vCenter as --target.'],
  [
    /No unambiguous default compute resource available|compute resource '.*' not found/,
    'VIC_VALIDATION',
    'Name one of the suggested resources with --compute-resource.',
  ],
  [/Invalid cluster\. Check --compute-resource/, 'VIC_VALIDATION', 'Name one of the suggested resources with --compute-resource.'],
  [/datastore '.*' not found|datastore empty/, 'VIC_VALIDATION', 'Name one of the suggested datastores with --image-store (or --volume-store).'],
  [
    /is not accessible by the compute resource|No single host can access all of the requested datastores/,
    'VIC_VALIDATION',
    'Choose a datastore that the hosts share.',
  ],
  [
    /An existing distributed port group must be specified for bridge network/,
    'VIC_VALIDATION',
    'Make a distributed port group for this VCH and name it with --bridge-network.',
  ],
  [/the bridge network must not be shared with another network role/, 'VIC_VALIDATION', 'Use another port group for --bridge-network.'],
  [
    /Error checking network for --|Error adding container network/,
    'VIC_VALIDATION',
    'Name an existing port group; the default of --public-network is "VM Network".',
  ],
  [/All cluster hosts must be in the vDS/, 'VIC_VALIDATION', 'Add the missing hosts to the distributed switch.'],
  [/Firewall must permit dst 2377\/tcp outbound/, 'VIC_VALIDATION', 'Open 2377/tcp outbound on the hosts: vick update firewall --allow.'],
  [/Firewall configuration incorrect due to allowed IP restrictions/, 'VIC_VALIDATION', 'Add the management address of the VCH to the firewall rule.'],
  [/License does not meet minimum requirements|license missing feature/, 'VIC_VALIDATION', 'VIC needs vSphere Enterprise Plus or ROBO Advanced on the hosts.'],
  [/DRS VM Groups may not be used without DRS/, 'VIC_VALIDATION', 'Drop --affinity-vm-group or switch DRS on.'],
  [/SerialPort\.PersistNetworkBacking=true must be set/, 'VIC_VALIDATION', 'Have a vCenter administrator set that advanced option.'],
  [/inconsistent with installer version/, 'VIC_VALIDATION', 'Use the ISO files of the same build as this vic-machine.'],
  [/Unable to locate .* in the current or installer directory|stat .*\.iso: /, 'VIC_VALIDATION', 'Name the files with --appliance-iso and --bootstrap-iso.'],
  [/A VCH with the name ".*" already exists/, 'VCH_EXISTS', 'Look at it with vick list vch; a half-made one is removed by vick delete vch.'],
  [/The specified VCH name \(.*\) is already in use|but it is not a VCH/, 'VCH_EXISTS', 'A VM or folder of that name exists; choose another name.'],
  [
    /Upload failed for|Failed to upload iso images/,
    'VIC_MACHINE_FAILED',
    'The upload goes to the host itself: check its name, its network and the space on the datastore.',
  ],
  [
    /all existing (?:volume stores|container networks) must also be specified|changes to existing .* are not supported|Existing (?:volume store|container-network) .* not specified in configure/,
    'VIC_VALIDATION',
    'Volume stores and container networks can only be added: repeat every existing one unchanged. They are listed by vick inspect vch NAME --options.',
  ],
  [/has same or newer version .*No upgrade is available/, 'VCH_UP_TO_DATE', 'There is nothing to do; a newer vic-machine is needed to upgrade further.'],
  [/Cannot configure VCH with version|please upgrade first/, 'VIC_MACHINE_FAILED', 'Upgrade it first: vick upgrade vch NAME.'],
  [
    /version available from before the last upgrade could not be found/,
    'VIC_MACHINE_FAILED',
    'There is no snapshot to go back to: the VCH was never configured or upgraded, or was rolled back already.',
  ],
  [/Failed to (?:reset|clear) UpdateInProgress/, 'VCH_UPDATE_IN_PROGRESS', 'Clear the mark later with --reset-progress, when nothing else works on the VCH.'],
  [/Unable to read public key|unable to load public key/, 'USAGE', 'Name a readable file with --authorized-key.'],
  [/Tools is not running in the appliance/, 'VIC_MACHINE_FAILED', 'The endpoint VM is not fully up: wait, or power it on.'],
  [/^No command selected|Only one of --allow and --deny can be set/, 'USAGE', 'Give one of --allow and --deny.'],
  [
    /Component did not launch successfully - kubelet-starter/,
    'VCH_PARTIAL',
    'The image must be appliance-vkubelet.iso; /logs/kubelet-starter.log of the admin portal says more.',
  ],
  [/Component did not launch successfully/, 'VCH_PARTIAL', "The component's log in the admin portal of the VCH says why."],
  [
    /VolumeStore \(.*\) cannot be brought online|Not all configured volume stores are online/,
    'VCH_PARTIAL',
    'Check the datastore or NFS server of that store, and port-layer.log in the admin portal of the VCH.',
  ],
  [/vSphere API target (?!responds)/, 'VCH_PARTIAL', 'The endpoint VM does not reach vSphere: check the management network, its DNS and gateway.'],
  [/Failed to obtain IP address for client interface/, 'VIC_MACHINE_TIMEOUT', 'Check DHCP and the VLAN of the client network, or raise --vic-timeout.'],
  [
    /Docker API endpoint check failed/,
    'VIC_MACHINE_TIMEOUT',
    'Check that this machine reaches the VCH on 2375 or 2376; the services may only be slow: raise --vic-timeout.',
  ],
  [
    /exceeded time limit of|(?:List|Inspect|Delete|Debug|Update|Configure|Upgrade) timed out|use --timeout to add more time/,
    'VIC_MACHINE_TIMEOUT',
    'Raise --vic-timeout; check DHCP and that this machine reaches the VCH.',
  ],
  [/Didn't find VM "|Failed to get Virtual Container Host|id ".*" could not be found|Not a VCH/, 'VCH_NOT_FOUND', 'See what there is with vick list vch.'],
  [/VCH is not powered on, state /, 'VIC_MACHINE_FAILED', 'Power the endpoint VM on; a half-made VCH is removed by vick delete vch.'],
  [/No (?:client|public) IP address assigned/, 'VIC_MACHINE_FAILED', 'It may still be booting; check DHCP.'],
  [/is different than installer version/, 'VIC_MACHINE_FAILED', 'Use the vic-machine of that version, or --force --delete-volumes, which deletes its volumes.'],
  [/VM ".*" is powered on|Specify --force to force delete/, 'VCH_BUSY', 'Stop its containers, or use --force.'],
  [/Resource pool is not empty|Folder\(.*\) is not empty/, 'VIC_MACHINE_FAILED', 'Move or remove the other VMs in it.'],
  [
    /another upgrade\/configure operation is in progress/,
    'VCH_UPDATE_IN_PROGRESS',
    'Wait for it. If none is running any more, clear the mark: vick configure vch NAME --reset-progress.',
  ],
  [
    /^Failed to revert appliance to snapshot/,
    'VIC_MACHINE_FAILED',
    'The VCH is neither as before nor as wanted: look at it in vSphere, then clear the mark with --reset-progress and repeat with a longer --timeout.',
  ],
  [
    /unable to find guestinfo secret|Failed to decode VM configuration|404 Not Found/,
    'VIC_MACHINE_FAILED',
    'The .vmx file of the endpoint VM cannot be read: check the rights on its datastore.',
  ],
  [/Failed to parse Kubernetes URL/, 'VIC_VALIDATION', 'Give --k8s-server-address as https://host:port.'],
  [
    /Failed to load K8s config file|A Kubernetes (?:Config File|Server Address) must be specified/,
    'VIC_VALIDATION',
    'The kubeconfig for the VCH could not be read by vic-machine.',
  ],
  [
    /Specified directory to store certificates is not empty|cname option doesn't match existing server certificate|output location ".*" already exists/,
    'VIC_VALIDATION',
    'Certificates of an earlier VCH are in the way; name another folder with -- --tls-cert-path.',
  ],
  [/provide Common Name for server certificate/, 'USAGE', 'Choose one of --tls-cname NAME, --no-tlsverify and --no-tls.'],
  [/key and cert should be specified at the same time/, 'USAGE', 'Give both --tls-server-cert and --tls-server-key.'],
  [
    /contains unsupported characters|must be in format|is missing the (?:host|path) field|Could not parse HTTPS? proxy/,
    'USAGE',
    'Correct the value of that option.',
  ],
  [
    /Invalid use of flag|without operations username|Inconsistent container network configuration|A network alias must be supplied/,
    'USAGE',
    'Correct the options after --.',
  ],
  [
    /bridge network ip range|must be \/16 or larger|Gateway provided without static IP|is not reachable from|Failed to parse the provided|must have both static IP and gateway|without at least one routing destination|sharing port group with public network|Incorrect static IP configuration|Invalid DNS server|invalid insecure registry|syslog address|Container name convention must include/,
    'USAGE',
    'Correct the network or registry options after --.',
  ],
  [
    /Server certificate hostname doesn't match|\(unknown CA\)/,
    'VIC_VALIDATION',
    'The certificate of the VCH does not fit its address or its CA: check --tls-server-cert, --tls-cname and --tls-ca.',
  ],
  [/^Failed to upgrade: /, 'VIC_MACHINE_FAILED', 'The endpoint VM did not come up with the new settings or images; its console and logs in vSphere say why.'],
];

/** The class of one message; undefined for one that is not known. */
export function classify(message: string): MessageClass | undefined {
  const found = CLASSES.find(([pattern]) => pattern.test(message));
  return found === undefined ? undefined : { code: found[1], hint: found[2] };
}

/** The class of a failure: of its first known issue. Unknown ones are passed on word by word as VIC_MACHINE_FAILED. */
export function classifyFailure(issues: readonly string[]): MessageClass | undefined {
  for (const issue of issues) {
    const found = classify(issue);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The thumbprint that vic-machine saw, where its message names one. */
export function thumbprintIn(issues: readonly string[]): string | undefined {
  return issues.map((issue) => /\(thumbprint=([0-9A-F:]{59})\)/.exec(issue)?.[1]).find((found) => found !== undefined);
}
