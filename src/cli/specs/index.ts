/** The command table: every command of vick, in the order of `vick --help`. One import per spec, and nothing heavy behind it. */
import type { CommandSpec } from '../spec.ts';
import type { Table } from '../table.ts';
import { applianceCheckSpec } from './appliance.ts';
import { applySpec } from './apply.ts';
import { completionSpec } from './completion.ts';
import { configInitSpec, configSchemaSpec, configShowSpec, configValidateSpec } from './config.ts';
import { createVchSpec } from './create-vch.ts';
import { configureVchSpec } from './configure-vch.ts';
import { debugVchSpec } from './debug-vch.ts';
import { deleteVchSpec } from './delete-vch.ts';
import { gcSpec } from './gc.ts';
import { helpSpec } from './help.ts';
import { identityRevokeSpec, identityRotateSpec, identityShowSpec } from './identity.ts';
import { inspectVchSpec } from './inspect-vch.ts';
import { listVchSpec } from './list-vch.ts';
import { kubeletManifestSpec, kubeletStartSpec, kubeletStatusSpec, kubeletStopSpec, kubeletUnitSpec } from './kubelet-local.ts';
import { kubeletRunSpec } from './kubelet-run.ts';
import { nodeLabelSpec, nodeListSpec, nodeTaintSpec } from './node.ts';
import { preflightSpec } from './preflight.ts';
import { statusSpec } from './status.ts';
import { sandboxApplySpec, sandboxDownSpec, sandboxEnvSpec, sandboxLogsSpec, sandboxServeSpec, sandboxStatusSpec, sandboxUpSpec } from './sandbox.ts';
import { updateFirewallSpec } from './update-firewall.ts';
import { upgradeVchSpec } from './upgrade-vch.ts';
import { versionSpec } from './version.ts';

const COMMANDS: readonly CommandSpec[] = [
  applySpec,
  createVchSpec,
  deleteVchSpec,
  listVchSpec,
  inspectVchSpec,
  configureVchSpec,
  upgradeVchSpec,
  debugVchSpec,
  updateFirewallSpec,
  statusSpec,
  gcSpec,
  preflightSpec,
  applianceCheckSpec,
  identityShowSpec,
  identityRotateSpec,
  identityRevokeSpec,
  nodeListSpec,
  nodeTaintSpec,
  nodeLabelSpec,
  kubeletRunSpec,
  kubeletStartSpec,
  kubeletStopSpec,
  kubeletStatusSpec,
  kubeletUnitSpec,
  kubeletManifestSpec,
  sandboxUpSpec,
  sandboxDownSpec,
  sandboxStatusSpec,
  sandboxEnvSpec,
  sandboxApplySpec,
  sandboxLogsSpec,
  sandboxServeSpec,
  configShowSpec,
  configValidateSpec,
  configInitSpec,
  configSchemaSpec,
  completionSpec,
  versionSpec,
  helpSpec,
];

/** What stands before a verb's object (`create vch`) or above a noun's verbs (`node taint`). */
export interface GroupSpec {
  readonly path: readonly string[];
  readonly summary: string;
  readonly aliases?: readonly string[];
}

const GROUPS: readonly GroupSpec[] = [
  { path: ['create'], summary: 'create a VCH that joins a cluster as a node' },
  { path: ['delete'], summary: 'delete a VCH and its node' },
  { path: ['list'], summary: 'list VCHs', aliases: ['ls', 'get'] },
  { path: ['inspect'], summary: 'show addresses, version and settings of a VCH', aliases: ['describe'] },
  { path: ['configure'], summary: 'change settings of a VCH' },
  { path: ['upgrade'], summary: 'bring a VCH to the version of vic-machine, or back' },
  { path: ['debug'], summary: 'switch SSH on in the endpoint VM of a VCH' },
  { path: ['update'], summary: 'change the hosts that VCHs run on' },
  { path: ['appliance'], summary: 'look into appliance images' },
  { path: ['identity'], summary: 'who the nodes of VCHs are in the cluster: certificates, their expiry, new ones' },
  { path: ['node'], summary: 'taint, label and list the nodes that VCHs are', aliases: ['nodes', 'no'] },
  { path: ['kubelet'], summary: 'run the kubelet personality beside a VCH' },
  { path: ['config'], summary: 'settings and where they come from' },
  { path: ['sandbox'], summary: 'a whole site on this machine, without vSphere or a cluster' },
];

/** Headings of `vick --help`, by the first word of the commands below them; the one without words takes the rest. */
export const SECTIONS: readonly { readonly title: string; readonly words: readonly string[] }[] = [
  {
    title: 'Virtual container hosts',
    words: ['create', 'apply', 'list', 'inspect', 'configure', 'upgrade', 'debug', 'update', 'delete', 'status', 'gc', 'preflight', 'check', 'appliance'],
  },
  { title: 'Nodes', words: ['node', 'identity'] },
  { title: 'Kubelet', words: ['kubelet'] },
  { title: 'Sandbox', words: ['sandbox'] },
  { title: 'Settings', words: ['config'] },
  { title: 'Other', words: [] },
];

export const TABLE: Table = { commands: COMMANDS, groups: GROUPS };
