import { connect, type Address } from '../sql/connection.ts';
import type { Login } from './parse-environment.ts';

/** Whether one of the parameters that differ is read by PostgreSQL at its start only. */
export async function needsRestart(address: Address, login: Login, from: Readonly<Record<string, string>>, to: Readonly<Record<string, string>>): Promise<boolean> {
  const changed = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter((name) => from[name] !== to[name]);
  const connection = await connect({ ...address, user: login.name, password: login.password, database: 'postgres', name: 'plinth-instance' });
  try {
    const rows = await connection.query("select 1 from pg_settings where context = 'postmaster' and name = any($1)", [changed]);
    return rows.length > 0;
  } finally {
    await connection.end();
  }
}
