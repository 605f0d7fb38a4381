/** The sample application as a process of its own: `PGHOST=... PORT=8080 node web/main.ts`. */
import { runTodo } from './run-todo.ts';

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
process.exitCode = await runTodo({ env: process.env, host: process.env['HOST'] ?? '127.0.0.1', log: (line) => console.log(line), signal: stopped.signal });
