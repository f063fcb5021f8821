import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLine, parseOutput } from '../../../../src/clients/vic-machine/log-line.ts';
import { allTranscripts, readTranscript } from '../../../support/transcript.ts';

const TIME = 'time="2026-11-23T03:55:05Z"';

describe('parseLine', () => {
  it.each([
    [`${TIME} level=info msg="Creating the VCH VM" `, 'info', 'Creating the VCH VM'],
    [`${TIME} level=info `, 'info', ''],
    [`${TIME} level=info msg=192.0.2.10 `, 'info', '192.0.2.10'],
    [`${TIME} level=error msg=-------------------- \r\n`, 'error', '--------------------'],
    [`${TIME} level=error msg="a \\"b\\" \\\\ c\\n\\td\\x41\\u00e9\\U0001F600\\a" `, 'error', 'a "b" \\ c\n\tdAé😀\x07'],
    [`${TIME} level=debug msg="Session Environment Info: " API Type=VirtualCenter Name="VMware" `, 'debug', 'Session Environment Info: '],
    [`${TIME} level=info msg="cut off in the mid`, 'info', 'cut off in the mid'],
    [`${TIME} level=info msg="cut off at an escape\\`, 'info', 'cut off at an escape\\'],
    ['\x1b[34mINFO\x1b[0m[0000] Validating target                            ', 'info', 'Validating target'],
    ['\x1b[31mERRO\x1b[0m[0012] --------------------                         ', 'error', '--------------------'],
    ['INFO[2016-11-04T17:08:47-05:00] Installer completed successfully...   ', 'info', 'Installer completed successfully...'],
    ['May 17 2017 11:09:30.035-07:00 ERROR Create error', 'error', 'Create error'],
    ['Nov 23 2026 04:23:10.194Z INFO  Please use', 'info', 'Please use'],
    ['Nov 23 2026 04:07:29.637Z DEBUG secret key decoded from guestinfo.ovfEnv', 'debug', 'secret key decoded from guestinfo.ovfEnv'],
  ])('reads %j', (raw, level, message) => {
    expect(parseLine(raw)).toMatchObject({ kind: 'log', level, message });
  });

  it.each(['', 'Incorrect Usage: flag provided but not defined: -nope', 'vm-29        /DC0/host', 'time="x" level=loud msg=a', 'INFORMATION for you'])(
    'takes %j for plain text',
    (raw) => {
      expect(parseLine(raw)).toEqual({ kind: 'text', text: raw });
    },
  );

  it('reads a message of any characters back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (message) => {
        const quoted = JSON.stringify(message).slice(1, -1);
        expect(parseLine(`${TIME} level=warning msg="${quoted}" `)).toMatchObject({ level: 'warning', message });
      }),
    );
  });

  it('never throws, and never loses plain text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `${TIME} level=info msg="${text}`),
          fc.string().map((text) => `INFO[0000] ${text}`),
        ),
        (raw) => {
          const line = parseLine(raw);
          expect(['log', 'text']).toContain(line.kind);
        },
      ),
    );
  });

  it('stays linear on a long line of backslashes and quotes', () => {
    const line = parseLine(`${TIME} level=info msg="${'\\"\\\\'.repeat(200_000)}`);
    expect(line.kind).toBe('log');
  });
});

describe('parseOutput', () => {
  it('joins a message of the second logger that spreads over raw lines', () => {
    const lines = parseOutput(readTranscript('configure-volume-store-not-listed').stdout);
    expect(lines).toContainEqual({
      kind: 'log',
      level: 'info',
      origin: 'second',
      message: 'Please use vic-machine inspect config to find existing\nvolume store settings and supply them along with new volume stores',
    });
  });

  it('reads every recorded run without leaving a log line as text', () => {
    for (const transcript of allTranscripts()) {
      const texts = parseOutput(transcript.stdout).filter((line) => line.kind === 'text' && /^time="|^(?:INFO|WARN|ERRO)\[/.test(line.text));
      expect(texts, transcript.name).toEqual([]);
    }
  });

  it('says the same of a run on a terminal and in a pipe', () => {
    const messages = (name: string): unknown[] =>
      parseOutput(readTranscript(name).stdout)
        .flatMap((line) => (line.kind === 'log' ? [line.message.trimEnd()] : []))
        .filter(
          (message) =>
            (message.startsWith('Creating') && !message.startsWith('Creating directory')) || message.startsWith('Waiting') || message.startsWith('Uploading '),
        )
        .sort();
    expect(messages('create-success-terminal').length).toBeGreaterThan(5);
    expect(new Set(messages('create-success-terminal'))).toEqual(new Set(messages('create-success-no-tlsverify')));
  });

  it('reads a prefix of any recorded run', () => {
    const { stdout } = readTranscript('create-success-k8s');
    fc.assert(
      fc.property(fc.nat(stdout.length), (length) => {
        expect(parseOutput(stdout.slice(0, length)).every((line) => line.kind === 'log' || length < stdout.length)).toBe(true);
      }),
    );
  });
});
