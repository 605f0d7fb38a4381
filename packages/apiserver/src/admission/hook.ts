import type { ApiResource, UnstructuredObject } from '@plinth/apimachinery';
import type { UserInfo } from '../request.ts';

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly resource: ApiResource;
  /** `status`, `scale` ...; absent for the object itself. */
  readonly subresource?: string;
  /** Absent for DELETE. */
  readonly object?: UnstructuredObject;
  readonly oldObject?: UnstructuredObject;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly warn: (message: string) => void;
}

/**
 * Sees every write that is valid by itself, with its defaults. Returns a changed object, or nothing. Throws an `ApiError`
 * (`forbidden`, `invalid`) to refuse. Must be quick and must not write to the object in the request.
 */
export type AdmissionHook = (
  request: AdmissionRequest,
) => UnstructuredObject | undefined | void | Promise<UnstructuredObject | undefined | void>;
