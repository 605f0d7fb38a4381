import { execFile } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A program that a step may call and that this machine lacks, with what a person can do about it. */
export interface MissingTool {
  readonly name: string;
  readonly message: string;
}

/** Known tools of shell steps -> how one comes by them. Only these are looked for, and only where an image has them. */
const REMEDIES: Readonly<Record<string, string>> = {
  aws: 'install the AWS command line',
  az: 'install the Azure command line',
  bash: 'install bash',
  cosign: 'install cosign (https://github.com/sigstore/cosign)',
  curl: 'install curl',
  envsubst: 'install gettext (Debian: gettext-base)',
  flux: 'install flux (https://fluxcd.io)',
  gcloud: 'install the Google Cloud command line',
  gh: 'install the GitHub command line',
  git: 'install git',
  helm: 'install helm (https://helm.sh)',
  jq: 'install jq',
  kubectl: 'install kubectl (https://kubernetes.io/docs/tasks/tools)',
  kustomize: 'install kustomize (https://kustomize.io)',
  node: 'install Node.js',
  openssl: 'install openssl',
  python3: 'install Python 3',
  ruby: 'install Ruby',
  terraform: 'install terraform',
  vault: 'install vault',
  wget: 'install wget',
  yq: 'install yq 4 (github.com/mikefarah/yq)',
};

/** Names of tools that occur in a text, such as a command that installs packages. */
export const toolsIn = (text: string): readonly string[] => Object.keys(REMEDIES).filter((name) => new RegExp(`(^|[^\\w.])${name}([^\\w]|$)`).test(text));

/**
 * Which of the tools none of the directories has. A program that is found may be run, as ourselves and outside of any
 * sandbox: the directories must be the machine's or the installation's, not a container's. There are two programs of the name `yq`: the one of Debian and of pip speaks another
 * language, so it counts as missing.
 */
export async function missingTools(names: readonly string[], directories: readonly string[], toolDirectory: string | undefined): Promise<readonly MissingTool[]> {
  const missing: MissingTool[] = [];
  for (const name of new Set(names)) {
    const found = findProgram(name, directories);
    if (found && (name !== 'yq' || (await isYq4(found)))) continue;
    const place = toolDirectory ? `, or put it into ${toolDirectory}` : '';
    const what = found ? `${name} 4 not found (${found} is another program)` : `${name} not found on this machine`;
    // Short, and the last thing that the container says: it becomes the message of a condition.
    missing.push({ name, message: `${what}; ${REMEDIES[name] ?? `install ${name}`}${place}` });
  }
  return missing;
}

function findProgram(name: string, directories: readonly string[]): string | undefined {
  for (const directory of directories) {
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

const asked = new Map<string, Promise<boolean>>();

function isYq4(file: string): Promise<boolean> {
  const key = `${realpathSync(file)}@${statSync(file).mtimeMs}`;
  let answer = asked.get(key);
  if (!answer) {
    answer = new Promise((resolve) => {
      execFile(file, ['--version'], { timeout: 5000 }, (error, stdout) => resolve(!error && /mikefarah|version v?[4-9]\./.test(stdout)));
    });
    asked.set(key, answer);
  }
  return answer;
}
