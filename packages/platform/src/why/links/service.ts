import { indexOf } from '../../applied/report-index.ts';
import { isWell } from '../../health-record/aggregate.ts';
import type { Chain, Link } from '../chain.ts';
import type { ReportedObject } from '../owned-objects.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';
import { reportsOf } from './agent.ts';

const pod = linkMaker('pod');
const health = linkMaker('health');

type Unhealthy = ReportedObject & { readonly destination: string; readonly reason?: string; readonly message?: string; readonly since?: string };

/** Whether the pods of the service start: which reason, where one does not. */
export function podLink(chain: Chain): Link {
  const objects = unhealthyOf(chain);
  if (chain.placements.length === 0) return pod('the pods', 'waiting', 'are not there yet');
  if (objects === undefined) return pod('the pods', 'unknown', 'may run or not, nobody says');
  const stuck = objects.find(({ reason }) => reason !== IN_PROGRESS && !hasCrashed(reason));
  if (stuck?.reason === MISSING) return pod(textOf(stuck), 'failed', `${textOf(stuck)} is gone from ${nameOf('Destination', stuck.destination)}: somebody deleted it`, { since: stuck.since, next: 'the agent there makes it again when it looks next' });
  if (stuck) return pod(textOf(stuck), 'failed', `${textOf(stuck)} does not start: ${reasonText(stuck)}`, { since: stuck.since, next: nextStep(stuck) });
  const starting = objects.find(({ reason }) => reason === IN_PROGRESS);
  if (starting) return pod(textOf(starting), 'waiting', `is not ready yet: ${quote(starting.message)}`, { since: starting.since });
  return pod('the objects', 'ok', 'work, as far as the agent sees');
}

/** Whether the service works, as those say who look after it: containers that do not crash, HealthRecords that are well. */
export function healthLink(chain: Chain): Link {
  const crashed = unhealthyOf(chain)?.find(({ reason }) => hasCrashed(reason));
  if (crashed) return health(textOf(crashed), 'failed', `${textOf(crashed)} crashes: ${reasonText(crashed)}`, { since: crashed.since, next: 'see the log of that container on the destination' });
  const found = chain.status.healthStatus;
  if (!found) return health('the service', conditionOf(chain.status.conditions, 'Ready')?.status === 'False' ? 'waiting' : 'ok', 'has nobody who looks after its health');
  const worst = found.healthRecords?.find(({ state }) => state === found.state);
  const name = nameOf('HealthRecord', worst?.source.name, worst?.source.namespace);
  const since = worst?.lastRun === undefined ? undefined : new Date(worst.lastRun * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  if (isWell(found.state)) return health(name, 'ok', `says ${found.state}`, { since });
  if (found.state === 'unknown') return health(name, 'waiting', 'says unknown: nobody has looked at it yet', { since });
  const details = quote(detailOf(worst?.details));
  // The author's text for this state says it in the words of the service.
  const text = chain.status.healthMessages?.[found.state];
  return health(name, 'failed', text ? `${quote(text)}${details ? `: ${details}` : ''}` : `the service is ${found.state}${details ? `: ${details}` : ''} (${name})`, { since, ...(text ? {} : { next: 'see what runs on the destination' }) });
}

/** Of this request, longest first. Undefined: no destination reports. */
function unhealthyOf(chain: Chain): readonly Unhealthy[] | undefined {
  const reports = reportsOf(chain);
  if (reports.length === 0) return undefined;
  return reports.flatMap(({ destination, report }) => {
    const placements = chain.placements.filter((placement) => placement.spec?.targetDestinationName === destination.metadata.name);
    const found = new Set(placements.flatMap((placement) => indexOf(report).unhealthyOf(placement)));
    return [...found].map((object) => ({ ...object, destination: destination.metadata.name })).sort((left, right) => ((left.since ?? '') < (right.since ?? '') ? -1 : 1));
  });
}

const IN_PROGRESS = 'InProgress';
/** As the reporter calls what was applied and is not there any more. */
const MISSING = 'Missing';
const hasCrashed = (reason: string | undefined): boolean => /^(?:CrashLoopBackOff|Error|OOMKilled|ContainerCannotRun|StartError|Failed|BackoffLimitExceeded|DeadlineExceeded|Unhealthy|Evicted|Completed)$/.test(reason ?? '');
const textOf = ({ kind, namespace, name }: Unhealthy): string => nameOf(kind, name, namespace);
function reasonText({ reason = '', message = '' }: Unhealthy): string {
  const image = /image "([^"]+)"/.exec(message)?.[1];
  const where = /^pod \S+, container \S+?(?=: )/.exec(message)?.[0];
  if (image && where && /Image/.test(reason)) return quote(`${where} cannot pull the image ${image} (${reason})`);
  return quote(message.includes(reason) ? message : [reason, message].filter(Boolean).join(': '));
}

const detailOf = (details: unknown): string => {
  const { message, error } = (details ?? {}) as { readonly message?: unknown; readonly error?: unknown };
  return typeof message === 'string' ? message : typeof error === 'string' ? error : '';
};

function nextStep({ reason = '' }: Unhealthy): string {
  if (/Image/.test(reason)) return 'correct the name of the image, or provide it there';
  if (/Schedul/.test(reason)) return 'make room on the destination, or ask for less';
  if (/Config/.test(reason)) return 'create what it names on the destination';
  return 'see its pods on the destination';
}
