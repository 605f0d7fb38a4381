import { boolean, int64, list, object, oneOf, string, stringList } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { conditions } from '../schema/meta.ts';
import { artifact } from './artifact.ts';
import { DURATION_PATTERN, fluxColumns } from './columns.ts';

const name = (of: string) => object(of, { name: string('Name of the Secret.') }, ['name']);
const include = object(
  'Another repository to copy from.',
  { repository: object('The GitRepository.', { name: string('Name.') }, ['name']), fromPath: string('Folder to copy.'), toPath: string('Folder to copy to.') },
  ['repository'],
);

export const gitRepositories = customKind({
  group: 'source.toolkit.fluxcd.io',
  version: 'v1',
  kind: 'GitRepository',
  plural: 'gitrepositories',
  namespaced: true,
  description: 'A git repository whose content others apply.',
  fields: {
    spec: object(
      'The repository.',
      {
        url: string('Address of the repository: http, https or ssh.', { pattern: '^(http|https|ssh)://.*$' }),
        interval: string('How often to look for a new revision.', { pattern: DURATION_PATTERN }),
        timeout: string('The most time that one git operation may take.', { default: '60s', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m))+$' }),
        ref: object('Which revision; the branch `master` when absent. The later field wins.', {
          branch: string('Branch.'),
          tag: string('Tag.'),
          semver: string('Range of versions among the tags.'),
          name: string('Full name of a reference.'),
          commit: string('Commit.'),
        }),
        secretRef: name('Secret with username and password, or bearerToken; optionally ca.crt.'),
        provider: oneOf('Who hosts the repository.', ['generic', 'azure', 'github', 'aws']),
        ignore: string('Paths to leave out, as in a .gitignore file.'),
        suspend: boolean('Stop looking for new revisions.'),
        recurseSubmodules: boolean('Fetch submodules, too.'),
        include: list('Other repositories to copy from.', include),
        verify: object('Check the signature.', { mode: oneOf('What to check.', ['head', 'HEAD', 'Tag', 'TagAndHEAD'], { default: 'HEAD' }), secretRef: name('Secret with public keys.') }, ['secretRef']),
        proxySecretRef: name('Secret with the address of a proxy.'),
        serviceAccountName: string('ServiceAccount for logging in at the host.'),
        sparseCheckout: stringList('Folders to fetch.'),
      },
      ['url', 'interval'],
    ),
    status: object(
      'What is known of the repository.',
      {
        artifact,
        conditions,
        observedGeneration: int64('The generation that the status is about.'),
        observedIgnore: string('Ignored paths that the artifact was made with.'),
        observedInclude: list('Included repositories that the artifact was made with.', include),
        observedRecurseSubmodules: boolean('The artifact was made with submodules.'),
        observedSparseCheckout: stringList('Folders that the artifact was made with.'),
        includedArtifacts: list('Artifacts that were copied.', artifact),
        lastHandledReconcileAt: string('The last value of reconcile.fluxcd.io/requestedAt that was acted upon.'),
        sourceVerificationMode: string('What was checked.'),
      },
      [],
      { default: { observedGeneration: -1 } },
    ),
  },
  shortNames: ['gitrepo'],
  subresources: { status: true },
  columns: [{ name: 'URL', type: 'string', description: 'Address of the repository.', jsonPath: '.spec.url' }, ...fluxColumns],
});
export interface GitRepository extends ObjectIn<typeof gitRepositories> {}
