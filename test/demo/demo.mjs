// The story of vick in one go, told with its own commands on its own sandbox: a VCH becomes a node, a pod runs on it.
// Whatever happens half way (a failure, Ctrl-C), the sandbox is taken down and the temporary folder removed.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const vickBin = new URL('../../bin/vick.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'vick-demo-'));
const env = { ...process.env, VICK_STATE_DIR: join(folder, 'state') };
for (const name of Object.keys(env)) if (/^(VIC_MACHINE_|KUBECONFIG$|VICK_(?!STATE_DIR))/.test(name)) delete env[name];

const colour = process.stdout.isTTY === true && env['NO_COLOR'] === undefined;
const bold = (text) => (colour ? `\u001b[1m${text}\u001b[22m` : text);
const dim = (text) => (colour ? `\u001b[2m${text}\u001b[22m` : text);

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: hello
spec:
  restartPolicy: Never
  nodeSelector:
    disk: ssd
  tolerations:
    - { key: dedicated, operator: Equal, value: demo, effect: NoSchedule }
  containers:
    - name: hello
      image: busybox:1.36
      command: [sh, -c, 'for i in 1 2 3; do echo "hello $i at $(date +%T)"; sleep 1; done']
      resources:
        requests: { cpu: 100m, memory: 64Mi }
`;

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // The running command got a Ctrl-C from the terminal as well; a signal sent to this process alone is handed on.
    interrupted = true;
    current?.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  });
}
/** The command that runs now, unless it is part of the clean-up. */
let current;

const started = performance.now();
let failure;
let sandboxIsUp = false;
try {
  say('A whole site on this machine: a Kubernetes control plane, a vSphere, a vic-machine');
  sandboxIsUp = true;
  await vick(['sandbox', 'up']);
  await loadVariables();

  say('A VCH that joins the cluster as the node kubelet-demo');
  await vick(['create', 'vch', 'demo', '--bridge-network', 'DC0_DVPG0', '--no-tlsverify']);
  await vick(['node', 'list']);

  say('Only pods that ask for it may run there');
  await vick(['node', 'taint', 'demo', 'dedicated=demo:NoSchedule']);
  await vick(['node', 'label', 'demo', 'disk=ssd']);

  say('A pod that does: it tolerates the taint and selects the label');
  writeFileSync(join(folder, 'pod.yaml'), POD);
  process.stdout.write(`${dim(POD.trimEnd().replaceAll(/^/gm, '  '))}\n`);
  await vick(['sandbox', 'apply', '-f', join(folder, 'pod.yaml')], ['sandbox', 'apply', '-f', 'pod.yaml']);
  await vick(['sandbox', 'logs', 'hello', '--follow']);
  if (hasKubectl()) await kubectl(['logs', 'hello', '--tail=1', '--timestamps']);
  await vick(['status', 'demo']);

  say('And away again');
  await vick(['delete', 'vch', 'demo', '--yes']);
} catch (error) {
  failure = error;
} finally {
  await cleanUp();
}

if (interrupted) finish(130, 'interrupted; nothing is left behind');
else if (failure !== undefined) finish(1, `${failure.message}; nothing is left behind`);
else finish(0, `done in ${((performance.now() - started) / 1000).toFixed(1)} s; nothing is left behind`);

async function cleanUp() {
  try {
    if (sandboxIsUp) await vick(['sandbox', 'down'], undefined, { cleanUp: true });
  } catch (error) {
    failure ??= error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the command, runs it, throws when it fails or when the demo was interrupted meanwhile. */
async function vick(args, shown = args, options = {}) {
  if (interrupted && options.cleanUp !== true) throw new Error('interrupted');
  process.stdout.write(`\n${bold(`$ vick ${shown.map(quote).join(' ')}`)}\n`);
  const output = await run(args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  return output;
}

function hasKubectl() {
  return spawnSync('kubectl', ['version', '--client'], { env: { PATH: env['PATH'], HOME: folder } }).status === 0;
}

/** The sandbox's API server reaches the node as any other does. */
async function kubectl(args) {
  if (interrupted) throw new Error('interrupted');
  process.stdout.write(`\n${bold(`$ kubectl ${args.map(quote).join(' ')}`)}\n`);
  await run([...args, `--cache-dir=${join(folder, 'kubectl')}`], { program: ['kubectl'], stdio: ['ignore', 'inherit', 'inherit'] });
}

/** \`eval "$(vick sandbox env)"\`, for this process. */
async function loadVariables() {
  process.stdout.write(`\n${bold('$ eval "$(vick sandbox env)"')}\n`);
  const text = await run(['sandbox', 'env'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for (const [, name, value] of text.matchAll(/^export (\w+)='((?:[^']|'\\'')*)'$/gm)) env[name] = value.replaceAll(`'\\''`, `'`);
}

function run(args, { stdio, cleanUp = false, program = [process.execPath, vickBin] }) {
  return new Promise((resolve, reject) => {
    // The clean-up runs in a process group of its own: a second Ctrl-C must not stop it half way.
    const child = spawn(program[0], [...program.slice(1), ...args], { env, cwd: folder, stdio, detached: cleanUp });
    if (!cleanUp) current = child;
    let text = '';
    child.stdout?.on('data', (chunk) => (text += String(chunk)));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      current = undefined;
      if (code === 0) resolve(text);
      else reject(new Error(`\`${program.length === 1 ? program[0] : 'vick'} ${args.slice(0, 3).join(' ')}\` ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

function say(text) {
  process.stdout.write(`\n${dim(`# ${text}`)}\n`);
}

function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}

function finish(code, text) {
  process.stdout.write(`\n${dim(`# ${text}`)}\n`);
  process.exitCode = code;
}
