import type { CommandSpec } from '../spec.ts';

export const applianceCheckSpec: CommandSpec = {
  path: ['appliance', 'check'],
  summary: "say whether an appliance image carries vick's kubelet",
  description:
    'Looks into an appliance ISO, its unpacked root file system, a build bundle of VIC, or a folder with ISOs, and runs nothing of it. ' +
    'Says whose /sbin/virtual-kubelet it has, whether it can start there (mode, processor, shared libraries), and whether kubelet-starter is there to start it.\n' +
    "Exits with 0 when vick's is there and can start, 3 when another program is (the Go preview), 5 when there is none, 6 when vick's could not start.",
  args: [{ name: 'IMAGE', description: 'an .iso, or a folder', required: true, completes: 'file' }],
  flags: [],
  examples: [
    { say: 'Before a VCH is made with it', run: 'vick appliance check ./appliance-vkubelet.iso' },
    { say: 'For a script', run: 'vick appliance check ./bundle -o json | jq -r .verdict' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  load: async () => (await import('../commands/appliance-check.ts')).runApplianceCheck,
};
