import { messageOf } from '../../../errors/vick-error.ts';
import type { CertificatePair } from '../../certificates.ts';
import {
  approvalQuestions,
  autoApproval,
  isPastItsTime,
  signingVerdict,
  type SigningCondition,
  type SigningRequest,
} from '../../certificate-signing/policy.ts';
import type { Authorizer } from '../authz/attributes.ts';
import { SYSTEM_USER, type Engine } from '../engine.ts';
import { rfc3339 } from '../../../platform/clock.ts';
import { ensureMap } from '../resources/fields.ts';
import type { Draft, ObjectKey, UserInfo } from '../resource.ts';

const REQUESTS = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const CLEANED_EVERY_MS = 3_600_000;

/** Approves, signs and clears away certificate requests inside the embedded control plane, as kube-controller-manager does. */
export function signCertificates(engine: Engine, authorizer: Authorizer, authority: CertificatePair): () => void {
  if (!engine.registry.definitions.some(({ group, resource }) => group === REQUESTS.group && resource === REQUESTS.resource)) return () => undefined;
  let stopped = false;
  let cancelCleaning = (): void => undefined;
  const { store } = engine.contextFor(SYSTEM_USER);
  const unsubscribe = engine.store.subscribe((event) => {
    if (event.type === 'DELETED' || event.key.resource !== REQUESTS.resource || event.key.group !== REQUESTS.group) return;
    queueMicrotask(() => {
      if (stopped) return;
      approve(event.key);
      void sign(event.key).catch((error: unknown) => {
        engine.log.error('a certificate request could not be signed', { name: event.key.name, error: messageOf(error) });
      });
    });
  });

  const addCondition = (key: ObjectKey, condition: SigningCondition): void => {
    const now = rfc3339(engine.clock.now());
    store.update(key, (draft) => {
      const status = ensureMap(draft, 'status');
      const present: unknown[] = Array.isArray(status['conditions']) ? status['conditions'] : [];
      status['conditions'] = [...present, { ...condition, lastUpdateTime: now, lastTransitionTime: now }];
    });
  };

  const approve = (key: ObjectKey): void => {
    const csr = requestAt(store.get(key));
    if (csr === undefined) return;
    const user: UserInfo = { username: csr.spec?.username ?? '', groups: csr.spec?.groups ?? [] };
    const granted = approvalQuestions(csr).find((subresource) => authorizer.authorize({ user, verb: 'create', request: { ...REQUESTS, subresource } }).allowed);
    if (granted !== undefined) addCondition(key, autoApproval(granted));
  };

  const sign = async (key: ObjectKey): Promise<void> => {
    const csr = requestAt(store.get(key));
    const verdict = csr === undefined ? undefined : signingVerdict(csr);
    if (csr === undefined || verdict === undefined) return;
    if ('refuse' in verdict) {
      addCondition(key, verdict.refuse);
      return;
    }
    const { issueCertificate } = await import('../../certificate-signing/issue.ts');
    const certificate = await issueCertificate({
      request: verdict.sign,
      usages: csr.spec?.usages ?? [],
      expirationSeconds: csr.spec?.expirationSeconds,
      authority,
      now: engine.clock.now(),
    });
    if (stopped) return;
    store.update(key, (draft) => {
      // Somebody else may have issued one, or the object may be another of the same name, meanwhile.
      if (signingVerdict(draft) === undefined) return;
      ensureMap(draft, 'status')['certificate'] = Buffer.from(certificate).toString('base64');
    });
  };

  const clean = (): void => {
    for (const draft of store.list(REQUESTS)) {
      if (isPastItsTime(draft, engine.clock.now())) store.remove({ ...REQUESTS, name: draft.metadata.name ?? '' });
    }
    cancelCleaning = engine.clock.schedule(CLEANED_EVERY_MS, clean);
  };
  cancelCleaning = engine.clock.schedule(CLEANED_EVERY_MS, clean);

  return () => {
    stopped = true;
    cancelCleaning();
    unsubscribe();
  };
}

function requestAt(draft: Draft | undefined): SigningRequest | undefined {
  return draft;
}
