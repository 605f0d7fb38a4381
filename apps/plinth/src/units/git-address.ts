import type { DataDir, Installation } from '../config/data-dir.ts';
import { openGitPki, readGitCredentials } from '../config/identity.ts';
import type { GitServerAddress } from './manifest-parts.ts';

/** How this installation's own clusters reach its git server: over TLS, with its own authority. */
export async function gitServerAddress(layout: DataDir, installation: Installation): Promise<GitServerAddress> {
  const { caCert } = await openGitPki(layout);
  return { url: `https://localhost:${installation.ports.git}`, ca: caCert, credentials: readGitCredentials(layout) };
}
