/** What the sandbox is set up with before the command's rights are gone: programs, their libraries, and our own things. */
const PROTECTED = [
  '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix',
  '/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libx32',
  '/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/ld.so.preload', '/etc/alternatives',
  '/proc', '/run/plinth',
];

/**
 * Whether a volume at this path would put something of a container's in the place of a program or library that runs with
 * more rights than the container has. Nothing may be mounted there, nor above or below.
 */
export const hidesSystem = (path: string): boolean => PROTECTED.some((each) => path === each || path === '/' || path.startsWith(`${each}/`) || each.startsWith(`${path}/`));
