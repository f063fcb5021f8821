/** Whether the vSphere target is who it is taken for, settled before a password is sent: by its certificate's thumbprint, or by the roots of this machine. */
import { fetchPeerCertificate, type PeerCertificateFacts } from '../../clients/vic-machine/peer-certificate.ts';
import type { VicTarget } from '../../clients/vic-machine/port.ts';
import { stateDirectory } from '../../config/state-dir.ts';
import { VickError } from '../../errors/vick-error.ts';
import { rfc3339, type Clock } from '../../platform/clock.ts';
import type { FileSystem } from '../../platform/fs.ts';
import type { Prompter, Reporter } from '../../platform/talk.ts';
import { knownTargetsFile, readKnownTarget, rememberTarget, type KnownTarget } from './known-targets.ts';
import { targetPlace } from './target.ts';

export interface TrustDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly fs: FileSystem;
  readonly clock: Pick<Clock, 'now'>;
  readonly prompter: Pick<Prompter, 'interactive' | 'confirm'>;
  readonly reporter: Pick<Reporter, 'info' | 'verbose'>;
}

const CONNECT_LIMIT_MS = 8_000;

/**
 * `target` with the thumbprint to use. A given one must be the target's; a known one must not have changed; a new one is
 * accepted by `accept`, by a person on a terminal, or not at all. One that verifies by itself needs none, so that the VCH
 * survives a renewal of the certificate. VIC_TARGET_CERTIFICATE always names the thumbprint that was seen. A target that
 * does not answer is left to vic-machine, which says why.
 */
export async function trustTarget(target: VicTarget, options: { readonly accept: boolean }, deps: TrustDeps, signal?: AbortSignal): Promise<VicTarget> {
  const place = targetPlace(target.target);
  if (place === undefined) return target;
  const seen = await fetchPeerCertificate(place, { timeoutMs: CONNECT_LIMIT_MS, ...(signal === undefined ? {} : { signal }) });
  if (seen === undefined) return target;
  const name = `${place.host}:${place.port}`;
  const file = knownTargetsFile(stateDirectory(deps));
  const remember = async (): Promise<void> => {
    await rememberTarget(file, { place: name, thumbprint: seen.thumbprint, since: rfc3339(deps.clock.now()) }, deps.fs);
  };
  const known = await readKnownTarget(file, name, deps.fs);
  if (target.thumbprint !== undefined) {
    if (target.thumbprint !== seen.thumbprint) throw wrongThumbprint(name, target.thumbprint, seen);
    if (known?.thumbprint !== seen.thumbprint) await remember();
    return target;
  }
  if (known?.thumbprint === seen.thumbprint) return { ...target, thumbprint: seen.thumbprint };
  if (seen.problem === undefined) return target;
  if (known !== undefined) throw changed(name, known, seen, file);
  if (!options.accept) await ask(name, seen, deps);
  await remember();
  deps.reporter.info(`The certificate of ${name} is accepted from now on: ${seen.thumbprint} (in ${file})`);
  return { ...target, thumbprint: seen.thumbprint };
}

async function ask(name: string, seen: PeerCertificateFacts, { prompter }: TrustDeps): Promise<void> {
  const about = `The certificate of ${name} is not trusted: ${seen.problem ?? ''}\n  SHA-1 thumbprint  ${seen.thumbprint}\n  SHA-256           ${seen.sha256}\n  subject           ${seen.subject}\n  valid until       ${seen.validUntil}\n`;
  if (prompter.interactive) {
    if (
      await prompter.confirm({ message: `${about}Is that the thumbprint of your vSphere? Accept it from now on`, flag: '--accept-thumbprint', default: false })
    ) {
      return;
    }
    throw new VickError('VIC_TARGET_CERTIFICATE', `the certificate of ${name} was not accepted`, {
      hint: 'Nothing was sent to it.',
      details: { thumbprint: seen.thumbprint },
    });
  }
  throw new VickError('VIC_TARGET_CERTIFICATE', `the certificate of ${name} is not trusted (${seen.problem ?? ''}); its thumbprint is ${seen.thumbprint}`, {
    hint: `Compare it with the one that the host itself shows; if it is the same: --thumbprint ${seen.thumbprint}, or --accept-thumbprint.`,
    details: { thumbprint: seen.thumbprint, sha256: seen.sha256, subject: seen.subject, validUntil: seen.validUntil },
  });
}

function wrongThumbprint(name: string, given: string, seen: PeerCertificateFacts): VickError {
  return new VickError('VIC_TARGET_CERTIFICATE', `the thumbprint of ${name} is ${seen.thumbprint}, not ${given}`, {
    hint: 'Find out why before you accept it: the certificate was changed, or this is not the right machine.',
    details: { thumbprint: seen.thumbprint, given },
  });
}

function changed(name: string, known: KnownTarget, seen: PeerCertificateFacts, file: string): VickError {
  const since = known.since === '' ? '' : ` since ${known.since}`;
  return new VickError(
    'VIC_TARGET_CERTIFICATE',
    `the certificate of ${name} has changed: its thumbprint is ${seen.thumbprint}, but ${known.thumbprint} is known${since}`,
    {
      hint: `Find out why. If the new one is right: --thumbprint ${seen.thumbprint} replaces the known one in ${file}.`,
      details: { thumbprint: seen.thumbprint, known: known.thumbprint },
    },
  );
}
