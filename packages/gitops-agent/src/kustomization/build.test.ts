import type { Kustomization } from '@plinth/api';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { folderChanges, type FolderEntry, type TreeReader } from '../source/tree-reader.ts';
import { build, emptyBuildMemory, type Build, type BuildMemory } from './build.ts';

type Files = Readonly<Record<string, string>>;

/** A tree whose ids are of its content, which counts what is read. */
class Trees implements TreeReader {
  readonly #folders = new Map<string, readonly FolderEntry[]>();
  readonly #files = new Map<string, string>();
  readonly reads = { folders: 0, files: 0 };

  add(files: Files): string {
    const entries = new Map<string, FolderEntry>();
    const below = new Map<string, Record<string, string>>();
    for (const [path, content] of Object.entries(files)) {
      const [name = '', ...rest] = path.split('/');
      const inner = below.get(name) ?? {};
      if (rest.length > 0) below.set(name, Object.assign(inner, { [rest.join('/')]: content }));
      else entries.set(name, { name, type: 'file', id: this.#keep(this.#files, 'file', content) });
    }
    for (const [name, inner] of below) entries.set(name, { name, type: 'folder', id: this.add(inner) });
    return this.#keep(this.#folders, JSON.stringify([...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))), [...entries.values()]);
  }
  folder(id: string): readonly FolderEntry[] {
    this.reads.folders += 1;
    return this.#folders.get(id)!;
  }
  file(id: string): Uint8Array {
    this.reads.files += 1;
    return Buffer.from(this.#files.get(id)!);
  }
  changes(before: string, after: string) {
    const { folders } = this.reads;
    const found = folderChanges({ folder: (id) => this.folder(id), file: (id) => this.file(id) }, before, after);
    this.reads.folders = folders;
    return found;
  }
  #keep<T>(map: Map<string, T>, text: string, value: T): string {
    const id = createHash('sha1').update(text).update(typeof value === 'string' ? value : '').digest('hex');
    map.set(id, value);
    return id;
  }
}

const kustomization = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: 'apps', namespace: 'flux-system' }, spec: { path: './apps' } } as Kustomization;
const configMap = (name: string, data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {x: "${data}"}\n`;
const buildOf = async (reader: TreeReader, root: string, memory: BuildMemory): Promise<Build> =>
  (await build({ kustomization, reader, root, ignore: undefined, variables: new Map(), isNamespaced: () => true, prepare: () => Promise.resolve(), memory }))!;
const shown = ({ objects, problems }: Build) => ({ objects: new Map([...objects].map(([id, { object }]) => [id, object])), problems: problems.map(({ message }) => message).toSorted() });

describe(build, () => {
  it('comes to the same from what changed as from everything', async () => {
    const path = fc.constantFrom('apps/a.yaml', 'apps/b.yaml', 'apps/one/c.yaml', 'apps/one/d.yml', 'apps/one/two/e.yaml', 'apps/a.yaml/f.yaml', 'other/g.yaml', 'apps/no.txt', 'apps/one/kustomization.yaml', '.sourceignore');
    const content = fc.oneof(
      fc.tuple(fc.constantFrom('m', 'n', 'o'), fc.constantFrom('1', '2')).map(([name, data]) => configMap(name, data)),
      fc.tuple(fc.constantFrom('p', 'q'), fc.constantFrom('r', 's')).map(([one, two]) => `${configMap(one, '1')}---\n${configMap(two, '1')}`),
      fc.constant('{ broken'),
    );
    const special: Readonly<Record<string, string>> = { 'apps/one/kustomization.yaml': 'resources: [c.yaml]\n', '.sourceignore': 'two/\n' };
    const step = fc.record({ path, content: fc.option(content, { nil: undefined }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const reader = new Trees();
        const memory = emptyBuildMemory();
        let files: Record<string, string> = { 'apps/z.yaml': configMap('z', '1') };
        let known = new Map<string, unknown>();
        for (const each of steps) {
          files = Object.fromEntries(Object.entries(files).filter(([old]) => old !== each.path && !old.startsWith(`${each.path}/`) && !each.path.startsWith(`${old}/`)));
          if (each.content !== undefined) files[each.path] = special[each.path] ?? each.content;
          const root = reader.add(files);
          const built = await buildOf(reader, root, memory);
          const fresh = await buildOf(reader, root, { ...emptyBuildMemory(), owners: memory.owners });
          expect(shown(built)).toEqual(shown(fresh));
          // Whoever follows `changed` has everything.
          for (const id of built.changed ?? new Set([...known.keys(), ...built.objects.keys()])) known.set(id, built.objects.get(id)?.object);
          known = new Map([...known].filter(([, object]) => object !== undefined));
          expect(known).toEqual(shown(built).objects);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('reads the file that changed and nothing else', async () => {
    const reader = new Trees();
    const memory = emptyBuildMemory();
    const files: Record<string, string> = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`apps/default/light/r${index}/manifest.yaml`, configMap(`r${index}`, '1')]));
    await buildOf(reader, reader.add(files), memory);
    const root = reader.add({ ...files, 'apps/default/light/r7/manifest.yaml': configMap('r7', '2') });
    Object.assign(reader.reads, { folders: 0, files: 0 });
    const built = await buildOf(reader, root, memory);
    expect([...built.changed!]).toEqual(['default_r7__ConfigMap']);
    // Folders: the root twice, for the path and for .sourceignore.
    expect(reader.reads).toEqual({ folders: 2, files: 1 });
  });
});
