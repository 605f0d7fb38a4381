import { hash } from 'node:crypto';

/** Lower-case hexadecimal MD5: an id that Kratix's paths and names carry, not a protection. */
export const md5hex = (text: string): string => hash('md5', text);

/** Cut so that a dash and five characters still fit into 63, ending in a letter or digit. */
export function trimName(name: string): string {
  const cut = name.length > 57 ? name.slice(0, 56) : name;
  return cut.replace(/[^A-Za-z0-9]+$/, '');
}

/** A name that the same inputs always give: `example-redis` -> `example-redis-e7f90`. */
export function stableName(name: string, ...inputs: readonly string[]): string {
  return `${trimName(name)}-${md5hex(inputs.length > 0 ? inputs.join('-') : name).slice(0, 5)}`;
}

/** The first five characters, as paths and names show a workload group's id. */
export const shortId = (id: string): string => id.slice(0, 5);

/** The id of the workload group that holds everything outside named directories. */
export const DEFAULT_GROUP_ID = md5hex('.');
