import { placementPaths } from '../../applied/placement-paths.ts';
import { indexOf } from '../../applied/report-index.ts';
import type { Chain, Link, StateStore } from '../chain.ts';
import type { ReportedObject } from '../owned-objects.ts';
import { conditionOf, linkMaker, nameOf, quote } from '../words.ts';
import { reportsOf } from './agent.ts';

const link = linkMaker('apply');

/** Whether the destinations took the files: which object and which field, where one did not. */
export function applyLink(chain: Chain): Link {
  const applied = conditionOf(chain.status.conditions, 'Applied');
  if (chain.placements.length === 0) return link('the files', 'waiting', 'are not written yet');
  const reports = reportsOf(chain);
  if (applied?.status === 'True') return link('the files', 'ok', 'are applied', { since: applied.provedAt ?? applied.lastTransitionTime });
  for (const { destination, report } of reports) {
    const placements = chain.placements.filter((placement) => placement.spec?.targetDestinationName === destination.metadata.name);
    const where = nameOf('Destination', destination.metadata.name);
    const root = rootOf(chain.findStore(destination.spec?.stateStoreRef ?? {}));
    for (const kustomization of report.kustomizations ?? []) {
      const { failures = [], appliedAt, name, ready, reason, message, partial, path = '' } = kustomization;
      const refused = placements.map((placement) => indexOf(report).failureOf(kustomization, placement, placementPaths(placement, destination, root))).find((failure) => failure !== undefined);
      if (refused) return link(objectText(refused), 'failed', `${where} refused ${objectText(refused)}: ${quote(withoutName(refused))}`, { since: appliedAt, next: nextStep(refused.message ?? '') });
      const isOurs = path === '' || placements.length === 0 || mayHold(path, destination.spec?.path ?? '');
      if (ready === 'False' && !partial && failures.length === 0 && isOurs && WHOLE.test(reason ?? '')) {
        return link(nameOf('Kustomization', name), 'failed', `${where} applies nothing (${nameOf('Kustomization', name)}): ${quote(message)}`, { since: report.reportedAt, next: 'correct the file or the Kustomization that it names' });
      }
    }
  }
  if (applied?.reason === 'ApplyFailed') return link('the files', 'failed', quote(applied.message, 200), { since: applied.lastTransitionTime, next: 'correct what the pipeline writes' });
  if (reports.length === 0) return link('the files', 'unknown', 'may be applied or not, nobody says');
  return link('the files', 'waiting', 'are not applied yet');
}

/** Reasons for which a Kustomization applies nothing at all. */
const WHOLE = /^(?:BuildFailed|ArtifactFailed|DependencyNotReady|Unsupported|PruneFailed|ReconciliationFailed)$/;

const mayHold = (kustomizationPath: string, destinationPath: string): boolean => {
  const clean = (path: string): string => path.split('/').filter((part) => part !== '' && part !== '.').join('/');
  const [whole, own] = [clean(kustomizationPath), clean(destinationPath)];
  return whole === own || own === '' || whole === '' || whole.startsWith(`${own}/`) || own.startsWith(`${whole}/`);
};

/** The folder of the repository or bucket in which a store's destinations are. */
const rootOf = (store: StateStore | undefined): string => store?.spec?.path ?? '';

const objectText = ({ kind, namespace, name, path }: ReportedObject): string => (kind ? nameOf(kind, name, namespace) : `the file ${path ?? ''}`);

/** Flux begins with the object, which has just been named. */
function withoutName({ kind = '', namespace, name = '', message = '' }: ReportedObject & { readonly message?: string }): string {
  const own = `${kind}/${namespace ? `${namespace}/` : ''}${name} `;
  return message.startsWith(own) ? message.slice(own.length).replace(/^(?:not found|dry-run failed)(?: \(\w+\))?: /, '') : message;
}

function nextStep(message: string): string {
  const namespace = /namespaces? "([^"]+)" not found/.exec(message)?.[1];
  if (namespace) return `create the namespace ${namespace} there, or ask for another`;
  if (/no matches for kind|no kind|could not find the requested resource/i.test(message)) return 'install that kind there (a dependency of the Promise)';
  if (/forbidden/i.test(message)) return 'let the agent do that there, or change what the pipeline writes';
  return 'correct what the pipeline writes';
}
