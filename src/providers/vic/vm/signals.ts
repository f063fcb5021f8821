/** Linux signal numbers (signal(7), x86). */
const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};
const REAL_TIME_MIN = 34;

/** The number of `SIGQUIT`, `QUIT`, `3`, `RTMIN+4`; TERM for anything else, as the VCH has it. */
export function signalNumber(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  const short = name.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTMIN(?:\+(\d+))?$/.exec(short);
  if (realTime !== null) return REAL_TIME_MIN + Number(realTime[1] ?? 0);
  return NUMBERS[short] ?? 15;
}
