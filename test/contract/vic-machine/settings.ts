import { join } from 'node:path';
import { nodeFileSystem } from '../../../src/platform/node/fs.ts';
import { esxInventory, vcenterInventory, type InventoryOptions } from '../../../src/sandbox/vsphere/inventory.ts';
import { isoContent } from '../../../src/sandbox/vsphere/vic-machine/iso.ts';
import type { Stage, StageOptions } from './stage.ts';

/** What stood before a recorded run, and what the machine under it does. */
export interface Setting extends StageOptions {
  /** Commands that were run before in another folder. */
  readonly before?: readonly string[];
  /** The same in the folder of the run itself. */
  readonly beforeHere?: readonly string[];
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Calls that the account may no longer make when the run itself begins. */
  readonly deniedLater?: StageOptions['denied'];
  /** Waiting takes no real time. */
  readonly fastClock?: boolean;
}

const STD = '--target vcenter.example.test --user root --password secret --force';
const ESX = '--target esx.example.test --user root --password secret --force';
const made = (name: string, group: string, rest = '--no-tlsverify', program = 'vic-machine-linux') =>
  `${program} create ${STD} --name ${name} --bridge-network ${group} --image-store LocalDS_0 ${rest}`;
const NEWER = 'vic-machine-linux-newer';
const UPGRADE = `${NEWER} upgrade ${STD} --name vch1`;
const site = (options: InventoryOptions): StageOptions => ({
  inventory: vcenterInventory({ portGroups: ['DC0_DVPG0', 'DC0_DVPG1'], persistNetworkBacking: true, ...options }),
});
const vch1: Setting = { before: [made('vch1', 'DC0_DVPG0')] };
const vch1WithStore: Setting = { before: [made('vch1', 'DC0_DVPG0', '--no-tlsverify --volume-store LocalDS_0/vols:default')] };
const inProgress: Setting = { ...vch1, prepare: (stage) => stage.markInProgress('vch1') };
const two: Setting = { before: [made('vch1', 'DC0_DVPG0'), made('vch2', 'DC0_DVPG1')] };
const tls: Setting = { beforeHere: [made('vch1', 'DC0_DVPG0', '--tls-cname vch1.example.test')] };
const halfMade: Setting = { before: [made('vch1', 'DC0_DVPG0', '--no-tlsverify --k8s-server-address k8s.example.test:notaport --k8s-config kube.conf')] };
const denied = (call: NonNullable<StageOptions['denied']>[number], setting: InventoryOptions = {}): Setting => ({ ...site(setting), denied: [call] });

