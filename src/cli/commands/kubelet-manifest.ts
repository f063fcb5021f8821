import { VickError } from '../../errors/vick-error.ts';
import { manifest } from '../../operations/local-kubelet/manifest.ts';
import { toYaml } from '../render/yaml.ts';
import type { CommandHandler } from '../spec.ts';
import { kubeletManifestSpec } from '../specs/kubelet-local.ts';
import { kubeletRunSpec } from '../specs/kubelet-run.ts';
import { kubeletChoice } from './kubelet-flags.ts';
import { textFlag } from './vch-input.ts';

const DEFAULT_PORT = 10_250;

export const runKubeletManifest: CommandHandler = async (input, deps) => {
  const taken = new Set(kubeletManifestSpec.flags.map(({ name }) => name));
  const specs = kubeletRunSpec.flags.filter(({ name }) => taken.has(name) && name !== 'port');
  const { nodeName, flags } = await kubeletChoice(input, specs, true, deps);
  const objects = manifest({
    nodeName,
    namespace: textFlag(input, 'namespace') ?? 'vick-system',
    image: textFlag(input, 'image') ?? '',
    flags: flags.filter((flag) => !flag.startsWith('--nodename=')),
    port: portOf(textFlag(input, 'port')),
    kubeconfigSecret: textFlag(input, 'kubeconfig-secret'),
    dockerSecret: textFlag(input, 'docker-secret'),
    servingSecret: textFlag(input, 'serving-secret'),
  });
  return { data: { apiVersion: 'v1', kind: 'List', items: objects }, text: objects.map(toYaml).join('---\n') };
};

/** A Service and a probe need one that is known. */
function portOf(text: string | undefined): number {
  const port = text === undefined ? DEFAULT_PORT : Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new VickError('USAGE', `--port: "${text ?? ''}" is not a port of a Deployment`, { hint: 'A number from 1 to 65535.' });
}
