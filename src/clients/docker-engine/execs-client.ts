import type Dockerode from 'dockerode';
import type { EngineCalls } from './calls.ts';
import type { ContainerEngine, WireExec } from './containers-port.ts';

type ExecCalls = Pick<ContainerEngine, 'createExec' | 'startExec' | 'inspectExec' | 'resizeExec'>;

/** Commands in running containers. */
export function execCalls({ docker, call, unless, takeOver }: EngineCalls): ExecCalls {
  return {
    createExec: async (id, spec, signal) => {
      const exec = await call(`exec in ${id}`, signal, (abortSignal) =>
        docker.getContainer(id).exec({ ...(spec as Dockerode.ExecCreateOptions), abortSignal }),
      );
      return exec.id;
    },
    startExec: (exec, { tty }, signal) => takeOver('start of exec', `/exec/${exec}/start`, { Detach: false, Tty: tty }, signal),
    inspectExec: (exec, signal) => call('inspect of exec', signal, (abortSignal) => docker.getExec(exec).inspect({ abortSignal }) as Promise<WireExec>),
    resizeExec: async (exec, { width, height }, signal) => {
      // Docker answers 200, Podman 201.
      await unless(
        [201],
        undefined,
        call('resize of exec', signal, (abortSignal) => docker.getExec(exec).resize({ w: width, h: height, abortSignal })),
      );
    },
  };
}
