import type { Served } from './served.ts';

/**
 * What is served at this moment. Built-in kinds stay, kinds of CRDs come and go; every change counts `generation` up, by
 * which discovery and OpenAPI know that what they have is old.
 */
export class Registry {
  readonly #byPath = new Map<string, Served>();
  #generation = 0;

  get generation(): number {
    return this.#generation;
  }

  find(group: string, version: string, plural: string): Served | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  findKind(group: string, version: string, kind: string): Served | undefined {
    return this.all().find((served) => served.kind.kind === kind && served.kind.group === group && served.kind.version === version);
  }

  /** All kinds that are served, in the order in which they were added. */
  all(): readonly Served[] {
    return [...this.#byPath.values()];
  }

  /** Takes away what `remove` names and adds `add`, at once. */
  change(remove: (served: Served) => boolean, add: readonly Served[]): void {
    for (const [path, served] of this.#byPath) if (remove(served)) this.#byPath.delete(path);
    for (const served of add) {
      const { group, version, plural } = served.kind;
      this.#byPath.set(`${group}/${version}/${plural}`, served);
    }
    this.#generation += 1;
  }
}
