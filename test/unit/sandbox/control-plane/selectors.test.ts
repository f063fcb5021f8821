import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../../src/sandbox/control-plane/api-error.ts';
import { checkSelectableFields, matchesFields, parseFieldSelector } from '../../../../src/sandbox/control-plane/selectors/fields.ts';
import { parseLabelSelector } from '../../../../src/sandbox/control-plane/selectors/labels.ts';
import { matchesLabels } from '../../../../src/sandbox/control-plane/selectors/requirements.ts';
import { plainDefinition } from '../../../support/control-plane-definitions.ts';

const selects = (selector: string, labels: Record<string, string>): boolean => matchesLabels(parseLabelSelector(selector), labels);

describe('label selectors', () => {
  it.each([
    ['', { a: '1' }, true],
    ['a=1', { a: '1' }, true],
    ['a==1', { a: '2' }, false],
    ['a!=1', {}, true],
    ['a in (1, 2)', { a: '2' }, true],
    ['a in (1,2)', {}, false],
    ['a notin (1,2)', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a=1,b', { a: '1' }, false],
    ['a>3', { a: '4' }, true],
    ['a<3', { a: 'x' }, false],
    ['a=', { a: '' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['example.com/a=1', { 'example.com/a': '1' }, true],
    ['constructor', {}, false],
  ])('%j on %j is %s', (selector, labels, expected) => {
    expect(selects(selector, labels)).toBe(expected);
  });

  it.each([
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['=1', "found '=', expected: !, identifier, or 'end of string'"],
    ['a in (1', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
  ])('%j is refused', (selector, message) => {
    expect(() => parseLabelSelector(selector)).toThrow(message);
  });

  it('answers any text with requirements or a 400', () => {
    const character = fc.constantFrom(...'ab1.-/_ =!,()<>in notin'.split(''), ' in ', ' notin ', 'é');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 30 }), (parts) => {
        try {
          parseLabelSelector(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect((error as ApiError).code).toBe(400);
        }
      }),
    );
  });

  it('finds what equality says, for any label value', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,20}[A-Za-z0-9])?$/);
    fc.assert(
      fc.property(value, value, (wanted, present) => {
        expect(selects(`k=${wanted}`, { k: present })).toBe(wanted === present);
        expect(selects(`k!=${wanted}`, { k: present })).toBe(wanted !== present);
        expect(selects(`k in (${wanted},other)`, { k: present })).toBe(wanted === present || present === 'other');
      }),
    );
  });
});

describe('field selectors', () => {
  const pods = plainDefinition({
    resource: 'pods',
    kind: 'Pod',
    selectableFields: { 'spec.nodeName': (pod) => (pod['spec'] as { nodeName: string }).nodeName },
  });
  const maps = plainDefinition({ resource: 'configmaps', kind: 'ConfigMap' });
  const pod = { metadata: { name: 'p', namespace: 'n' }, spec: { nodeName: 'node-a' } };

  it('selects by own fields, names and namespaces', () => {
    expect(matchesFields(parseFieldSelector('spec.nodeName=node-a,metadata.name!=q,metadata.namespace==n'), pod, pods)).toBe(true);
    expect(matchesFields(parseFieldSelector('spec.nodeName!=node-a'), pod, pods)).toBe(false);
  });

  it('takes escaped separators as part of the value', () => {
    expect(parseFieldSelector(String.raw`metadata.name=a\,b\=c\\d`)).toEqual([{ field: 'metadata.name', operator: '=', value: String.raw`a,b=c\d` }]);
  });

  it('names a field that cannot be selected by', () => {
    expect(() => checkSelectableFields(parseFieldSelector('spec.x=1'), pods)).toThrow('field label not supported: spec.x');
    expect(() => checkSelectableFields(parseFieldSelector('data.i=1'), maps)).toThrow(
      '"data.i" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });

  it('answers any text with terms or a 400', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseFieldSelector(text);
        } catch (error) {
          expect((error as ApiError).code).toBe(400);
        }
      }),
    );
  });
});
