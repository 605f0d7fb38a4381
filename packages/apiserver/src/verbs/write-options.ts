import { badRequest } from '@plinth/apimachinery';
import type { RequestContext } from '../core.ts';

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly force: boolean;
}

/** The options that all writes share, from the query. Errors: BadRequest. */
export function parseWriteOptions({ query, userAgent }: Pick<RequestContext, 'query' | 'userAgent'>): WriteOptions {
  const fieldManager = query.get('fieldManager') ?? '';
  if (fieldManager.length > 128) throw badRequest('fieldManager: Invalid value: it may not be more than 128 bytes');
  return {
    dryRun: parseDryRun(query.getAll('dryRun')),
    // Kubernetes names an anonymous manager after the program that speaks.
    fieldManager: fieldManager || managerOf(userAgent),
    fieldValidation: parseFieldValidation(query.get('fieldValidation') ?? ''),
    force: query.get('force') === 'true' || query.get('force') === '1',
  };
}

export function parseDryRun(values: readonly string[]): boolean {
  const wrong = values.find((value) => value !== '' && value !== 'All');
  if (wrong !== undefined) throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(wrong)}: supported values: "All"`);
  return values.includes('All');
}

function parseFieldValidation(value: string): WriteOptions['fieldValidation'] {
  if (value === '') return 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  throw badRequest(`fieldValidation: Unsupported value: ${JSON.stringify(value)}: supported values: "", "Ignore", "Strict", "Warn"`);
}

const managerOf = (userAgent: string): string => userAgent.split('/', 1)[0]?.slice(0, 128) || 'unknown';
