import { mkdir } from 'node:fs/promises';
import { beginData, finishData, type InstanceFolder } from './data-dir.ts';
import { findPostmaster } from './postmaster.ts';
import { locateEngine, type Engine } from './locate-engine.ts';
import { stopProcess } from './stop-process.ts';
import { ensureTemplate, type Template } from './template.ts';
import { TreeCopier } from './tree-copier.ts';

export interface PreparedEngine {
  readonly engine: Engine;
  readonly template: Template;
}

/**
 * The PostgreSQL versions of this machine, found and prepared on first use and then kept.
 *
 * @example
 * await using engines = new Engines('/home/ada/.plinth/postgres');
 * const { engine } = await engines.prepare(18);
 */
export class Engines implements AsyncDisposable {
  readonly #engineRoot: string;
  readonly #copier = new TreeCopier();
  readonly #prepared = new Map<number | undefined, Promise<PreparedEngine>>();
  readonly #located = new Map<number | undefined, Promise<Engine>>();

  /** `engineRoot`: a folder for templates and secrets, of Plinth's user alone. */
  constructor(engineRoot: string) {
    this.#engineRoot = engineRoot;
  }

  /** The programs of a major version; absent: the newest there is. A failure is forgotten, so the next call looks again. */
  locate(major?: number): Promise<Engine> {
    return remember(this.#located, major, async () => {
      await mkdir(this.#engineRoot, { recursive: true, mode: 0o700 });
      return locateEngine({ engineRoot: this.#engineRoot, ...(major === undefined ? {} : { major }) });
    });
  }

  /** Programs and template. Called at start-up it takes the cost (about half a second, once per machine) off the first request. */
  prepare(major?: number): Promise<PreparedEngine> {
    return remember(this.#prepared, major, async () => {
      const engine = await this.locate(major);
      return { engine, template: await ensureTemplate(engine, this.#engineRoot) };
    });
  }

  /**
   * Puts a fresh data directory where there is none (or an unfinished one). Resolves when a server may start in it;
   * `durable` settles when it is on disk for keeps, and nobody may be let in before.
   */
  async createData(folder: InstanceFolder, { engine, template }: PreparedEngine): Promise<{ readonly durable: Promise<void> }> {
    const straggler = findPostmaster(folder.dataDir);
    if (straggler) await stopProcess(straggler.pid, straggler.isAlive, 0);
    await beginData(folder);
    const copy = this.#copier.copy({ from: template.dataDir, to: folder.dataDir, owner: engine.user });
    await copy.copied;
    const durable = copy.synced.then(() => finishData(folder));
    durable.catch(() => {});
    return { durable };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#copier[Symbol.asyncDispose]();
  }
}

function remember<K, V>(memory: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = memory.get(key);
  if (known) return known;
  const made = make();
  memory.set(key, made);
  made.catch(() => memory.delete(key));
  return made;
}
