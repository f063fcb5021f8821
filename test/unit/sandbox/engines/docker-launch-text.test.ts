import { expect, test } from 'vitest';
import { launchText } from '../../../../src/sandbox/engines/docker-launch-text.ts';

const RUNC =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';

test.each([
  ['nope', `${RUNC}exec: "nope": executable file not found in $PATH: unknown`, 'exec: "nope": executable file not found in $PATH'],
  ['/nope', `${RUNC}exec: "/nope": stat /nope: no such file or directory: unknown`, 'no such file or directory'],
  ['/etc', `${RUNC}exec: "/etc": is a directory: permission denied: unknown`, 'permission denied'],
  ['/etc/passwd', `${RUNC}exec: "/etc/passwd": permission denied: unknown`, 'permission denied'],
  ['/bin/x', 'exec /bin/x: exec format error', 'exec format error'],
  ['nope', 'crun: executable file `nope` not found in $PATH: No such file or directory', 'exec: "nope": executable file not found in $PATH'],
  [
    '/nope',
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown',
    'no such file or directory',
  ],
  ['sh', 'unable to find user nobody2: no matching entries in passwd file', 'unable to find user nobody2: no matching entries in passwd file'],
])('%s: %s', (path, said, expected) => {
  expect(launchText(path, said)).toBe(expected);
});
