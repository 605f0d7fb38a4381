import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { dataDirLayout, readInstallation, unitNames } from '../config/data-dir.ts';
import { readEnvironment, resolveDataDir } from '../config/environment.ts';
import { exitCodes } from '../errors.ts';
import { connectControl, type UnitState } from '../supervisor/control-socket.ts';
import { createStyle } from '../ui/style.ts';
import { dataDirOption, outputOption } from './options.ts';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('Show what runs, and where. Exit code 0: all ready; 1: not all; 3: nothing runs.')
    .addOption(dataDirOption())
    .addOption(outputOption())
    .action(async (options: { dataDir?: string; output: 'text' | 'json' }) => {
      const environment = readEnvironment();
      const root = resolveDataDir(options.dataDir, environment);
      const layout = dataDirLayout(root);
      const installation = existsSync(root) ? readInstallation(layout) : undefined;
      const rows = await Promise.all(
        (['supervisor', ...unitNames] as const).map(async (unit) => ({
          unit,
          url: unit === 'supervisor' || !installation ? '' : unitUrl(unit, installation.ports[unit]),
          ...(await stateOf(layout.socket(unit), unit)),
        })),
      );
      const running = rows.filter((row) => row.pid > 0);
      process.exitCode = running.length === 0 ? exitCodes.notRunning : rows.every((row) => row.phase === 'ready') ? exitCodes.ok : exitCodes.failed;
      if (options.output === 'json') {
        console.log(JSON.stringify({ dataDir: root, units: rows }, null, 2));
        return;
      }
      const style = createStyle(environment.colours);
      console.log(`data directory ${root}`);
      for (const row of rows) {
        const phase = row.phase === 'ready' ? style.green('ready') : row.phase === 'stopped' ? style.dim('stopped') : style.red(row.phase);
        console.log(`  ${row.unit.padEnd(11)} ${phase.padEnd(phase.length + 9 - row.phase.length)} ${row.pid ? `pid ${row.pid}`.padEnd(12) : ''.padEnd(12)} ${row.url}${row.detail ? `  ${row.detail}` : ''}`);
      }
      if (running.length === 0) console.log('nothing runs; `plinth up` starts it');
    });
}

export function unitUrl(unit: (typeof unitNames)[number], port: number): string {
  return unit === 'git' ? `http://localhost:${port}` : `https://127.0.0.1:${port}`;
}

type Found = Omit<UnitState, 'unit' | 'phase'> & { readonly phase: UnitState['phase'] | 'stopped' };

async function stateOf(socket: string, unit: string): Promise<Found> {
  const first = Promise.withResolvers<UnitState>();
  const connection = await connectControl(socket, (state) => state.unit === unit && first.resolve(state));
  if (!connection) return { pid: 0, phase: 'stopped' };
  const state = await Promise.race([first.promise, connection.closed.then(() => undefined)]);
  connection.close();
  if (!state) return { pid: 0, phase: 'stopped' };
  const { unit: _, ...rest } = state;
  return rest;
}
