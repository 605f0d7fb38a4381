import { bytes, boolean, field, int32, list, object, oneOf, string, stringList, type Of } from '../schema/fields.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { looseConditions } from '../schema/meta.ts';

const names = object(
  'What the kind is called.',
  {
    plural: string('Segment of the URL, lower case.'),
    singular: string('One of them, lower case.'),
    shortNames: stringList('Short forms for the command line.'),
    kind: string('Kind of the objects, in CamelCase.'),
    listKind: string('Kind of lists of objects.'),
    categories: stringList('Groups of kinds for the command line, such as all.'),
  },
  ['plural', 'kind'],
);

const version = object(
  'One version of the kind.',
  {
    name: string('v1, v1alpha1 ...'),
    served: boolean('Objects can be read and written in this version.'),
    storage: boolean('Objects are stored in this version; exactly one has it.'),
    deprecated: boolean('Clients are warned.'),
    deprecationWarning: string('The warning.'),
    schema: object('What objects look like.', {
      openAPIV3Schema: field<JsonSchema>({ type: 'object', description: 'A structural schema.', 'x-kubernetes-preserve-unknown-fields': true }),
    }),
    subresources: object('Subresources of the objects.', {
      status: object('A status that is written apart from the rest.', {}, [], { 'x-kubernetes-preserve-unknown-fields': true }),
      scale: object(
        'A number of replicas.',
        { specReplicasPath: string('Path of the wanted number.'), statusReplicasPath: string('Path of the number that there is.'), labelSelectorPath: string('Path of the selector.') },
        ['specReplicasPath', 'statusReplicasPath'],
      ),
    }),
    additionalPrinterColumns: list(
      'Columns that are shown after the name; AGE when absent.',
      object(
        'A column.',
        {
          name: string('Heading.'),
          type: string('string, integer, number, boolean or date.'),
          format: string('OpenAPI format of the value.'),
          description: string('What it shows.'),
          priority: int32('Above 0: only with -o wide.'),
          jsonPath: string('Where the value is.'),
        },
        ['name', 'type', 'jsonPath'],
      ),
    ),
    selectableFields: list('Fields usable in field selectors.', object('A field.', { jsonPath: string('Path.') }, ['jsonPath'])),
  },
  ['name', 'served', 'storage'],
);
export interface CustomResourceDefinitionVersion extends Of<typeof version> {}

const crdSpec = object(
  'The kind to serve.',
  {
    group: string('API group.'),
    names,
    scope: oneOf('Whether objects live in namespaces.', ['Namespaced', 'Cluster']),
    versions: list('Versions of the kind.', version),
    conversion: object(
      'How objects are converted between versions.',
      {
        strategy: string('None or Webhook.', { default: 'None' }),
        webhook: object('Who converts.', {
          clientConfig: object('How to reach it.', {
            url: string('URL.'),
            service: object('A Service.', { namespace: string('Namespace.'), name: string('Name.'), path: string('Path.'), port: int32('Port.') }, ['namespace', 'name']),
            caBundle: bytes('Certificates to trust.'),
          }),
          conversionReviewVersions: stringList('Versions of the review that it understands.'),
        }),
      },
      ['strategy'],
    ),
    preserveUnknownFields: boolean('Must be false.'),
  },
  ['group', 'names', 'scope', 'versions'],
);
export interface CustomResourceDefinitionSpec extends Of<typeof crdSpec> {}

export const customResourceDefinitions = builtinKind({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
  description: 'Adds a kind to the API.',
  fields: {
    spec: crdSpec,
    status: object('What is known of the kind.', {
      conditions: looseConditions,
      acceptedNames: names,
      storedVersions: stringList('Versions in which objects may be stored.'),
    }),
  },
  required: ['spec'],
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: { status: true },
  columns: [{ name: 'Created At', type: 'date', description: 'When it was created.', jsonPath: '.metadata.creationTimestamp' }],
});
export interface CustomResourceDefinition extends ObjectIn<typeof customResourceDefinitions> {}
