import { messageOf, VickError } from '../../errors/vick-error.ts';
import { podAddresses } from '../../providers/mock/addresses.ts';
import { isSetting, parseSetting, type MockSettings } from '../../providers/mock/settings.ts';
import { givenNodeName, nodeName, pairs, pickFrom, settingsOfNodes, type KubeletInput } from './options.ts';
import type { MockKubeletSettings } from './settings.ts';

const POD_CIDR = '10.244.0.0/16';

/** As resolveKubeletOptions, for pods that only say that they run; several node names make several nodes. */
export function resolveMockOptions(input: KubeletInput): MockKubeletSettings {
  const pick = pickFrom(input);
  const { value, source } = givenNodeName(pick);
  const nodeNames = value.split(',').map((name) => nodeName({ value: name.trim(), source }));
  const twice = nodeNames.find((name, index) => nodeNames.indexOf(name) !== index);
  if (twice !== undefined) throw new VickError('KUBELET_CONFIG', `${source}: the node ${twice} is named twice`);
  const cidr = pick('pod-cidr');
  return {
    ...settingsOfNodes(input, pick),
    provider: 'mock',
    nodeName: nodeNames[0] ?? '',
    nodeNames,
    podCidr: cidr === undefined ? POD_CIDR : checked(() => podAddresses(cidr.value), cidr.source, cidr.value),
    defaults: defaults(input.flags['mock']),
  };
}

function checked(check: () => unknown, source: string, value: string): string {
  try {
    check();
    return value;
  } catch (error) {
    throw new VickError('KUBELET_CONFIG', `${source}: ${messageOf(error)}`, { cause: error });
  }
}

function defaults(given: KubeletInput['flags']['mock']): MockSettings {
  return Object.fromEntries(
    Object.entries(pairs('mock', given)).map(([name, text]) => {
      if (!isSetting(name)) {
        throw new VickError('KUBELET_CONFIG', `--mock: there is no setting "${name}"`, { hint: 'The settings are those of the annotations mock.vick.dev/….' });
      }
      try {
        return [name, parseSetting(name, text, `--mock ${name}`)];
      } catch (error) {
        throw new VickError('KUBELET_CONFIG', messageOf(error), { cause: error });
      }
    }),
  );
}
