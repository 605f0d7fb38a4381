import type { Program } from '@plinth/cluster';

/** The sample application as an image of the embedded cluster. Loaded when the first copy of it is started. */
export const runTodoProgram: Program = async ({ env, podIP, log, signal, lookup }) => {
  const { runTodo } = await import('@plinth/promise-app/todo');
  return runTodo({ env, host: podIP, log, signal, lookup });
};
