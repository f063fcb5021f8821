/**
 * What a pod's annotations make of its containers. A key is `mock.vick.dev/<setting>` for every container of the pod
 * (for its main ones with settings of exits), or `<setting>.mock.vick.dev/<container>` for one, which wins.
 */

export interface MockAnnotation {
  readonly setting: Setting;
  /** `pod`: of the whole pod, and never of one container. */
  readonly of: 'container' | 'pod';
  readonly value: string;
  readonly unset: string;
  readonly effect: string;
}

export type Setting = keyof typeof FORMS;

export const DOMAIN = 'mock.vick.dev';

/** How the value of each setting is read. */
export const FORMS = {
  ip: 'address',
  'create-delay': 'delay',
  'create-error': 'text',
  'create-error-times': 'count',
  'lost-after': 'delay',
  'start-delay': 'delay',
  'start-error': 'failure',
  'start-error-times': 'count',
  'exit-after': 'delay',
  'exit-code': 'code',
  'exit-reason': 'text',
  'exit-message': 'text',
  'exit-times': 'count',
  'stop-delay': 'stop',
  'stop-exit-code': 'code',
  'unhealthy-until': 'delay',
  'unhealthy-after': 'delay',
  logs: 'text',
  'log-every': 'delay',
  'exec-output': 'text',
  'exec-exit-code': 'code',
  cpu: 'quantity',
  memory: 'quantity',
} as const;

/** The reference: every setting, in the order in which a pod meets them. */
export const MOCK_ANNOTATIONS: readonly MockAnnotation[] = [
  { setting: 'ip', of: 'pod', value: 'address', unset: 'the next of --pod-cidr', effect: 'Address of the pod.' },
  { setting: 'create-delay', of: 'pod', value: 'delay', unset: '0s', effect: 'How long the sandbox of the pod takes to be made.' },
  {
    setting: 'create-error',
    of: 'pod',
    value: 'text',
    unset: 'none',
    effect: 'The sandbox cannot be made; the text is the message of the event FailedCreatePodSandBox.',
  },
  { setting: 'create-error-times', of: 'pod', value: 'count', unset: 'always', effect: 'After so many failures the sandbox is made.' },
  {
    setting: 'lost-after',
    of: 'pod',
    value: 'delay',
    unset: 'never',
    effect: 'The sandbox is lost so long after it was made, and its containers with it; once.',
  },
  { setting: 'start-delay', of: 'container', value: 'delay', unset: '0s', effect: 'How long the container takes to start.' },
  {
    setting: 'start-error',
    of: 'container',
    value: 'Reason or Reason: message',
    unset: 'none',
    effect:
      'The container cannot be started: ErrImagePull, ErrImageNeverPull, InvalidImageName, CreateContainerConfigError, CreateContainerError or RunContainerError.',
  },
  { setting: 'start-error-times', of: 'container', value: 'count', unset: 'always', effect: 'After so many failures the container starts.' },
  {
    setting: 'exit-after',
    of: 'container',
    value: 'delay',
    unset: '0s when there is an exit-code; else as its command says, and never when that says nothing',
    effect: 'The container ends by itself so long after its start.',
  },
  { setting: 'exit-code', of: 'container', value: '0 to 255', unset: '0', effect: 'The code with which it ends by itself.' },
  { setting: 'exit-reason', of: 'container', value: 'text', unset: 'Completed or Error', effect: 'Reason of that end, for example OOMKilled.' },
  { setting: 'exit-message', of: 'container', value: 'text', unset: 'none', effect: 'Termination message of that end.' },
  { setting: 'exit-times', of: 'container', value: 'count', unset: 'always', effect: 'After so many such ends its next run goes on until it is stopped.' },
  {
    setting: 'stop-delay',
    of: 'container',
    value: 'delay or never',
    unset: '0s',
    effect: 'How long it takes to end after its stop signal; it is killed (137) when its grace is over.',
  },
  { setting: 'stop-exit-code', of: 'container', value: '0 to 255', unset: '0', effect: 'The code with which it ends after its stop signal.' },
  { setting: 'unhealthy-until', of: 'container', value: 'delay', unset: '0s', effect: 'Probes of it, of every kind, fail for so long after its start.' },
  { setting: 'unhealthy-after', of: 'container', value: 'delay', unset: 'never', effect: 'Probes of it, of every kind, fail from so long after its start.' },
  { setting: 'logs', of: 'container', value: 'text', unset: 'one line that names the container and its image', effect: 'What it logs when it starts.' },
  { setting: 'log-every', of: 'container', value: 'delay', unset: 'never', effect: 'It logs a line with a number that often.' },
  { setting: 'exec-output', of: 'container', value: 'text', unset: 'what the command says', effect: 'Output of every command that is run in it.' },
  { setting: 'exec-exit-code', of: 'container', value: '0 to 255', unset: 'what the command says', effect: 'Exit code of every command that is run in it.' },
  { setting: 'cpu', of: 'container', value: 'quantity', unset: 'its request, else 1m', effect: 'CPU that it is said to use.' },
  { setting: 'memory', of: 'container', value: 'quantity', unset: 'its request, else 1Mi', effect: 'Memory that it is said to use.' },
];
