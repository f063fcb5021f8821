// Stands for `vick kubelet run …` where only its process matters: logs what a kubelet logs, and ends as its environment says.
import { appendFileSync } from 'node:fs';

const flag = (name) => process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const log = (line) => appendFileSync(flag('log-file'), `time=2026-01-01T00:00:00Z level=info ${line}\n`);
const mode = process.env.STAND_IN ?? 'well';

log('msg="starting" node=x');
if (mode === 'fails') {
  process.stderr.write(`time=2026-01-01T00:00:00Z level=error msg="x"\nerror: --host-uuid: "x" is not a UUID [KUBELET_CONFIG]\nhint: 8-4-4-4-12 hex digits.\n`);
  process.exit(6);
}
process.on('SIGTERM', () => {
  if (mode === 'stubborn') return;
  log('msg="told to end"');
  process.exit(0);
});
if (mode === 'waits') log('msg="waiting for the port layer"');
else {
  log('msg="serving the kubelet API" port=12345');
  log(`msg="node is registered" node=${flag('nodename')} environment=${JSON.stringify(Object.keys(process.env).join(' '))}`);
}
setInterval(() => undefined, 1000);
