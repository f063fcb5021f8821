import { rfc3339 } from '../../../../platform/clock.ts';
import { CertificateRequestError, decodeCertificateRequest } from '../../../../platform/certificate-request-decode.ts';
import { omit } from '../../json.ts';
import type { Draft, RequestContext, TableDefinition } from '../../resource.ts';
import { forbiddenObject } from '../../status-errors.ts';
import { normalize } from '../codec.ts';
import { at, ensureMap, mapOf, numberOf, textOf, textsOf, type JsonMap } from '../fields.ts';
import { beginUpdate, defineResource, rejectInvalidUpdate } from '../strategy.ts';
import { humanDuration, since } from '../tables/age.ts';
import { ageColumn, column, nameColumn } from '../tables/columns.ts';
import { conditionsOf, validateSigningRequest, validateSigningUpdate } from './validation.ts';

const KIND = { group: 'certificates.k8s.io', version: 'v1', kind: 'CertificateSigningRequest', namespaced: false } as const;
const SIGNING_REQUESTS = { group: KIND.group, resource: 'certificatesigningrequests' } as const;
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

const table: TableDefinition = {
  columns: [
    nameColumn(),
    ageColumn(),
    column(
      'SignerName',
      'Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. If empty, it will be defaulted:\n 1. If it\'s a kubelet client certificate, it is assigned\n    "kubernetes.io/kube-apiserver-client-kubelet".\n 2. If it\'s a kubelet serving certificate, it is assigned\n    "kubernetes.io/kubelet-serving".\n 3. Otherwise, it is assigned "kubernetes.io/legacy-unknown".\nDistribution of trust for signers happens out of band. You can select on this field using `spec.signerName`.',
    ),
    column('Requestor', 'Base64-encoded PKCS#10 CSR data'),
    column(
      'RequestedDuration',
      'expirationSeconds is the requested duration of validity of the issued certificate. The certificate signer may issue a certificate with a different validity duration so a client must check the delta between the notBefore and and notAfter fields in the issued certificate to determine the actual duration.\n\nThe v1.22+ in-tree implementations of the well-known Kubernetes signers will honor this field as long as the requested duration is not greater than the maximum duration they will honor per the --cluster-signing-duration CLI flag to the Kubernetes controller manager.\n\nCertificate signers may not honor this field for various reasons:\n\n  1. Old signer that is unaware of the field (such as the in-tree\n     implementations prior to v1.22)\n  2. Signer whose configured maximum is shorter than the requested duration\n  3. Signer whose configured minimum is longer than the requested duration\n\nThe minimum valid value for expirationSeconds is 600, i.e. 10 minutes.',
    ),
    column('Condition', 'Conditions applied to the request, such as approval or denial.'),
  ],
  row(object, now) {
    const seconds = numberOf(at(object, 'spec', 'expirationSeconds'));
    return [
      object.metadata.name,
      since(object.metadata.creationTimestamp, now),
      textOf(at(object, 'spec', 'signerName')) || '<none>',
      textOf(at(object, 'spec', 'username')),
      seconds === undefined ? '<none>' : humanDuration(seconds * 1000),
      conditionCell(object),
    ];
  },
};

/** certificates.k8s.io/v1 CertificateSigningRequest (kubernetes pkg/registry/certificates, plugin/pkg/admission/certificates). */
export const signingRequests = defineResource({
  ...KIND,
  resource: SIGNING_REQUESTS.resource,
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  checkName: () => [],
  selectableFields: { 'spec.signerName': (object) => textOf(at(object, 'spec', 'signerName')) },
  table,
  admitCreate: restrictSubject,
  prepareForCreate(draft, context) {
    const { username, uid, groups, extra } = context.user;
    draft['spec'] = {
      ...omit(ensureMap(draft, 'spec'), 'username', 'uid', 'groups', 'extra'),
      username,
      ...(uid === undefined ? {} : { uid }),
      groups: [...groups],
      ...(extra === undefined ? {} : { extra }),
    };
    draft['status'] = {};
  },
  prepareForUpdate(draft, stored) {
    draft['spec'] = structuredClone(stored['spec']);
    draft['status'] = structuredClone(stored['status']);
  },
  validate: validateSigningRequest,
  validateUpdate: (draft, stored) => validateSigningUpdate(draft, stored, 'main'),
  subresources: {
    approval: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: updateApproval },
    status: { style: 'update', verbs: ['get', 'patch', 'update'], prepareUpdate: updateStatus },
  },
});

