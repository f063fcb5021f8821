import { describe, expect, it } from 'vitest';
import { typedBody, type BodyType } from '../../../../../src/sandbox/vch/personality/body-types.ts';
import { guessedStatus } from '../../../../../src/sandbox/vch/personality/errors.ts';
import { execEnvironment, EXEC_BODY } from '../../../../../src/sandbox/vch/personality/exec-create.ts';
import { formBoolean, formInteger } from '../../../../../src/sandbox/vch/personality/form-values.ts';
import { goJson, parseGoJson } from '../../../../../src/sandbox/vch/personality/go-json.ts';

const VOLUME: BodyType = { package: 'volume', name: 'VolumesCreateBody', fields: { Name: 'string', Labels: 'map' } };

describe('bodies of calls', () => {
  it('are read whatever the case of their names, without what is null or unknown', () => {
    expect(typedBody(EXEC_BODY, { cmd: ['true'], TTY: true, Env: null, WorkingDir: 5 })).toEqual({ Cmd: ['true'], Tty: true });
    expect(typedBody(VOLUME, null)).toEqual({});
  });

  it.each([
    [EXEC_BODY, undefined, 'EOF'],
    [EXEC_BODY, [], 'json: cannot unmarshal array into Go value of type types.ExecConfig'],
    [EXEC_BODY, { Cmd: 'true' }, 'json: cannot unmarshal string into Go struct field ExecConfig.Cmd of type []string'],
    [EXEC_BODY, { Cmd: ['a', 1] }, 'json: cannot unmarshal number into Go struct field ExecConfig.Cmd of type string'],
    [EXEC_BODY, { Tty: 'yes' }, 'json: cannot unmarshal string into Go struct field ExecConfig.Tty of type bool'],
    [VOLUME, { Labels: ['a'] }, 'json: cannot unmarshal array into Go struct field VolumesCreateBody.Labels of type map[string]string'],
    [VOLUME, { Labels: { a: true } }, 'json: cannot unmarshal bool into Go struct field VolumesCreateBody.Labels of type string'],
  ])('%# are refused', (type, body, message) => {
    expect(() => typedBody(type, body)).toThrow(expect.objectContaining({ status: 500, message }) as Error);
  });
});

describe('values of a query', () => {
  it.each(['1', 'true', 'yes', 'TRUE', ' on ', 'whatever'])('%s means yes', (text) => {
    expect(formBoolean(new URLSearchParams({ v: text }), 'v')).toBe(true);
  });

  it.each(['', '0', 'no', 'False', 'none'])('%s means no', (text) => {
    expect(formBoolean(new URLSearchParams({ v: text }), 'v', true)).toBe(false);
  });

  it('are what was meant when they are missing', () => {
    expect(formBoolean(new URLSearchParams(), 'v', true)).toBe(true);
  });

  it('are numbers, or refused', () => {
    expect(formInteger(new URLSearchParams({ h: '24' }), 'h')).toBe(24);
    expect(() => formInteger(new URLSearchParams(), 'h')).toThrow('strconv.Atoi: parsing "": invalid syntax');
    expect(() => formInteger(new URLSearchParams({ h: '2.5' }), 'h')).toThrow('strconv.Atoi: parsing "2.5": invalid syntax');
  });
});

describe('the environment of a command', () => {
  it('is its own, then the container’s', () => {
    expect(execEnvironment(['Y=exec', 'X=mine'], ['PATH=/bin', 'X=theirs', 'Z=1'], false)).toEqual(['Y=exec', 'X=mine', 'PATH=/bin', 'Z=1']);
  });

  it('has a PATH, and a TERM at a terminal', () => {
    expect(execEnvironment([], [], true)).toEqual(['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm']);
    expect(execEnvironment(['TERM=dumb', 'PATH=/own'], ['PATH=/bin'], true)).toEqual(['TERM=dumb', 'PATH=/own']);
  });
});

describe('answers', () => {
  it('escape what HTML gives a meaning to', () => {
    expect(goJson({ a: '<b> & "c"' })).toBe('{"a":"\\u003cb\\u003e \\u0026 \\"c\\""}');
  });

  it.each([
    ['{"a":', 'unexpected EOF'],
    ['{"a": "b', 'unexpected EOF'],
    ['', 'unexpected EOF'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['{"a":]}', "invalid character ']' looking for beginning of value"],
  ])('refuse the document %s', (text, message) => {
    expect(() => parseGoJson(text)).toThrow(expect.objectContaining({ status: 500, message }) as Error);
  });

  it.each([
    ['no such file or directory', 404],
    ['exec: "x": executable file not found in $PATH', 404],
    ['permission denied', 500],
    ['conflict: unable to delete', 409],
  ])('%s has status %i', (message, status) => {
    expect(guessedStatus(message).status).toBe(status);
  });
});