/** By transcript; one that is not here needs nothing but a vCenter with two port groups. */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  'configure-container-network-not-listed': {
    ...site({ portGroups: ['DC0_DVPG0', 'DC0_DVPG1', 'DC0_DVPG2'] }),
    before: [made('vch1', 'DC0_DVPG0', '--no-tlsverify --container-network DC0_DVPG1:routed')],
  },
  'configure-debug-level': vch1WithStore,
  'configure-failed-silently': { ...denied('CreateSnapshot_Task'), ...vch1 },
  'configure-in-progress': inProgress,
  'configure-no-change': vch1WithStore,
  'configure-no-permission': { ...vch1, deniedLater: ['ReconfigVM_Task'] },
  'configure-reset-progress': inProgress,
  'configure-volume-store-not-listed': vch1WithStore,
  'create-affinity-without-drs': site({ drs: false }),
  'create-after-interrupt': { ...vch1, beforeHere: [made('vch1', 'DC0_DVPG9')] },
  'create-cert-folder-not-empty': {
    prepare: (stage) =>
      nodeFileSystem.makeDirectory(join(stage.folder, 'vch1')).then(() => nodeFileSystem.writeFile(join(stage.folder, 'vch1', 'ca.pem'), 'old')),
  },
  'create-datacenter-required': site({ datacenters: ['DC0', 'DC1'] }),
  'create-duplicate-name': { beforeHere: [made('vch1', 'DC0_DVPG0')] },
  'create-duplicate-name-clean-folder': vch1,
  'create-force-skips-thumbprint-duplicate-name': vch1,
  'create-firewall-blocked': site({ firewallOpen: false }),
  'create-iso-missing': { prepare: (stage) => nodeFileSystem.remove(join(stage.folder, 'bootstrap.iso')) },
  'create-kubelet-starter-failed': {
    ...site({ persistNetworkBacking: false }),
    host: { failedComponent: { name: 'kubelet-starter', error: 'exec format error' } },
  },
  'create-license-missing': site({ persistNetworkBacking: false, missingFeatures: ['serialuri', 'dvs'] }),
  'create-no-permission': denied('CreateResourcePool', { persistNetworkBacking: false }),
  'create-no-permission-folder': denied('CreateFolder', { persistNetworkBacking: false }),
  'create-no-permission-reconfigure': denied('ReconfigVM_Task'),
  'create-timeout-docker-api': { host: { dockerDown: true }, fastClock: true },
  'create-timeout-docker-api-short': { host: { dockerDown: true }, fastClock: true },
  'create-volume-store-missing-in-vch': { ...site({ portGroups: ['DC0_DVPG0', 'DC0_DVPG1', 'DC0_DVPG2'] }), host: { volumeStoresOffline: true } },
  'delete-after-failed-create': halfMade,
  'delete-drs-disabled': { ...site({ drs: false }), ...vch1 },
  'delete-force-no-thumbprint': vch1,
  'delete-force-older-installer': { before: [made('vch1', 'DC0_DVPG0', '--no-tlsverify --volume-store LocalDS_0/vols:default', NEWER)] },
  'delete-force-version-differs': two,
  'delete-running-containers': { ...vch1, host: { containers: [{ id: 'c1', name: 'cvm1', poweredOn: true }] } },
  'delete-success': vch1,
  'delete-version-differs': two,
  'esx-create-firewall-blocked': { inventory: esxInventory({ firewallOpen: false }) },
  'esx-delete': { inventory: esxInventory(), before: [`vic-machine-linux create ${ESX} --name vch1 --no-tlsverify`] },
  'esx-ls': { inventory: esxInventory(), before: [`vic-machine-linux create ${ESX} --name vch1 --no-tlsverify`] },
  'esx-update-firewall-allow': { inventory: esxInventory({ firewallOpen: false }) },
  'inspect-by-id': vch1,
  'inspect-by-name': vch1,
  'inspect-cert-path-elsewhere': { before: [made('vch1', 'DC0_DVPG0', '--tls-cname vch1.example.test --tls-cert-path ELSEWHERE/certs')] },
  'inspect-config-format-unknown': vch1WithStore,
  'inspect-config-k8s': { before: [made('vch2', 'DC0_DVPG1', '--no-tlsverify --k8s-server-address https://k8s.example.test:6443 --k8s-config kube.conf')] },
  'inspect-config-raw': vch1WithStore,
  'inspect-config-verbose': vch1WithStore,
  'inspect-datacenter-required': site({ datacenters: ['DC0', 'DC1'] }),
  'inspect-debug-1': vch1,
  'inspect-no-tls': { before: [made('vch1', 'DC0_DVPG0', '--no-tls')] },
  'inspect-tls-cert-path': tls,
  'inspect-upgrade-available': two,
  'ls-after-failed-create': halfMade,
  'ls-after-interrupt': vch1,
  'ls-after-no-permission-folder': { ...denied('CreateFolder'), ...vch1 },
  'ls-after-no-permission-power-on': { ...denied('PowerOnVM_Task'), ...vch1 },
  'ls-after-no-permission-vcenter-setting': { ...denied('UpdateOptions', { persistNetworkBacking: false }), ...vch1 },
  'ls-after-no-permission-vm-create': { ...denied('CreateVM_Task'), ...vch1 },
  'ls-after-upgrade': { before: [made('vch1', 'DC0_DVPG0', '--no-tlsverify', NEWER), made('vch2', 'DC0_DVPG1')] },
  'ls-compute-resource': vch1,
  'ls-drs-disabled': { ...site({ drs: false }), ...vch1 },
  'ls-env-vars': vch1,
  'ls-one': vch1,
  'ls-terminal': vch1,
  'ls-two': two,
  'ls-upgrade-available': two,
  'ls-userinfo-in-target': vch1,
  'ls-v1.5.6': two,
  'debug-enable-ssh': vch1,
  'debug-key-missing': vch1,
  'debug-no-options': vch1,
  'upgrade-failed-silently': { ...denied('CreateSnapshot_Task'), ...vch1, prepare: writeIsosOfTheNewer },
  'upgrade-in-progress': inProgress,
  'upgrade-newer': { ...vch1, prepare: writeIsosOfTheNewer },
  'upgrade-rollback-none': { ...vch1, before: [...(vch1.before ?? []), UPGRADE], deniedLater: ['RevertToSnapshot_Task'], prepare: writeIsosOfTheNewer },
  'update-firewall-allow': site({ firewallOpen: false }),
};

/** Transcripts that the stand-in does not reproduce, and why. */
export const NOT_REPRODUCED: readonly { readonly names: RegExp; readonly reason: string }[] = [
  { names: /^create-interrupted$/, reason: 'ends by a signal; replayed as a test of its own' },
];

/** As `a2.iso` and `b2.iso`. */
async function writeIsosOfTheNewer(stage: Stage): Promise<void> {
  for (const file of ['a2.iso', 'b2.iso']) {
    await nodeFileSystem.writeFile(join(stage.folder, file), isoContent('v1.5.0-dev-19950-c7d40ac8', { kubelet: true }));
  }
}

/** ISO files of another build, for programs that act as one. */
export async function writeNewerIsos(folder: string): Promise<void> {
  for (const file of ['appliance.iso', 'bootstrap.iso']) {
    await nodeFileSystem.writeFile(join(folder, file), isoContent('v1.5.0-dev-19950-c7d40ac8', { kubelet: true }));
  }
}
