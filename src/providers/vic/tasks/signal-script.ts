import { DEFAULT_PATH, type ProcessConfig } from '../vm/process-config.ts';

/** Name of the variable by which the process of a task is found: the port layer tells no process ids. */
const VARIABLE = 'VICK_TASK';
/** Clock ticks per second in /proc/<pid>/stat, as on every supported Linux. */
const TICKS_PER_SECOND = 100;
/** How much longer one launch may take than another. */
const LAUNCH_MS = 10_000;

/** Exit code of the script: the process is not there, or not to be told from others. */
export const NOT_FOUND = 3;

/**
 * Signals one process, as a kubelet does, and not what that one has started. Tasks are children of whatever starts them in
 * the VM, as this shell is; of those that have the mark it is the oldest. A program that writes its title over its variables
 * (nginx, Redis, PHP-FPM) has lost the mark. It is known by that, by the root file system that it shares with this shell, and
 * by its age; and it must be the only one.
 *
 * Without the character that a VCH cuts words at, and with nothing but what is part of a shell. `read` leaves out the zeros
 * between variables.
 */
const SCRIPT = [
  'm=$1 s=$2 young=$3 old=$4 top= age=-1 other= others=0;',
  // Fields of proc(5) after the name, which may contain anything: state, parent, start time, bounds of the variables.
  'facts() { x=; { while read -r l; do x="$x $l"; done < "/proc/$1/stat"; } 2> /dev/null;',
  'set -- ${x##*")"}; z=$1 p=$2 t=${20} b=${48} e=${49}; [ -n "$t" ]; };',
  // m: marked; o: has variables; n: has none left.
  'mark() { k=; { while :; do l=; read -r l; r=$?;',
  'case $l in *"$m"*) k=m; break ;; *=*) k=o ;; *) k=${k:-n} ;; esac; if [ "$r" -ne 0 ]; then break; fi;',
  'done < "/proc/$1/environ"; } 2> /dev/null; };',
  'facts $$; mine=$t;',
  'for d in /proc/[0-9]*; do i=${d#/proc/};',
  'if [ "$i" = $$ ]; then continue; fi; if facts "$i"; then :; else continue; fi;',
  'case $z in Z) continue ;; esac; case $p in 0) ;; 1) ;; $PPID) ;; *) continue ;; esac;',
  'n=$((mine - t)); if [ "$n" -lt 0 ]; then continue; fi; mark "$i";',
  'case $k in m)',
  'if [ "$n" -gt "$age" ]; then top=$i age=$n; elif [ "$n" -eq "$age" ] && [ "$i" -lt "$top" ]; then top=$i; fi ;;',
  'n) if [ "$b" != "$e" ] && [ "$n" -ge "$young" ] && [ "$n" -le "$old" ] && [ "$d/root" -ef / ]; then other=$i others=$((others + 1)); fi ;;',
  'esac; done;',
  'if [ -z "$top" ] && [ "$others" -eq 1 ]; then top=$other; fi;',
  `if [ -z "$top" ]; then exit ${String(NOT_FOUND)}; fi;`,
  'kill "-$s" "$top"',
].join(' ');

/** The process of a task with the mark by which it is found again. */
export function marked(process: ProcessConfig, taskId: string): ProcessConfig {
  return { ...process, env: [...process.env, markOf(taskId)] };
}

/** What sends the number of a signal to the process of a marked task that was started `ageMs` ago, when run beside it. */
export function signalCommand(task: { readonly id: string; readonly ageMs: number }, signalNumber: number): Pick<ProcessConfig, 'path' | 'args' | 'env'> {
  const [young, old] = [task.ageMs - LAUNCH_MS, task.ageMs + LAUNCH_MS].map((ms) => String(Math.round((ms / 1000) * TICKS_PER_SECOND)));
  return { path: '/bin/sh', args: ['-c', SCRIPT, 'sh', markOf(task.id), String(signalNumber), young ?? '', old ?? ''], env: [DEFAULT_PATH] };
}

/** With an end of its own, because ids of tasks go on with numbers. */
function markOf(taskId: string): string {
  return `${VARIABLE}=${taskId}.`;
}
