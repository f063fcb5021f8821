import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, classifyFailure, thumbprintIn } from '../../../../src/clients/vic-machine/classify.ts';
import { CREATE_PHASES, nextPhase, PHASE_FACTS, remainsOf, type CreatePhase } from '../../../../src/clients/vic-machine/create-phase.ts';
import { messagesAt, parseOutput } from '../../../../src/clients/vic-machine/log-line.ts';
import { nextUpdatePhase, updateStateOf, type UpdatePhase } from '../../../../src/clients/vic-machine/update-phase.ts';
import { judge, type VicCommand } from '../../../../src/clients/vic-machine/verdict.ts';
import { allTranscripts, readTranscript, type Transcript } from '../../../support/transcript.ts';

const COMMANDS: readonly VicCommand[] = ['create', 'delete', 'ls', 'inspect', 'configure', 'upgrade', 'debug'];

function commandOf(transcript: Transcript): VicCommand | undefined {
  const [, word, next] = transcript.command.split(' ');
  if (word === 'inspect' && next === 'config') return 'inspect config';
  if (word === 'update' && next === 'firewall') return 'update firewall';
  if (transcript.command.includes('--reset-progress')) return 'reset progress';
  return COMMANDS.find((command) => command === word);
}

const judged = (name: string) => {
  const transcript = readTranscript(name);
  return judge(commandOf(transcript) ?? 'create', transcript.exitCode, parseOutput(transcript.stdout + transcript.stderr));
};

describe('judge', () => {
  const runs = allTranscripts().flatMap((transcript) => {
    const command = commandOf(transcript);
    const asksHelp = /--help| -x\b|extended-help|bash-completion/.test(transcript.command);
    return command === undefined || asksHelp ? [] : [{ transcript, command }];
  });

  it.each(runs.map(({ transcript, command }) => [transcript.name, command, transcript] as const))(
    'tells whether %s (%s) succeeded',
    (name, command, transcript) => {
      const verdict = judge(command, transcript.exitCode, parseOutput(transcript.stdout + transcript.stderr));
      const said = transcript.stdout;
      const expected =
        transcript.exitCode === 0 &&
        !said.includes('Incorrect Usage') &&
        /Installer completed successfully|Completed successfully|Command completed|flag successfully|UPGRADE STATUS|is configured with the following options|^--target=/.test(
          said,
        );
      expect(verdict.succeeded, name).toBe(expected);
      if (verdict.succeeded || transcript.signal !== undefined) return;
      // The silent failures of configure and upgrade name no cause; every other one does.
      const silent = /silently|rollback-none/.test(name);
      expect(verdict.kind === 'silent', name).toBe(silent);
      expect(verdict.issues.length > 0, name).toBe(!silent);
    },
  );

  it('reports what did not come up in a run that succeeded', () => {
    expect(judged('create-success-k8s').problems).toEqual([]);
    expect(judged('create-kubelet-starter-failed').problems).toEqual(['Component did not launch successfully - kubelet-starter: exec format error']);
    expect(judged('create-volume-store-missing-in-vch').problems).toHaveLength(3);
  });

  it('takes flag errors with exit code 0 for failures', () => {
    expect(judged('create-unknown-flag')).toMatchObject({ succeeded: false, kind: 'usage', issues: ['Incorrect Usage: flag provided but not defined: -nope'] });
  });

  it('takes exit code 0 without the last line for a failure', () => {
    const lines = parseOutput(readTranscript('create-interrupted').stdout);
    expect(judge('create', 0, lines)).toMatchObject({ succeeded: false, kind: 'silent', issues: [] });
  });

  it('takes the last line with another exit code for a failure', () => {
    expect(judge('create', 1, parseOutput(readTranscript('create-success-k8s').stdout)).succeeded).toBe(false);
  });

  it('recognises a crash that exits 0', () => {
    const verdict = judge('create', 0, parseOutput('vic-machine-linux create failed, please check log file vic-machine.log for details\n'));
    expect(verdict).toMatchObject({ succeeded: false, kind: 'crash' });
  });

  it('takes a list that could not search for a failure although it prints a table', () => {
    const table = readTranscript('ls-empty').stdout;
    const lines = parseOutput(`time="2026-11-23T04:04:26Z" level=error msg="List cannot continue - failed to search VCHs in /DC0" \n${table}`);
    expect(judge('ls', 0, lines)).toMatchObject({ succeeded: false, issues: ['List cannot continue - failed to search VCHs in /DC0'] });
  });

  it('keeps the causes of a failed validation and drops their consequences', () => {
    const verdict = judged('create-compute-not-found');
    expect(verdict.issues).toEqual([
      "compute resource 'NoSuchCluster' not found",
      'Unable to check hosts in vDS for "DC0_DVPG0": Invalid cluster. Check --compute-resource',
    ]);
    expect(verdict.suggestions).toEqual({ '--compute-resource': ['DC0_C0'] });
  });

  it('drops the noise of a time limit', () => {
    expect(judged('create-timeout-docker-api').issues).toEqual([
      'Creating VCH exceeded time limit of 3m0s. Please increase the timeout using --timeout to accommodate for a busy vSphere target',
    ]);
  });

  it('is total', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<VicCommand>(...COMMANDS, 'reset progress', 'update firewall', 'inspect config'),
        fc.option(fc.nat(255), { nil: undefined }),
        fc.array(fc.string()),
        (command, code, texts) => {
          const verdict = judge(command, code, parseOutput(texts.join('\n')));
          expect(verdict.succeeded).toBe(verdict.kind === 'success');
        },
      ),
    );
  });
});

