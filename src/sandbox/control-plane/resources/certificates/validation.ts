/** What a CertificateSigningRequest may be (kubernetes pkg/apis/certificates/validation). */
import { X509Certificate } from 'node:crypto';
import { CertificateRequestError, decodeCertificateRequest } from '../../../../platform/certificate-request-decode.ts';
import type { FieldProblem } from '../../api-error.ts';
import type { Draft } from '../../resource.ts';
import { sameJson } from '../../json.ts';
import { at, mapsOf, numberOf, textOf, textsOf, type JsonMap } from '../fields.ts';
import { duplicate, forbidden, invalidValue, notSupported, required } from '../problems.ts';
import { dns1123Label, dns1123Subdomain } from '../validation/names.ts';

/** k8s.io/api/certificates/v1 KeyUsage. */
const USAGES = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
];

const MIN_SECONDS = 600;
const DECISIONS = ['Approved', 'Denied'];
const LASTING = [...DECISIONS, 'Failed'];
const SIGNER_FORM = "must be a fully qualified domain and path of the form 'example.com/signer-name'";

export function validateSigningRequest(draft: Draft): readonly FieldProblem[] {
  const request = textOf(at(draft, 'spec', 'request'));
  const usages = textsOf(at(draft, 'spec', 'usages'));
  const expiration = numberOf(at(draft, 'spec', 'expirationSeconds'));
  return [
    ...requestProblems(request),
    ...(usages.length === 0 ? [required('spec.usages', 'usages must be provided')] : []),
    ...usages.flatMap((usage, index) => (USAGES.includes(usage) ? [] : [notSupported(`spec.usages[${index}]`, usage, USAGES)])),
    ...usages.flatMap((usage, index) => (usages.indexOf(usage) === index ? [] : [duplicate(`spec.usages[${index}]`, usage)])),
    ...signerProblems(textOf(at(draft, 'spec', 'signerName'))),
    ...(expiration !== undefined && expiration < MIN_SECONDS
      ? [invalidValue('spec.expirationSeconds', expiration, 'may not specify a duration less than 600 seconds (10 minutes)')]
      : []),
    ...conditionProblems(conditionsOf(draft)),
    ...certificateProblems(textOf(at(draft, 'status', 'certificate'))),
  ];
}

/** What an update may not change; `through` says by which door it comes. */
export function validateSigningUpdate(draft: Draft, stored: Draft, through: 'main' | 'status' | 'approval'): readonly FieldProblem[] {
  const path = 'status.conditions';
  const of = (object: Draft, type: string): readonly JsonMap[] => conditionsOf(object).filter((condition) => condition['type'] === type);
  const problems: FieldProblem[] = [];
  for (const type of LASTING) {
    if (of(draft, type).length < of(stored, type).length) problems.push(forbidden(path, `updates may not remove a condition of type ${JSON.stringify(type)}`));
  }
  if (through !== 'approval') {
    for (const type of DECISIONS) {
      const [before, after] = [of(stored, type), of(draft, type)];
      if (after.length > before.length) problems.push(forbidden(path, `updates may not add a condition of type ${JSON.stringify(type)}`));
      else if (after.length === before.length && !sameJson(after, before)) {
        problems.push(forbidden(path, `updates may not modify a condition of type ${JSON.stringify(type)}`));
      }
    }
  }
  const before = textOf(at(stored, 'status', 'certificate'));
  if (before !== textOf(at(draft, 'status', 'certificate'))) {
    if (through !== 'status') problems.push(forbidden('status.certificate', 'updates may not set certificate content'));
    else if (before !== '') problems.push(forbidden('status.certificate', 'updates may not modify existing certificate content'));
  }
  return problems;
}

export function conditionsOf(object: Draft): readonly JsonMap[] {
  return mapsOf(at(object, 'status', 'conditions'));
}

function requestProblems(request: string): readonly FieldProblem[] {
  try {
    decodeCertificateRequest(Buffer.from(request, 'base64').toString('latin1'));
    return [];
  } catch (error) {
    if (!(error instanceof CertificateRequestError)) throw error;
    return [invalidValue('spec.request', request, error.message)];
  }
}

function signerProblems(name: string): readonly FieldProblem[] {
  const field = 'spec.signerName';
  if (name === '') return [required(field, 'signerName must be provided')];
  const [domain = '', path = '', ...rest] = name.split('/');
  if (rest.length > 0 || !name.includes('/')) return [invalidValue(field, name, SIGNER_FORM)];
  const first = (parts: readonly string[], check: (part: string) => readonly string[], whole: string): FieldProblem[] => {
    const bad = parts.find((part) => check(part).length > 0);
    return bad === undefined ? [] : check(bad).map((why) => invalidValue(field, whole, `validating label ${JSON.stringify(bad)}: ${why}`));
  };
  const labels = domain.split('.');
  return [
    ...first(labels, dns1123Label, domain),
    ...(labels.length < 2 ? [invalidValue(field, domain, 'should be a domain with at least two segments separated by dots')] : []),
    ...first(path.split('.'), dns1123Subdomain, path),
  ];
}

function conditionProblems(conditions: readonly JsonMap[]): readonly FieldProblem[] {
  const types = conditions.map((condition) => textOf(condition['type']));
  return conditions.flatMap((condition, index) => {
    const [path, type, status] = [`status.conditions[${index}]`, types[index] ?? '', textOf(condition['status'])];
    const supported = LASTING.includes(type) ? ['True'] : ['True', 'False', 'Unknown'];
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    const earlier = types.slice(0, index);
    return [
      ...(type === '' ? [required(`${path}.type`)] : []),
      ...(status === '' ? [required(`${path}.status`)] : supported.includes(status) ? [] : [notSupported(`${path}.status`, status, supported)]),
      ...(opposite !== undefined && earlier.includes(opposite)
        ? [invalidValue('status.conditions', type, 'Approved and Denied conditions are mutually exclusive')]
        : []),
      ...(earlier.includes(type) ? [duplicate(`${path}.type`, type)] : []),
    ];
  });
}

function certificateProblems(certificate: string): readonly FieldProblem[] {
  if (certificate === '') return [];
  const problem = (why: string): FieldProblem[] => [invalidValue('status.certificate', '<certificate data>', why)];
  const blocks = [
    ...Buffer.from(certificate, 'base64')
      .toString('latin1')
      .matchAll(/-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g),
  ];
  if (blocks.length === 0) return problem('must contain at least one CERTIFICATE PEM block');
  const other = blocks.find(([, label]) => label !== 'CERTIFICATE');
  if (other !== undefined) return problem(`only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other[1])}`);
  try {
    for (const [block] of blocks) new X509Certificate(block);
    return [];
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
}
