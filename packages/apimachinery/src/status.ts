/** One field that was refused, as `Status.details.causes` lists it. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  /** Dotted path with indexes: `spec.containers[0].name`. */
  readonly field?: string;
}

/** Kubernetes' reply to a request that has no object to return, in most cases because it failed. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly resourceVersion?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

export type StatusReason =
  | ''
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'ServiceUnavailable'
  | (string & {});

/** A failure that travels over the wire as a {@link Status}. Ask it with the `is...` predicates, not by its text. */
export class ApiError extends Error {
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? `status ${status.code}`, options);
    this.name = 'ApiError';
    this.status = status;
  }
}

export const isApiError = (error: unknown): error is ApiError => error instanceof ApiError;
const has = (error: unknown, code: number, ...reasons: StatusReason[]): boolean =>
  isApiError(error) &&
  (error.status.reason ? reasons.includes(error.status.reason) : error.status.code === code);
export const isNotFound = (error: unknown): boolean => has(error, 404, 'NotFound');
export const isAlreadyExists = (error: unknown): boolean => isApiError(error) && error.status.reason === 'AlreadyExists';
export const isConflict = (error: unknown): boolean => has(error, 409, 'Conflict');
/** The resourceVersion asked for is older than what the server still has: list again. */
export const isGone = (error: unknown): boolean => has(error, 410, 'Gone', 'Expired');
export const isInvalid = (error: unknown): boolean => has(error, 422, 'Invalid');
export const isForbidden = (error: unknown): boolean => has(error, 403, 'Forbidden');
export const isUnauthorized = (error: unknown): boolean => has(error, 401, 'Unauthorized');

function failure(code: number, reason: StatusReason, message: string, details?: Status['details']): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code,
  });
}

/** Names a kind the way Kubernetes does in messages: `pods`, `deployments.apps`. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}
const qualified = (resource: ResourceName): string =>
  resource.group ? `${resource.plural}.${resource.group}` : resource.plural;

export const notFound = (resource: ResourceName, name: string): ApiError =>
  failure(404, 'NotFound', `${qualified(resource)} "${name}" not found`, {
    name,
    group: resource.group,
    kind: resource.plural,
  });
export const alreadyExists = (resource: ResourceName, name: string): ApiError =>
  failure(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, {
    name,
    group: resource.group,
    kind: resource.plural,
  });
export const conflict = (resource: ResourceName, name: string, why: string): ApiError =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, {
    name,
    group: resource.group,
    kind: resource.plural,
  });
/** `kind` is the kind's own name, `postgresql`, as Kubernetes puts it in this one message. */
export const invalid = (
  kind: { readonly group: string; readonly kind: string },
  name: string,
  causes: readonly StatusCause[],
): ApiError => {
  const texts = causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message}` : cause.message));
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const subject = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return failure(422, 'Invalid', `${subject} "${name}" is invalid: ${list}`, {
    name,
    group: kind.group,
    kind: kind.kind,
    causes,
  });
};
export const badRequest = (message: string): ApiError => failure(400, 'BadRequest', message);
export const unauthorized = (): ApiError => failure(401, 'Unauthorized', 'Unauthorized');
export const forbidden = (resource: ResourceName, name: string, why: string): ApiError =>
  failure(403, 'Forbidden', `${qualified(resource)}${name ? ` "${name}"` : ''} is forbidden: ${why}`, {
    ...(name ? { name } : {}),
    group: resource.group,
    kind: resource.plural,
  });
export const gone = (message: string): ApiError => failure(410, 'Expired', message);
export const methodNotAllowed = (message: string): ApiError => failure(405, 'MethodNotAllowed', message);
export const tooLarge = (message: string): ApiError => failure(413, 'RequestEntityTooLarge', message);
export const unsupportedMediaType = (message: string): ApiError => failure(415, 'UnsupportedMediaType', message);
export const notAcceptable = (message: string): ApiError => failure(406, 'NotAcceptable', message);
export const tooManyRequests = (message: string): ApiError =>
  failure(429, 'TooManyRequests', message, { retryAfterSeconds: 1 });
export const internalError = (message: string, cause?: unknown): ApiError => {
  const error = failure(500, 'InternalError', `Internal error occurred: ${message}`);
  if (cause !== undefined) error.cause = cause;
  return error;
};
export const serviceUnavailable = (message: string): ApiError => failure(503, 'ServiceUnavailable', message);
