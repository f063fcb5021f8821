/** A failure that the sandbox brings about when a VCH bears this name, or a name that begins with it and a dash. */
export interface Sentinel {
  readonly name: string;
  readonly fails: string;
}

/** Every failure to be had by naming a VCH; the documentation is generated from this table. */
export const SENTINELS = [
  { name: 'firewall-blocked', fails: 'validation: the host firewall does not permit 2377/tcp outbound' },
  { name: 'license-missing', fails: 'validation: the host licence lacks serialuri and dvs' },
  { name: 'drs-disabled', fails: 'nothing: the cluster has no DRS, so there is a warning and no resource pool of its own' },
  { name: 'deny-setting', fails: 'validation: the account may not change the vCenter setting for serial ports' },
  { name: 'deny-pool', fails: 'the account may not create the resource pool; nothing is left' },
  { name: 'deny-folder', fails: 'the account may not create the folder; the pool is removed again' },
  { name: 'deny-vm', fails: 'the account may not create the VM; pool and folder are removed again' },
  { name: 'deny-reconfigure', fails: 'the account may not change the VM; VM, folder and pool stay' },
  { name: 'deny-power-on', fails: 'the account may not power the VM on; VM, folder and pool stay' },
  { name: 'flaky-upload', fails: 'the first upload of an ISO fails and is retried after ten seconds' },
  { name: 'fail-upload', fails: 'every upload of an ISO fails; VM, folder and pool stay' },
  { name: 'fail-power-on', fails: 'the power-on task ends with an error; VM, folder and pool stay' },
  { name: 'slow-boot', fails: 'nothing: the endpoint VM has its address only after 20 seconds' },
  { name: 'no-ip', fails: 'the endpoint VM never has an address; create waits until --timeout' },
  { name: 'kubelet-starter-fails', fails: 'kubelet-starter does not launch (exec format error); create still ends with success' },
  { name: 'docker-api-down', fails: 'nothing answers on the Docker API port; create waits until --timeout' },
  { name: 'vsphere-unreachable', fails: 'the endpoint VM cannot reach vSphere: a warning only' },
  { name: 'volume-store-missing', fails: 'no volume store is online; create reports it and still ends with success' },
  { name: 'update-denied', fails: 'the account may not mark the VCH as being updated: configure and upgrade refuse with exit code 1' },
  { name: 'update-in-progress', fails: 'an earlier update seems to be running: configure and upgrade refuse until --reset-progress' },
  { name: 'update-silent', fails: 'no snapshot can be made: configure and upgrade change nothing, say nothing and exit 0' },
  { name: 'update-rolled-back', fails: 'the endpoint VM does not boot with new settings: configure and upgrade roll back and exit 0' },
  {
    name: 'update-timeout',
    fails: 'the endpoint VM gets no address after an update; the time limit leaves none for the roll-back, and the progress flag stays',
  },
  { name: 'debug-no-tools', fails: 'no guest operation is possible in the endpoint VM: debug fails' },
  { name: 'crash', fails: 'vic-machine itself crashes after validation: exit code 0 and one line that points to its log' },
] as const satisfies readonly Sentinel[];

export type SentinelName = (typeof SENTINELS)[number]['name'];

/** The sentinel that a VCH name carries. */
export function sentinelOf(vchName: string): SentinelName | undefined {
  return SENTINELS.find(({ name }) => vchName === name || vchName.startsWith(`${name}-`))?.name;
}
