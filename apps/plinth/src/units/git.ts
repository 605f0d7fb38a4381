import { join } from 'node:path';
import { startGitServer } from '@plinth/git';
import { openGitPki, readGitCredentials } from '../config/identity.ts';
import { log } from './log.ts';
import type { StartUnit } from './run-unit.ts';

/** The git server: the state store and the requests that come through git. */
export const startGitUnit: StartUnit = async ({ layout, installation }) => {
  const pki = await openGitPki(layout);
  const { cert, key } = await pki.serving();
  return startGitServer({
    dataDir: join(layout.git, 'repositories'),
    port: installation.ports.git,
    tls: { cert, key: key.reveal() },
    credentials: [readGitCredentials(layout)],
    publicUrl: `http://localhost:${installation.ports.git}`,
    repositories: [
      { owner: 'gitea_admin', name: 'kratix', initialFiles: { 'README.md': stateStoreReadme } },
      { owner: 'gitea_admin', name: 'requests', initialFiles: { 'README.md': requestsReadme } },
    ],
    log: ({ level, message, ...rest }) => log(level, message, rest),
  });
};

const stateStoreReadme = `# The state store

What the platform wants on its clusters, one folder per destination. Plinth writes here; everybody may read.
`;

const requestsReadme = `# Requests

Commit a request as YAML and push it to \`main\`: the platform applies it, as \`kubectl apply\` would. Remove the file and the
service goes.
`;
