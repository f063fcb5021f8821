import type { CommandSpec } from '../spec.ts';

export const applianceCheckSpec: CommandSpec = {
  path: ['appliance', 'check'],
  summary: "say whether an appliance image carries vick's kubelet",
  description:
    'Looks into an appliance ISO, its unpacked root file system, a build bundle of VIC, or a folder with ISOs, and runs nothing of it. ' +
    'Says whose /sbin/virtual-kubelet it has, whether it can start there (mode, processor, shared libraries), and whether kubelet-starter is there to start it.',
  args: [{ name: 'IMAGE', description: 'an .iso, or a folder', required: true, completes: 'file' }],
  flags: [],
  examples: [
    { say: 'Before a VCH is made with it', run: 'vick appliance check ./appliance-vkubelet.iso' },
    { say: 'For a script', run: 'vick appliance check ./bundle -o json | jq -r .verdict' },
  ],
  outputs: ['table', 'json', 'yaml', 'name'],
  exits: [
    { code: 'ok', when: "vick's is there and can start" },
    { code: 'conflict', when: 'another program is there: the Go preview, or an unknown one' },
    { code: 'notFound', when: 'there is none' },
    { code: 'preflight', when: "vick's is there and could not start" },
  ],
  load: async () => (await import('../commands/appliance-check.ts')).runApplianceCheck,
};
