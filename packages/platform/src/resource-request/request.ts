import type { UnstructuredObject } from '@plinth/apimachinery';
import type { HealthStatus } from '../health-record/aggregate.ts';
import type { WorkflowStatus } from '../workflow/status.ts';

/** The status of a request: what the platform writes, and any key that a pipeline reports. */
export interface RequestStatus extends WorkflowStatus {
  readonly observedGeneration?: number;
  readonly healthStatus?: HealthStatus;
  /**
   * Ours, reported by a pipeline: texts for states of health (`ready`, `unhealthy` ... and `default`). While it is there,
   * `message` follows the health records once the request is reconciled.
   */
  readonly healthMessages?: Readonly<Record<string, string>>;
  readonly promiseVersion?: string;
  readonly resourceBindingVersion?: string;
  readonly lastSuccessfulConfigureWorkflowTime?: string;
  readonly [key: string]: unknown;
}

/** An object of an API that a Promise offers. */
export interface ResourceRequest extends UnstructuredObject {
  readonly spec?: unknown;
  readonly status?: RequestStatus;
}
