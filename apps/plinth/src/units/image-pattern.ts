/**
 * Whether an image reference is meant by a pattern: `*` stands for any text, the registry and folder that Docker leaves out
 * may be left out, and a reference without tag is `latest`. `alpine:*` is every tag and digest of `docker.io/library/alpine`.
 */
export function matchesImage(pattern: string, image: string): boolean {
  const reference = fullReference(image);
  const expression = fullReference(pattern).split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${expression}$`).test(reference) || (pattern.endsWith(':*') && reference.startsWith(`${fullName(pattern.slice(0, -2))}@`));
}

/** With registry, folder and tag. */
function fullReference(reference: string): string {
  const name = fullName(reference);
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') || last.endsWith('*') ? name : `${name}:latest`;
}

function fullName(name: string): string {
  const [first, ...rest] = name.replace(/^index\.docker\.io\//, 'docker.io/').split('/');
  if (rest.length === 0) return `docker.io/library/${first}`;
  const isRegistry = first === 'localhost' || /[.:*]/.test(first!);
  if (!isRegistry) return `docker.io/${name}`;
  return first === 'docker.io' && rest.length === 1 ? `docker.io/library/${rest[0]}` : [first, ...rest].join('/');
}
