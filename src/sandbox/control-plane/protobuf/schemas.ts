/**
 * The messages that kubectl 1.32 sends as protobuf, as numbered in generated.proto of k8s.io/api
 * (core/v1, policy/v1, authorization/v1, authentication/v1, certificates/v1) and k8s.io/apimachinery (meta/v1).
 */
import type { FieldSchema, MessageSchema } from './wire.ts';

const text = (name: string): FieldSchema => ({ name, type: 'string' });
const texts = (name: string): FieldSchema => ({ name, type: 'string', repeated: true });
const number = (name: string): FieldSchema => ({ name, type: 'int' });
const flag = (name: string): FieldSchema => ({ name, type: 'bool' });
const message = (name: string, schema: MessageSchema): FieldSchema => ({ name, type: { message: schema } });
const messages = (name: string, schema: MessageSchema): FieldSchema => ({ name, type: { message: schema }, repeated: true });

const requirement: MessageSchema = { 1: text('key'), 2: text('operator'), 3: texts('values') };
const selector: MessageSchema = { 1: text('rawSelector'), 2: messages('requirements', requirement) };

const resourceAttributes: MessageSchema = {
  1: text('namespace'),
  2: text('verb'),
  3: text('group'),
  4: text('version'),
  5: text('resource'),
  6: text('subresource'),
  7: text('name'),
  8: message('fieldSelector', selector),
  9: message('labelSelector', selector),
};
const nonResourceAttributes: MessageSchema = { 1: text('path'), 2: text('verb') };

/** Values of an `extra` map: a message with one repeated string. */
const extraValue: MessageSchema = { 1: texts('items') };

const subjectAccessSpec: MessageSchema = {
  1: message('resourceAttributes', resourceAttributes),
  2: message('nonResourceAttributes', nonResourceAttributes),
  3: text('user'),
  4: texts('groups'),
  5: { name: 'extra', type: { map: extraValue } },
  6: text('uid'),
};

const objectMeta: MessageSchema = {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  6: text('resourceVersion'),
  11: { name: 'labels', type: { map: 'string' } },
  12: { name: 'annotations', type: { map: 'string' } },
  13: messages('ownerReferences', {
    1: text('kind'),
    3: text('name'),
    4: text('uid'),
    5: text('apiVersion'),
    6: flag('controller'),
    7: flag('blockOwnerDeletion'),
  }),
  14: texts('finalizers'),
};

const withSpec = (spec: MessageSchema): MessageSchema => ({ 1: message('metadata', objectMeta), 2: message('spec', spec) });

const boundObject: MessageSchema = { 1: text('kind'), 2: text('apiVersion'), 3: text('name'), 4: text('uid') };
const preconditions: MessageSchema = { 1: text('uid'), 2: text('resourceVersion') };

const deleteOptions: MessageSchema = {
  1: { ...number('gracePeriodSeconds'), keepEmpty: true },
  2: message('preconditions', preconditions),
  3: flag('orphanDependents'),
  4: text('propagationPolicy'),
  5: texts('dryRun'),
};

const servicePort: MessageSchema = {
  1: text('name'),
  2: text('protocol'),
  3: number('port'),
  4: { name: 'targetPort', type: 'intOrString' },
  5: number('nodePort'),
  6: text('appProtocol'),
};
const serviceSpec: MessageSchema = {
  1: messages('ports', servicePort),
  2: { name: 'selector', type: { map: 'string' } },
  3: text('clusterIP'),
  4: text('type'),
  5: texts('externalIPs'),
  7: text('sessionAffinity'),
  8: text('loadBalancerIP'),
  9: texts('loadBalancerSourceRanges'),
  10: text('externalName'),
  18: texts('clusterIPs'),
};

/** Schemas by `apiVersion kind`. kubectl sends these kinds from its typed commands (`create namespace`, `drain`, `auth can-i`). */
export const schemas: Readonly<Record<string, MessageSchema>> = {
  'v1 Namespace': { 1: message('metadata', objectMeta), 2: message('spec', { 1: texts('finalizers') }) },
  'v1 ConfigMap': {
    1: message('metadata', objectMeta),
    2: { name: 'data', type: { map: 'string' } },
    3: { name: 'binaryData', type: { map: 'bytes' } },
    4: flag('immutable'),
  },
  'v1 Secret': {
    1: message('metadata', objectMeta),
    2: { name: 'data', type: { map: 'bytes' } },
    3: text('type'),
    4: { name: 'stringData', type: { map: 'string' } },
    5: flag('immutable'),
  },
  'v1 ServiceAccount': {
    1: message('metadata', objectMeta),
    3: messages('imagePullSecrets', { 1: text('name') }),
    4: { ...flag('automountServiceAccountToken'), keepEmpty: true },
  },
  'v1 Service': withSpec(serviceSpec),
  'policy/v1 Eviction': { 1: message('metadata', objectMeta), 2: message('deleteOptions', deleteOptions) },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': withSpec({
    1: message('resourceAttributes', resourceAttributes),
    2: message('nonResourceAttributes', nonResourceAttributes),
  }),
  'authorization.k8s.io/v1 SubjectAccessReview': withSpec(subjectAccessSpec),
  'authorization.k8s.io/v1 LocalSubjectAccessReview': withSpec(subjectAccessSpec),
  'authorization.k8s.io/v1 SelfSubjectRulesReview': withSpec({ 1: text('namespace') }),
  'authentication.k8s.io/v1 SelfSubjectReview': { 1: message('metadata', objectMeta) },
  'authentication.k8s.io/v1 TokenReview': withSpec({ 1: text('token'), 2: texts('audiences') }),
  'authentication.k8s.io/v1 TokenRequest': withSpec({ 1: texts('audiences'), 3: message('boundObjectRef', boundObject), 4: number('expirationSeconds') }),
  'certificates.k8s.io/v1 CertificateSigningRequest': {
    1: message('metadata', objectMeta),
    2: message('spec', {
      1: { name: 'request', type: 'bytes' },
      2: text('username'),
      3: text('uid'),
      4: texts('groups'),
      5: texts('usages'),
      7: text('signerName'),
      8: number('expirationSeconds'),
    }),
    3: message('status', {
      1: messages('conditions', {
        1: text('type'),
        2: text('reason'),
        3: text('message'),
        4: { name: 'lastUpdateTime', type: 'time' },
        5: { name: 'lastTransitionTime', type: 'time' },
        6: text('status'),
      }),
      2: { name: 'certificate', type: 'bytes' },
    }),
  },
  'v1 DeleteOptions': deleteOptions,
};