describe('classification of failures', () => {
  it.each([
    ['create-wrong-password', 'VIC_TARGET_LOGIN'],
    ['ls-wrong-password', 'VIC_TARGET_LOGIN'],
    ['create-thumbprint-missing', 'VIC_TARGET_CERTIFICATE'],
    ['ls-thumbprint-missing', 'VIC_TARGET_CERTIFICATE'],
    ['create-thumbprint-mismatch', 'VIC_TARGET_CERTIFICATE'],
    ['create-target-refused', 'VIC_TARGET_UNREACHABLE'],
    ['create-no-permission', 'VIC_PERMISSION'],
    ['create-no-permission-reconfigure', 'VIC_PERMISSION'],
    ['create-duplicate-name', 'VCH_EXISTS'],
    ['create-compute-not-found', 'VIC_VALIDATION'],
    ['create-datastore-not-found', 'VIC_VALIDATION'],
    ['create-bridge-not-found', 'VIC_VALIDATION'],
    ['create-bridge-shared', 'VIC_VALIDATION'],
    ['create-firewall-blocked', 'VIC_VALIDATION'],
    ['create-license-missing', 'VIC_VALIDATION'],
    ['create-iso-missing', 'VIC_VALIDATION'],
    ['create-datacenter-required', 'VIC_VALIDATION'],
    ['create-datacenter-not-found', 'VIC_VALIDATION'],
    ['create-affinity-without-drs', 'VIC_VALIDATION'],
    ['create-cert-folder-not-empty', 'VIC_VALIDATION'],
    ['create-k8s-address-bad', 'VIC_VALIDATION'],
    ['create-k8s-config-missing-file', 'VIC_VALIDATION'],
    ['create-timeout-docker-api', 'VIC_MACHINE_TIMEOUT'],
    ['create-unknown-flag', 'VIC_MACHINE_FAILED'],
    ['create-unknown-argument', 'USAGE'],
    ['create-name-bad-characters', 'NAME_INVALID'],
    ['create-name-too-long', 'NAME_INVALID'],
    ['create-no-target', 'USAGE'],
    ['create-no-user', 'USAGE'],
    ['create-no-cname', 'USAGE'],
    ['create-public-ip-without-gateway', 'USAGE'],
    ['create-insecure-registry-cidr', 'USAGE'],
    ['create-syslog-bad', 'USAGE'],
    ['delete-not-found', 'VCH_NOT_FOUND'],
    ['delete-by-id-not-found', 'VCH_NOT_FOUND'],
    ['inspect-id-not-found', 'VCH_NOT_FOUND'],
    ['delete-running-containers', 'VCH_BUSY'],
    ['delete-version-differs', 'VIC_MACHINE_FAILED'],
    ['configure-volume-store-not-listed', 'VIC_VALIDATION'],
    ['configure-container-network-not-listed', 'VIC_VALIDATION'],
    ['configure-in-progress', 'VCH_UPDATE_IN_PROGRESS'],
    ['configure-no-permission', 'VIC_PERMISSION'],
    ['configure-not-found', 'VCH_NOT_FOUND'],
    ['configure-force-no-thumbprint', 'VIC_TARGET_CERTIFICATE'],
    ['configure-k8s-flag-rejected', 'VIC_MACHINE_FAILED'],
    ['upgrade-in-progress', 'VCH_UPDATE_IN_PROGRESS'],
    ['upgrade-iso-missing', 'VIC_VALIDATION'],
    ['upgrade-not-found', 'VCH_NOT_FOUND'],
    ['debug-key-missing', 'USAGE'],
    ['debug-not-found', 'VCH_NOT_FOUND'],
    ['inspect-config-raw-not-found', 'VCH_NOT_FOUND'],
    ['update-firewall-both', 'USAGE'],
    ['update-firewall-neither', 'USAGE'],
    ['update-firewall-compute-not-found', 'VIC_VALIDATION'],
  ])('%s is %s', (name, code) => {
    const found = classifyFailure(judged(name).issues);
    expect(found?.code, JSON.stringify(judged(name).issues)).toBe(code);
    expect(found?.hint).toMatch(/\.$/);
  });

  it('knows a cause for every recorded failure', () => {
    const unknown = allTranscripts()
      .filter((transcript) => transcript.exitCode === 1 && commandOf(transcript) !== undefined)
      .filter((transcript) => classifyFailure(judged(transcript.name).issues) === undefined)
      .map((transcript) => transcript.name);
    expect(unknown).toEqual([]);
  });

  it.each([
    ['"vch1" has same or newer version v1.5.0-dev-1-a than installer version v1.5.0-dev-1-a. No upgrade is available.', 'VCH_UP_TO_DATE'],
    ['Cannot configure VCH with version 9, please upgrade first', 'VIC_MACHINE_FAILED'],
    ['Failed to reset UpdateInProgress: context deadline exceeded', 'VCH_UPDATE_IN_PROGRESS'],
    ['A VCH version available from before the last upgrade could not be found.', 'VIC_MACHINE_FAILED'],
    ['Tools is not running in the appliance, unable to continue', 'VIC_MACHINE_FAILED'],
    ['Failed to revert appliance to snapshot: Failed to roll back upgrade: x.', 'VIC_MACHINE_FAILED'],
    ['Configure timed out: use --timeout to add more time', 'VIC_MACHINE_TIMEOUT'],
    ['changes to existing volume stores are not supported', 'VIC_VALIDATION'],
    ['output location "vch1" already exists', 'VIC_VALIDATION'],
    ['VolumeStore (default) cannot be brought online - check network', 'VCH_PARTIAL'],
    ['Component did not launch successfully - kubelet-starter: exec format error', 'VCH_PARTIAL'],
    ['Failed to decode VM configuration "[ds] a/a.vmx": 404 Not Found', 'VIC_MACHINE_FAILED'],
    ['Folder(vch1) is not empty and will not be removed', 'VIC_MACHINE_FAILED'],
  ])('%j is %s', (message, code) => {
    const found = classify(message);
    expect(found?.code).toBe(code);
    expect(found?.hint).toMatch(/[.]$/);
  });

  it('knows the wording of a real vCenter', () => {
    expect(classify('Failed to log in to vc: ServerFaultCode: Cannot complete login due to an incorrect user name or password.')?.code).toBe(
      'VIC_TARGET_LOGIN',
    );
    expect(classify('Failed to connect to https://vc/sdk: dial tcp: lookup vc: no such host')?.code).toBe('VIC_TARGET_UNREACHABLE');
    expect(classify('something nobody has seen')).toBeUndefined();
  });

  it('finds the thumbprint that vic-machine saw', () => {
    expect(thumbprintIn(judged('create-thumbprint-missing').issues)).toBe('AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD');
  });
});

