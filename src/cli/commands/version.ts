import { version } from '../../operations/version/version.ts';
import type { CommandHandler } from '../spec.ts';

export const runVersion: CommandHandler = (_input, deps) => {
  const report = version(deps.self);
  return Promise.resolve({
    data: { apiVersion: 'vick.dev/v1alpha1', kind: 'Version', ...report },
    text: `vick ${report.vick}\nnode ${report.node}\nplatform ${report.platform}`,
    names: [`vick/${report.vick}`],
  });
};
