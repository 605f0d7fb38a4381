import { map, object, stringList } from '../schema/fields.ts';
import { customKind, type ObjectIn } from '../schema/kind.ts';
import { acidGroup } from './postgresql.ts';

export const postgresTeams = customKind({
  ...acidGroup,
  kind: 'PostgresTeam',
  plural: 'postgresteams',
  namespaced: true,
  description: 'Who belongs to a team besides those that the team list names.',
  fields: {
    spec: object('The additions.', {
      additionalSuperuserTeams: map('Teams whose members are superusers of the databases of the team named by the key.', stringList('Teams.')),
      additionalTeams: map('Teams whose members count as members of the team named by the key.', stringList('Teams.')),
      additionalMembers: map('People who count as members of the team named by the key.', stringList('User names.')),
    }),
  },
  required: ['spec'],
  shortNames: ['pgteam'],
  categories: ['all'],
});
export interface PostgresTeam extends ObjectIn<typeof postgresTeams> {}