describe('configure and upgrade', () => {
  const messages = (name: string): readonly string[] =>
    parseOutput(readTranscript(name).stdout).map((line) => (line.kind === 'log' ? line.message : line.text));

  it.each([
    ['configure-in-progress', 'unchanged'],
    ['configure-not-found', 'unchanged'],
    ['configure-no-permission', 'unchanged'],
    ['configure-volume-store-not-listed', 'unchanged'],
    ['configure-failed-silently', 'unknown'],
    ['upgrade-failed-silently', 'unchanged'],
    ['upgrade-rollback-none', 'unknown'],
    ['upgrade-iso-missing', 'unchanged'],
  ])('%s leaves the VCH %s', (name, state) => {
    expect(updateStateOf(messages(name))).toBe(state);
  });

  it('knows a roll-back that worked from one that did not', () => {
    const failed = ['Setting VM configuration', 'Failed to upgrade: no address', 'Rolling back upgrade', 'Reverting to snapshot reconfigure for 19900'];
    expect(updateStateOf([...failed, 'Appliance is rolled back to previous version'])).toBe('rolled-back');
    expect(updateStateOf([...failed, 'Failed to revert appliance to snapshot: context deadline exceeded'])).toBe('stuck');
    expect(updateStateOf(failed)).toBe('unknown');
    expect(updateStateOf([])).toBe('unknown');
  });

  it('passes through the phases in order, and shows a roll-back as such', () => {
    const phases = (said: readonly string[]): readonly (UpdatePhase | undefined)[] => {
      let phase: UpdatePhase | undefined;
      return said.map((message) => (phase = nextUpdatePhase(phase, message))).filter((one, index, all) => one !== all[index - 1]);
    };
    expect(phases(messages('upgrade-newer'))).toEqual(['prepare', 'upload', 'reconfigure', 'boot', 'done']);
    expect(phases(messages('configure-no-change'))).toEqual(['prepare', 'validate', 'reconfigure', 'boot', 'done']);
    expect(phases(['Waiting for IP information', 'Rolling back upgrade', 'Waiting for IP information'])).toEqual(['boot', 'roll back']);
  });
});

