import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPki, type ClusterPki } from '@plinth/apiserver/pki';
import { renderKubeconfig } from '@plinth/client/node';
import { exitCodes, UserError } from '../errors.ts';
import { type DataDir, type Installation, writeFileDurably } from './data-dir.ts';

/** Who may push to the git server. Only in `git/credentials.json` of the data directory, readable by its owner. */
export interface GitCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Makes what tells this installation's parts apart and lets its owner in: a certificate authority per cluster and one for
 * git, the kubeconfig, git's credentials. What is there stays; the kubeconfig follows the ports.
 */
export async function ensureIdentity(layout: DataDir, installation: Installation): Promise<void> {
  const contexts = await Promise.all(
    (['platform', 'worker'] as const).map(async (name) => {
      const pki = await openClusterPki(layout, installation, name);
      const [admin] = await Promise.all([pki.client({ user: 'plinth-admin', groups: ['system:masters'], file: 'admin' }), pki.serving()]);
      return {
        name,
        server: `https://127.0.0.1:${installation.ports[name]}`,
        ca: pki.caCert,
        user: { name: `plinth-${name}-admin`, clientCert: admin.cert, clientKey: admin.key },
      };
    }),
  );
  await ensureReporter(layout, installation);
  const gitPki = await openGitPki(layout);
  await gitPki.serving();
  if (!existsSync(credentialsFile(layout))) {
    const credentials: GitCredentials = { username: 'gitea_admin', password: randomBytes(24).toString('base64url') };
    writeFileDurably(credentialsFile(layout), `${JSON.stringify(credentials, null, 2)}\n`);
  }
  const kubeconfig = renderKubeconfig({ contexts, currentContext: 'platform' });
  writeIfChanged(layout.kubeconfig, kubeconfig);
}

function writeIfChanged(file: string, content: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writeFileDurably(file, content);
}

/** Who the worker is on the platform cluster, where it reports the health of what it runs; bound to a narrow role there. */
export const workerUser = 'plinth:destination:worker-cluster';

/** The kubeconfig with which the worker reports. */
export const reporterKubeconfig = (layout: DataDir): string => join(layout.cluster('worker'), 'platform.kubeconfig');

async function ensureReporter(layout: DataDir, installation: Installation): Promise<void> {
  const pki = await openClusterPki(layout, installation, 'platform');
  const { cert, key } = await pki.client({ user: workerUser, groups: ['plinth:destinations'], file: 'worker-cluster' });
  const server = `https://127.0.0.1:${installation.ports.platform}`;
  writeIfChanged(reporterKubeconfig(layout), renderKubeconfig({ contexts: [{ name: 'platform', server, ca: pki.caCert, user: { name: workerUser, clientCert: cert, clientKey: key } }] }));
}

export function openClusterPki(layout: DataDir, installation: Installation, name: 'platform' | 'worker'): Promise<ClusterPki> {
  const directory = join(layout.cluster(name), 'pki');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return orRefuse(openPki({ directory, clusterName: name, ipAddresses: [kubernetesServiceAddress(installation, name)] }));
}

/** The first address of the Services' block, as `kubernetes.default` has it everywhere. */
export const kubernetesServiceAddress = (installation: Installation, name: 'platform' | 'worker'): string => `127.${installation.blocks[name]}.128.1`;

export function openGitPki(layout: DataDir): Promise<ClusterPki> {
  const directory = join(layout.git, 'pki');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return orRefuse(openPki({ directory, clusterName: 'git' }));
}

/** Damaged keys are for a person to decide about. */
async function orRefuse(opening: Promise<ClusterPki>): Promise<ClusterPki> {
  try {
    return await opening;
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    throw new UserError(hint ? message.replace(`; ${hint}`, '') : message, { exitCode: exitCodes.dataDirUnusable, cause: error, ...(hint ? { hint } : {}) });
  }
}

export function readGitCredentials(layout: DataDir): GitCredentials {
  try {
    return JSON.parse(readFileSync(credentialsFile(layout), 'utf8')) as GitCredentials;
  } catch (error) {
    throw new UserError(`cannot read the git credentials: ${(error as Error).message}`, {
      hint: `restore ${credentialsFile(layout)} from a backup`,
      exitCode: exitCodes.dataDirUnusable,
    });
  }
}

const credentialsFile = (layout: DataDir): string => join(layout.git, 'credentials.json');
