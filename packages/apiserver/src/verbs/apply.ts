import { badRequest, type UnstructuredObject } from '@plinth/apimachinery';
import type { Core, RequestContext } from '../core.ts';
import type { UpdateTarget } from './update.ts';

/** Server-side apply. */
export async function serverSideApply(_core: Core, _target: UpdateTarget, _body: unknown, _context: RequestContext): Promise<{ readonly object: UnstructuredObject; readonly created: boolean }> {
  throw badRequest('not yet');
}
