import type { CommandHandler } from '../spec.ts';

/** What vick knows without asking anybody. */
export const runVersion: CommandHandler = (_input, { self }) => {
  const report = { vick: self.version, node: self.runtime.node, platform: self.runtime.platform };
  return Promise.resolve({
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'Version', ...report },
    text: `vick ${report.vick}\nnode ${report.node}\nplatform ${report.platform}`,
    names: [`vick/${report.vick}`],
  });
};
