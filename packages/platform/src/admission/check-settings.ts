import type { ConfigMap } from '@plinth/api';
import type { StatusCause } from '@plinth/apimachinery';
import { parseSettings } from '../settings/parse-settings.ts';
import type { Checking } from './platform-admission.ts';

/** Settings that could not be read would be ignored later, with a line in a log; better that they do not come in. */
export function checkSettings(map: ConfigMap, { warn }: Checking): readonly StatusCause[] {
  const { problems, warnings } = parseSettings(map.data);
  for (const warning of warnings) warn(`data.${warning}`);
  return problems.map((problem) => {
    const end = problem.indexOf(': ');
    return { reason: 'FieldValueInvalid', field: `data.${problem.slice(0, end)}`, message: problem.slice(end + 2) };
  });
}
