import { GitRemoteError } from '../errors.ts';

/** Where a repository is on an SSH server. */
export interface SshAddress {
  readonly user: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string;
  /** For messages. */
  readonly url: string;
}

/** Whether a URL is one of SSH: `ssh://user@host[:port]/path` or `user@host:path` (https://git-scm.com/docs/git-clone#_git_urls). */
export function isSshUrl(url: string): boolean {
  return url.startsWith('ssh://') || (!url.includes('://') && scpLike.test(url));
}

/** Throws a {@link GitRemoteError} (`protocol`) for what is no such URL, or could be taken for an option of ssh or git. */
export function parseSshUrl(text: string): SshAddress {
  const found = text.startsWith('ssh://') ? fromUrl(text) : fromScp(text);
  const { user = '', host = '', path = '' } = found ?? {};
  const problem = !found
    ? 'it is not of the form ssh://user@host/path or user@host:path'
    : user === ''
      ? 'it names no user; most servers want git@'
      : !/^[A-Za-z0-9._][A-Za-z0-9._-]*$/.test(user)
        ? 'its user has characters that are not allowed'
        : !/^[A-Za-z0-9._:][A-Za-z0-9._:%-]*$/.test(host)
          ? 'its host has characters that are not allowed'
          : path === '' || path === '/' || path.startsWith('-') || /\p{Cc}/u.test(path)
            ? 'its path names no repository'
            : undefined;
  if (!found || problem) throw new GitRemoteError('protocol', `the URL ${JSON.stringify(text.replace(/:[^:@/]*@/, ':…@').slice(0, 200))} cannot be used: ${problem}`);
  const shown = host.includes(':') ? `[${host}]` : host;
  return { ...found, url: `ssh://${user}@${shown}${found.port === undefined ? '' : `:${found.port}`}${path.startsWith('/') ? '' : '/'}${path}` };
}

type Parts = Omit<SshAddress, 'url'>;

function fromUrl(text: string): Parts | undefined {
  try {
    const url = new URL(text);
    const path = decodeURIComponent(url.pathname);
    return {
      user: decodeURIComponent(url.username),
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? undefined : Number(url.port),
      // A home directory, as git reads it.
      path: path.startsWith('/~') ? path.slice(1) : path,
    };
  } catch {
    // No URL, or "%" before what is no byte.
    return undefined;
  }
}

const scpLike = /^(?:([^@\s/:]+)@)?(?:\[([^\]\s]+)\]|([^:/\s[\]]+)):(?!\/\/)(.+)$/;

function fromScp(text: string): Parts | undefined {
  const match = scpLike.exec(text);
  return match ? { user: match[1] ?? '', host: match[2] ?? match[3]!, port: undefined, path: match[4]! } : undefined;
}
