/** How a command ended, read from a kubelet's error stream (k8s.io/client-go/tools/remotecommand: errorDecoderV1–V5). */
import { isObject } from '../json.ts';
import { internalError } from './refusal.ts';

const EXIT_CODE = 'ExitCode';
const NON_ZERO = 'NonZeroExitCode';

/** The Status that a client is told. `protocol` is what the kubelet speaks: before v4, any text is a failure. */
export function outcomeOf(text: string, protocol: string): object {
  if (text === '') return { metadata: {}, status: 'Success' };
  if (!/^v[45]\./.test(protocol)) return failure(`error executing remote command: ${text}`);
  const status = parsed(text);
  if (status === undefined) return failure(`error stream protocol error: invalid JSON in ${JSON.stringify(text)}`);
  if (status['status'] === 'Success') return { metadata: {}, status: 'Success' };
  if (status['status'] !== 'Failure') return failure('error stream protocol error: unknown error');
  if (status['reason'] !== NON_ZERO) return failure(typeof status['message'] === 'string' ? status['message'] : '');
  if (!isObject(status['details'])) return failure('error stream protocol error: details must be set');
  const causes = Array.isArray(status['details']['causes']) ? status['details']['causes'].filter(isObject) : [];
  const code = causes.find(({ reason }) => reason === EXIT_CODE)?.['message'];
  if (code === undefined) return failure(`error stream protocol error: no ${EXIT_CODE} cause given`);
  if (typeof code !== 'string' || !/^\d+$/.test(code) || Number(code) > 255) {
    return failure(`error stream protocol error: invalid exit code value ${JSON.stringify(code)}`);
  }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${Number(code)}`,
    reason: NON_ZERO,
    details: { causes: [{ reason: EXIT_CODE, message: String(Number(code)) }] },
  };
}

function failure(message: string): object {
  return internalError(message).toStatus();
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
