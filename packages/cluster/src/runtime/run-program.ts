import type { Clock } from '@plinth/controller-runtime';
import type { Program, ProgramContext } from './catalogue.ts';
import { ContainerStopped, EXIT_KILLED, EXIT_TERMINATED, type ContainerExit, type RunningContainer } from './container-runtime.ts';

/**
 * Runs a program in this process. A throw ends the container with exit code 1 and its message in the log.
 *
 * Caveat: JavaScript cannot be ended from outside; a program that ignores its signal is left to itself when the grace
 * period is over, and its container counts as killed.
 */
export function runProgram(run: Program, context: Omit<ProgramContext, 'signal'>, clock: Clock): RunningContainer {
  const stopped = new AbortController();
  const ended = Promise.withResolvers<ContainerExit>();
  let cancelKill = (): void => {};
  const end = (exit: ContainerExit): void => {
    cancelKill();
    ended.resolve(exit);
  };
  Promise.resolve()
    .then(() => run(Object.defineProperty(context, 'signal', { value: stopped.signal, enumerable: true }) as ProgramContext))
    .then(
      (exitCode) => end({ exitCode }),
      (error: unknown) => {
        if (stopped.signal.aborted) return end({ exitCode: EXIT_TERMINATED });
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        context.log(text);
        end({ exitCode: 1, message: error instanceof Error ? error.message : String(error) });
      },
    );
  return {
    ended: ended.promise,
    stop: (request) => {
      cancelKill();
      cancelKill = clock.setTimeout(() => end({ exitCode: EXIT_KILLED, message: `the program did not end within ${request.graceMs} ms and was left to itself` }), request.graceMs);
      stopped.abort(new ContainerStopped(request));
    },
  };
}
