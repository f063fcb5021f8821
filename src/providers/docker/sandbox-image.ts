import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { packArchive } from '../../platform/tar.ts';
import type { ContainerEngine } from '../../clients/docker-engine/containers-port.ts';
import { ProviderFailure } from '../../kubelet/provider.ts';
import type { EngineFacts } from './engine-kind.ts';
import { SANDBOX_PROGRAMS } from './sandbox-program/program.ts';

const REPOSITORY = 'localhost/vick-sandbox';
export const SANDBOX_COMMAND = '/sandbox';

/** Names the image that sandboxes run; it is of one static file, and made in the engine where absent: no registry is needed. */
export async function ensureSandboxImage(engine: ContainerEngine, facts: EngineFacts, signal: AbortSignal): Promise<string> {
  const program = SANDBOX_PROGRAMS[facts.architecture];
  if (program === undefined) {
    throw new ProviderFailure('CreatePodSandboxError', `there is no sandbox program for the architecture ${facts.architecture} of the engine`);
  }
  const tag = createHash('sha256').update(program).digest('hex').slice(0, 12);
  const reference = `${REPOSITORY}:${tag}`;
  if ((await engine.inspectImage(reference, signal)) !== undefined) return reference;
  // Podman gives the root folder of an image the mode of this entry.
  const files = packArchive([{ path: SANDBOX_COMMAND.slice(1), kind: 'file', mode: 0o755, content: gunzipSync(Buffer.from(program, 'base64')) }], 0);
  await engine.importImage(files, { repository: REPOSITORY, tag, changes: [`ENTRYPOINT ["${SANDBOX_COMMAND}"]`] }, signal);
  return reference;
}

export function isSandboxImage(tags: readonly string[]): boolean {
  return tags.some((tag) => tag.startsWith(`${REPOSITORY}:`));
}
