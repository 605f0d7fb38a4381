import { int64, list, object, string, stringMap, type Of } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { atomicConditions } from '../schema/meta.ts';
import { platformCategories, platformGroup, readyMessageColumn } from './group.ts';

const workload = object('A file.', {
  filepath: string('Path of the file, relative to the folder of the workload group.'),
  content: string('Bytes of the file: gzip, then base64.'),
});
export interface Workload extends Of<typeof workload> {}

const workloadGroup = object('Files that go to the same destinations.', {
  id: string('MD5 of the directory, in hex.'),
  directory: string('Folder of the pipeline output that the files come from; `.` for all the rest.'),
  destinationSelectors: list(
    'Which destinations take the files.',
    object('Chooses destinations.', { matchLabels: stringMap('Labels that the destination must have.'), source: string('Who asked for these labels: promise, promise-workflow or resource-workflow.') }),
  ),
  workloads: list('The files.', workload),
});
export interface WorkloadGroup extends Of<typeof workloadGroup> {}

export const works = customKind({
  ...platformGroup,
  kind: 'Work',
  plural: 'works',
  namespaced: true,
  description: 'The files that a workflow made, before a destination is chosen.',
  fields: {
    spec: object('The files.', {
      promiseName: string('The Promise that made them.'),
      resourceName: string('The request that they are for; empty when they are for the Promise itself.'),
      lastExecutionTimestamp: string('When the workflow last ran.'),
      workloadGroups: list('The files, by destination.', workloadGroup),
    }),
    status: object('What is known of the files.', {
      workPlacements: int64('Number of workload groups.'),
      workPlacementsCreated: int64('Number of workload groups with a destination.'),
      conditions: atomicConditions,
    }),
  },
  categories: platformCategories,
  subresources: { status: true },
  columns: [readyMessageColumn],
});
export interface Work extends ObjectIn<typeof works> {}

export const workPlacements = customKind({
  ...platformGroup,
  kind: 'WorkPlacement',
  plural: 'workplacements',
  namespaced: true,
  description: 'The files of one workload group at one destination.',
  fields: {
    spec: object('The files and where they go.', {
      targetDestinationName: string('The destination.'),
      workloads: list('The files.', workload),
      promiseName: string('The Promise that made them.'),
      resourceName: string('The request that they are for.'),
      id: string('Id of the workload group.'),
      generation: int64('Generation of the Work that they come from.'),
    }),
    status: object('What is known of the files.', {
      conditions: atomicConditions,
      versionID: string('Version of the state store that holds them: a commit, say.'),
    }),
  },
  shortNames: ['wp', 'wps'],
  categories: platformCategories,
  subresources: { status: true },
  columns: [
    { name: 'Destination', type: 'string', description: 'The destination.', jsonPath: '.spec.targetDestinationName' },
    readyMessageColumn,
  ],
});
export interface WorkPlacement extends ObjectIn<typeof workPlacements> {}