function updateApproval(draft: Draft, stored: Draft, context: RequestContext): void {
  checkSigner('approve', stored, context);
  beginUpdate(KIND, draft, stored);
  populateTimes(draft, stored, context);
  draft['spec'] = structuredClone(stored['spec']);
  draft['status'] = { ...mapOf(structuredClone(stored['status'])), conditions: conditionsOf(draft) };
  finishUpdate(draft, stored, 'approval');
}

function updateStatus(draft: Draft, stored: Draft, context: RequestContext): void {
  // CertificateSigning admission: whoever issues, or says that nothing will be issued, must be a signer.
  const issues = textOf(at(draft, 'status', 'certificate')) !== textOf(at(stored, 'status', 'certificate'));
  if (issues || failures(draft) !== failures(stored)) checkSigner('sign', stored, context);
  beginUpdate(KIND, draft, stored);
  draft['spec'] = structuredClone(stored['spec']);
  populateTimes(draft, stored, context);
  finishUpdate(draft, stored, 'status');
}

function finishUpdate(draft: Draft, stored: Draft, through: 'status' | 'approval'): void {
  rejectInvalidUpdate(KIND, draft, stored, [...validateSigningRequest(draft), ...validateSigningUpdate(draft, stored, through)]);
  normalize(KIND, draft);
}

/** CertificateApproval and CertificateSigning admission: the verb on the signer, by its name or by `domain/*`. */
function checkSigner(verb: 'approve' | 'sign', stored: Draft, context: RequestContext): void {
  const signer = textOf(at(stored, 'spec', 'signerName'));
  const names = [signer, `${signer.split('/')[0] ?? ''}/*`];
  if (names.some((name) => context.mayDo(verb, { group: KIND.group, resource: 'signers', name }))) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  throw forbiddenObject(SIGNING_REQUESTS, stored.metadata.name ?? '', why);
}

/** CertificateSubjectRestriction admission: nobody is made an administrator this way. */
function restrictSubject(draft: Draft): void {
  if (textOf(at(draft, 'spec', 'signerName')) !== CLIENT_SIGNER) return;
  try {
    const { organizations } = decodeCertificateRequest(Buffer.from(textOf(at(draft, 'spec', 'request')), 'base64').toString('latin1'));
    if (!organizations.includes('system:masters')) return;
  } catch (error) {
    if (error instanceof CertificateRequestError) return;
    throw error;
  }
  throw forbiddenObject(SIGNING_REQUESTS, draft.metadata.name ?? '', `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`);
}

function populateTimes(draft: Draft, stored: Draft, context: RequestContext): void {
  const now = rfc3339(context.clock.now());
  ensureMap(draft, 'status')['conditions'] = conditionsOf(draft).map((condition): JsonMap => {
    const same = conditionsOf(stored).find(({ type, status }) => type === condition['type'] && status === condition['status']);
    return {
      ...condition,
      lastUpdateTime: textOf(condition['lastUpdateTime']) || now,
      lastTransitionTime: textOf(condition['lastTransitionTime']) || textOf(same?.['lastTransitionTime']) || now,
    };
  });
}

function failures(object: Draft): number {
  return conditionsOf(object).filter((condition) => condition['type'] === 'Failed').length;
}

function conditionCell(object: Draft): string {
  const types = textsOf(conditionsOf(object).map((condition) => condition['type']));
  const decided = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  const issued = textOf(at(object, 'status', 'certificate')) === '' ? '' : ',Issued';
  return `${decided}${types.includes('Failed') ? ',Failed' : ''}${issued}`;
}
