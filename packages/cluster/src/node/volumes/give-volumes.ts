import type { Pod } from '@plinth/api';
import { closeSync, constants, lchownSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { getuid } from 'node:process';
import { hasOwnUser, stepUser, type StepUser } from '../../runtime/host/step-user.ts';

/** Whose the files of a pod's volumes are: its commands', where they have a user of their own. */
export const volumeOwner = (pod: Pod): StepUser | undefined => (hasOwnUser() ? stepUser(undefined, pod.spec?.securityContext) : undefined);

/**
 * Gives a command what containers before it (programs and steps, which run in this process) left in the pod's own volumes:
 * in an image all of them would be the same user, and scripts change files in place.
 */
export function giveEmptyDirectories(pod: Pod, volumes: ReadonlyMap<string, string>, user: StepUser): void {
  if (!hasOwnUser()) return;
  const own = getuid!();
  let given = 0;
  const give = (directory: string): void => {
    // By way of the open folder: a container that runs already cannot put a link in the place of one on the way.
    const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      for (const name of readdirSync(`/proc/self/fd/${descriptor}`)) {
        const path = `/proc/self/fd/${descriptor}/${name}`;
        const entry = lstatSync(path);
        if (entry.uid === own) lchownSync(path, user.uid, user.gid);
        if (entry.isDirectory() && (given += 1) < MAX_FOLDERS) give(path);
      }
    } finally {
      closeSync(descriptor);
    }
  };
  for (const volume of pod.spec?.volumes ?? []) {
    const path = volume.emptyDir ? volumes.get(volume.name) : undefined;
    if (path) give(path);
  }
}

/** More than a pipeline may put out. */
const MAX_FOLDERS = 10_000;
