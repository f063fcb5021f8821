import { listWatch } from '../../clients/kubernetes/list-watch.ts';
import { paths } from '../../clients/kubernetes/paths.ts';
import { messageOf } from '../../errors/vick-error.ts';
import { rfc3339 } from '../../platform/clock.ts';
import type { Json } from '../../platform/kubernetes-objects.ts';
import { approvalQuestions, autoApproval, isPastItsTime, signingVerdict, type SigningCondition, type SigningRequest } from '../certificate-signing/policy.ts';
import type { CertificatePair } from '../certificates.ts';
import type { ControllerTools } from './scheduler.ts';

export interface CertificateSigningOptions extends ControllerTools {
  readonly authority: CertificatePair;
}

const CLEANED_EVERY_MS = 3_600_000;

/**
 * Stand-in for the parts of kube-controller-manager that make certificates of requests, for control planes that run without it:
 * approves kubelets' client requests whose requester may ask for them, signs what is approved, clears away old ones.
 * An ordinary client of the API; runs until the signal aborts.
 */
export async function runCertificateSigning(options: CertificateSigningOptions, signal: AbortSignal): Promise<void> {
  const { api, clock, log } = options;
  const requests = new Map<string, SigningRequest>();
  const timer = new AbortController();

  const write = async (csr: SigningRequest, path: string, status: SigningRequest['status']): Promise<void> => {
    await api.request({ method: 'PUT', path, body: { ...csr, status } as unknown as Json }, signal);
  };
  const withCondition = (csr: SigningRequest, condition: SigningCondition): SigningRequest['status'] => ({
    ...csr.status,
    conditions: [...(csr.status?.conditions ?? []), { ...condition, lastUpdateTime: rfc3339(clock.now()) }],
  });

  const tend = async (csr: SigningRequest): Promise<void> => {
    const name = csr.metadata.name ?? '';
    for (const subresource of approvalQuestions(csr)) {
      if (!(await mayCreate(csr, subresource))) continue;
      await write(csr, paths.signingApproval(name), withCondition(csr, autoApproval(subresource)));
      return;
    }
    const verdict = signingVerdict(csr);
    if (verdict === undefined) return;
    if ('refuse' in verdict) {
      await write(csr, paths.signingStatus(name), withCondition(csr, verdict.refuse));
      return;
    }
    const { issueCertificate } = await import('../certificate-signing/issue.ts');
    const certificate = await issueCertificate({
      request: verdict.sign,
      usages: csr.spec?.usages ?? [],
      expirationSeconds: csr.spec?.expirationSeconds,
      authority: options.authority,
      now: clock.now(),
    });
    await write(csr, paths.signingStatus(name), { ...csr.status, certificate: Buffer.from(certificate).toString('base64') });
  };

  const mayCreate = async (csr: SigningRequest, subresource: string): Promise<boolean> => {
    const { username = '', groups = [] } = csr.spec ?? {};
    const resourceAttributes = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', subresource, verb: 'create' };
    const answer = await api.request<{ readonly status?: { readonly allowed?: boolean } }>(
      { method: 'POST', path: paths.subjectAccessReviews(), body: { spec: { user: username, groups: [...groups], resourceAttributes } } },
      signal,
    );
    return answer.status?.allowed === true;
  };

  const attend = (csr: SigningRequest): void => {
    requests.set(csr.metadata.name ?? '', csr);
    // A conflict means that the object has changed: the watch brings the newer one.
    tend(csr).catch((error: unknown) => {
      if (!signal.aborted) log.warn('a certificate request was left for its next change', { name: csr.metadata.name, why: messageOf(error) });
    });
  };

  const clean = async (): Promise<never> => {
    for (;;) {
      await clock.sleep(CLEANED_EVERY_MS, timer.signal);
      for (const csr of requests.values()) {
        if (!isPastItsTime(csr, clock.now())) continue;
        await api.request({ method: 'DELETE', path: paths.signingRequest(csr.metadata.name ?? '') }, signal).catch((error: unknown) => {
          log.warn('an old certificate request could not be deleted', { name: csr.metadata.name, why: messageOf(error) });
        });
      }
    }
  };

  const cleaning = clean().catch(() => undefined);
  try {
    await listWatch<SigningRequest>(
      { ...options, path: paths.signingRequests() },
      (update) => {
        if (update.kind === 'listed') {
          requests.clear();
          update.items.forEach(attend);
        } else if (update.kind === 'changed') attend(update.item);
        else requests.delete(update.item.metadata.name ?? '');
      },
      signal,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    timer.abort(new Error('the controller ends'));
    await cleaning;
  }
}