describe('phases of create', () => {
  const messages = (name: string): readonly string[] => messagesAt(parseOutput(readTranscript(name).stdout), ['info', 'warning', 'error']);

  it('passes through all of them in order', () => {
    const seen: CreatePhase[] = [];
    let phase: CreatePhase | undefined;
    for (const message of messages('create-success-k8s')) {
      const next = nextPhase(phase, message);
      if (next !== undefined && next !== phase) seen.push(next);
      phase = next;
    }
    expect(seen).toEqual(CREATE_PHASES);
    const scale = CREATE_PHASES.map((name) => PHASE_FACTS[name].progress);
    expect(scale).toEqual([...scale].sort((a, b) => a - b));
  });

  it('never goes back', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...messages('create-success-k8s')]), (shuffled) => {
        let last = -1;
        let phase: CreatePhase | undefined;
        for (const message of shuffled) {
          phase = nextPhase(phase, message);
          const at = phase === undefined ? -1 : CREATE_PHASES.indexOf(phase);
          expect(at).toBeGreaterThanOrEqual(last);
          last = at;
        }
      }),
    );
  });

  it.each([
    ['create-name-too-long', 'nothing'],
    ['create-wrong-password', 'nothing'],
    ['create-compute-not-found', 'nothing'],
    ['create-no-permission-folder', 'maybe'],
    ['create-k8s-address-bad', 'vm-off'],
    ['create-no-permission-reconfigure', 'vm-off'],
    ['create-timeout-docker-api', 'vm-running'],
    ['create-interrupted', 'vm-running'],
  ])('%s leaves %s', (name, remains) => {
    expect(remainsOf(messages(name))).toBe(remains);
  });
});
