import { object, string } from '../schema/fields.ts';
import { age } from '../schema/age.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';

export const ingressClasses = builtinKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  description: 'A kind of entry point, and who serves it.',
  fields: {
    spec: object('Who serves Ingresses of the class.', {
      controller: string('Name of the controller, such as example.org/ingress.', { maxLength: 250 }),
      parameters: object(
        'Settings for the controller.',
        {
          apiGroup: string('Group of the object with the settings.'),
          kind: string('Its kind.'),
          name: string('Its name.'),
          namespace: string('Its namespace.'),
          scope: string('Cluster or Namespace.'),
        },
        ['kind', 'name'],
      ),
    }),
  },
  columns: [
    { name: 'Controller', type: 'string', description: 'Who serves it.', jsonPath: '.spec.controller' },
    {
      name: 'Parameters',
      type: 'string',
      description: 'Settings for the controller.',
      value: ({ spec }) => (spec?.parameters ? `${spec.parameters.kind}${spec.parameters.apiGroup ? `.${spec.parameters.apiGroup}` : ''}/${spec.parameters.name}` : '<none>'),
    },
    age,
  ],
});
export interface IngressClass extends ObjectIn<typeof ingressClasses> {}

/** Marks the class that Ingresses without a class get. */
export const DEFAULT_INGRESS_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';
