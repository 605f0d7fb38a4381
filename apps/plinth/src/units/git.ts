import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startGitServer } from '@plinth/git';
import { openGitPki, readGitCredentials } from '../config/identity.ts';
import { exitCodes, UserError } from '../errors.ts';
import { log } from './log.ts';
import type { StartUnit } from './run-unit.ts';

/** The git server: the state store and the requests that come through git. */
export const startGitUnit: StartUnit = async ({ layout, installation }) => {
  const pki = await openGitPki(layout);
  const { cert, key } = await pki.serving();
  const dataDir = join(layout.git, 'repositories');
  const existing = installation.initialised.includes('git');
  if (existing) for (const { owner, name } of repositories) refuseMissing(join(dataDir, owner, `${name}.git`));
  return startGitServer({
    dataDir,
    port: installation.ports.git,
    tls: { cert, key: key.reveal() },
    credentials: [readGitCredentials(layout)],
    publicUrl: `http://localhost:${installation.ports.git}`,
    // Only the first start makes a first commit: a branch that is missing later was removed, and is not to be begun anew.
    repositories: repositories.map(({ owner, name, initialFiles }) => ({ owner, name, ...(existing ? {} : { initialFiles }) })),
    log: ({ level, message, ...rest }) => log(level, message, rest),
  });
};

/** An empty one in its place would be taken for the wish that everything in it be deleted. */
function refuseMissing(folder: string): void {
  if (existsSync(join(folder, 'HEAD'))) return;
  throw new UserError(`the git repository ${folder} is missing, or has no HEAD`, { hint: 'restore it from a backup; nothing was changed', exitCode: exitCodes.dataDirUnusable });
}

const stateStoreReadme = `# The state store

What the platform wants on its clusters, one folder per destination. Plinth writes here; everybody may read.
`;

const requestsReadme = `# Requests

Commit a request as YAML and push it to \`main\`: the platform applies it, as \`kubectl apply\` would. Remove the file and the
service goes.
`;

const repositories = [
  { owner: 'gitea_admin', name: 'kratix', initialFiles: { 'README.md': stateStoreReadme } },
  { owner: 'gitea_admin', name: 'requests', initialFiles: { 'README.md': requestsReadme } },
] as const;
