/**
 * The closed list of stable error codes and the exit code each one ends a command with.
 * Codes are part of the command-line contract: they are never renamed, only added to.
 */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  conflict: 3,
  auth: 4,
  notFound: 5,
  preflight: 6,
  timeout: 7,
  partial: 8,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT_CODES;
export type ExitCode = (typeof EXIT_CODES)[ExitName];

/** user: the input can be corrected · environment: something outside is missing or refuses · bug: ours. */
export type ErrorFamily = 'user' | 'environment' | 'bug';

interface CodeFacts {
  readonly exit: ExitName;
  readonly family: ErrorFamily;
  readonly meaning: string;
}

const define = <T extends Record<string, CodeFacts>>(table: T): T => table;

export const ERROR_CODES = define({
  // --- what the operator typed
  USAGE: { exit: 'usage', family: 'user', meaning: 'the command line is not valid' },
  CONFIG_INVALID: { exit: 'usage', family: 'user', meaning: 'a configuration file or value is not valid' },
  CONFIG_EXISTS: { exit: 'conflict', family: 'user', meaning: 'a configuration file is there already' },
  NAME_INVALID: { exit: 'usage', family: 'user', meaning: 'a name breaks the rules of the thing it names' },
  CANCELLED: { exit: 'interrupted', family: 'user', meaning: 'the operator stopped the command' },
  // --- the Kubernetes side
  KUBECONFIG_NOT_FOUND: { exit: 'preflight', family: 'environment', meaning: 'the kubeconfig cannot be read' },
  KUBECONFIG_INVALID: { exit: 'preflight', family: 'user', meaning: 'the kubeconfig is not well-formed or not usable' },
  KUBE_UNREACHABLE: { exit: 'preflight', family: 'environment', meaning: 'the Kubernetes API server does not answer' },
  KUBE_TLS: { exit: 'preflight', family: 'environment', meaning: 'the TLS connection to the API server cannot be trusted' },
  KUBE_UNAUTHENTICATED: { exit: 'auth', family: 'environment', meaning: 'the API server does not accept the credentials' },
  KUBE_FORBIDDEN: { exit: 'auth', family: 'environment', meaning: 'the credentials lack a permission' },
  KUBE_NOT_FOUND: { exit: 'notFound', family: 'environment', meaning: 'an object does not exist in the cluster' },
  KUBE_CONFLICT: { exit: 'conflict', family: 'environment', meaning: 'an object exists already or was changed meanwhile' },
  KUBE_INVALID: { exit: 'failure', family: 'environment', meaning: 'the API server refused an object as invalid' },
  KUBE_API: { exit: 'failure', family: 'environment', meaning: 'the API server answered with an error' },
  NODE_NOT_READY: { exit: 'timeout', family: 'environment', meaning: 'the node did not become Ready in time' },
  NODE_CONFLICT: { exit: 'conflict', family: 'user', meaning: 'a label or taint is already set to something else' },
  IDENTITY_REFUSED: { exit: 'auth', family: 'environment', meaning: 'the cluster does not give the node an identity of its own' },
  IDENTITY_NOT_SIGNED: { exit: 'timeout', family: 'environment', meaning: 'nobody signed the certificate of the node in time' },
  IDENTITY_INVALID: { exit: 'failure', family: 'environment', meaning: 'the certificate that was issued for the node is not what was asked for' },
  IDENTITY_NOT_FOUND: { exit: 'notFound', family: 'user', meaning: 'vick made no identity for that node' },
  // --- vic-machine and the VCH
  VIC_MACHINE_NOT_FOUND: { exit: 'preflight', family: 'environment', meaning: 'no vic-machine binary was found' },
  VIC_MACHINE_TOO_OLD: { exit: 'preflight', family: 'environment', meaning: 'this vic-machine lacks a needed option' },
  VIC_MACHINE_FAILED: { exit: 'failure', family: 'environment', meaning: 'vic-machine reported a failure' },
  VIC_MACHINE_TIMEOUT: { exit: 'timeout', family: 'environment', meaning: 'vic-machine did not finish in time' },
  VIC_TARGET_UNREACHABLE: { exit: 'failure', family: 'environment', meaning: 'vCenter or ESXi does not answer' },
  VIC_TARGET_CERTIFICATE: { exit: 'auth', family: 'environment', meaning: 'the certificate of the vSphere target is not trusted' },
  VIC_TARGET_LOGIN: { exit: 'auth', family: 'environment', meaning: 'vSphere refused the login' },
  VIC_PERMISSION: { exit: 'auth', family: 'environment', meaning: 'the vSphere account lacks a privilege' },
  VIC_VALIDATION: { exit: 'failure', family: 'environment', meaning: 'vic-machine found the configuration not to fit vSphere' },
  VCH_EXISTS: { exit: 'conflict', family: 'user', meaning: 'a VCH of that name exists already' },
  VCH_DIFFERS: { exit: 'conflict', family: 'user', meaning: 'the VCH exists, and is not what was asked for' },
  VCH_UNFINISHED: { exit: 'conflict', family: 'user', meaning: 'an earlier create of this VCH did not finish' },
  VCH_NOT_FOUND: { exit: 'notFound', family: 'user', meaning: 'no such VCH' },
  VCH_UPDATE_IN_PROGRESS: { exit: 'conflict', family: 'environment', meaning: 'a configure or upgrade of the VCH is running, or one that died left its mark' },
  VCH_UP_TO_DATE: { exit: 'ok', family: 'user', meaning: 'the VCH is of this version or a newer one; nothing was done' },
  VCH_BUSY: { exit: 'conflict', family: 'user', meaning: 'the VCH or its node still runs something' },
  VCH_PARTIAL: { exit: 'partial', family: 'environment', meaning: 'the VCH works, but something in it did not come up' },
  APPLIANCE_INVALID: { exit: 'failure', family: 'user', meaning: 'a file is no appliance image, or a damaged one' },
  PORT_LAYER: { exit: 'failure', family: 'environment', meaning: 'the port layer refused or dropped a request' },
  PERSONALITY: { exit: 'failure', family: 'environment', meaning: 'the Docker personality refused a request' },
  ENGINE: { exit: 'failure', family: 'environment', meaning: 'the container engine refused or dropped a request' },
  // --- the kubelet, the sandbox, the rest
  KUBELET_CONFIG: { exit: 'preflight', family: 'user', meaning: 'the kubelet cannot start with these settings' },
  KUBELET_BACKEND: { exit: 'timeout', family: 'environment', meaning: 'the back end of the kubelet did not become ready' },
  KUBELET_RUNNING: { exit: 'conflict', family: 'user', meaning: 'a kubelet of that node runs on this machine already' },
  KUBELET_NOT_RUNNING: { exit: 'notFound', family: 'user', meaning: 'no such kubelet runs on this machine' },
  KUBELET_FAILED: { exit: 'failure', family: 'environment', meaning: 'the kubelet ended, or does not end' },
  SANDBOX_RUNNING: { exit: 'conflict', family: 'user', meaning: 'a sandbox is running already' },
  SANDBOX_NOT_RUNNING: { exit: 'notFound', family: 'user', meaning: 'no sandbox is running' },
  SANDBOX_FAILED: { exit: 'failure', family: 'environment', meaning: 'the sandbox could not be started or stopped' },
  PREFLIGHT: { exit: 'preflight', family: 'environment', meaning: 'a check before the start failed' },
  TIMEOUT: { exit: 'timeout', family: 'environment', meaning: 'something did not happen in time' },
  PARTIAL: { exit: 'partial', family: 'environment', meaning: 'some of the work was done, some failed' },
  IO: { exit: 'failure', family: 'environment', meaning: 'a file or process could not be used' },
  BUG: { exit: 'failure', family: 'bug', meaning: 'vick itself is at fault' },
});

export type ErrorCode = keyof typeof ERROR_CODES;
