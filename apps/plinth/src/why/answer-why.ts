import { existsSync } from 'node:fs';
import { bucketStateStores, gitStateStores, leases, promises, type Destination, type Lease, type PlatformPromise } from '@plinth/api';
import { isForbidden, isNotFound, printYaml, type ApiResource, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import { createClient, isTransportError, type Client } from '@plinth/client';
import { httpTransport, loadKubeconfig, type KubeconfigContext } from '@plinth/client/node';
import { why } from '@plinth/platform';
import type { WhyOptions } from '../commands/why.ts';
import { dataDirLayout } from '../config/data-dir.ts';
import { readEnvironment, resolveDataDir } from '../config/environment.ts';
import { exitCodes, UserError } from '../errors.ts';
import { createStyle } from '../ui/style.ts';
import { lastLogLines } from './last-log-lines.ts';
import { printExplanation, printWaterfall } from './print-explanation.ts';

/** Answers `plinth why WHAT`: reads the chain from the API, explains it, prints it, and sets the exit code. */
export async function answerWhy(what: readonly string[], options: WhyOptions): Promise<void> {
  const environment = readEnvironment();
  const { kind, name } = parseWhat(what);
  const context = await contextOf(options, resolveDataDir(options.dataDir, environment));
  using transport = httpTransport(context);
  const client = createClient(transport);
  try {
    const answer = await explainIt(client, kind, name, options.namespace ?? context.namespace);
    const { explanation, chain } = answer;
    process.exitCode = explanation.isReady ? exitCodes.ok : exitCodes.failed;
    const spans = options.waterfall && chain ? why.waterfall(chain, await why.readMoments(client, chain)) : undefined;
    if (options.output === 'text') {
      const style = createStyle(environment.colours);
      const log = chain && explanation.cause?.link === 'pipeline' ? await lastLogLines(client, chain) : undefined;
      console.log(printExplanation(explanation, style, log));
      if (options.waterfall) console.log(`\n${spans ? printWaterfall(spans, style, Date.now()) : 'there is no waterfall of this kind'}`);
      return;
    }
    const report = { object: answer.object, ready: explanation.isReady, sentence: explanation.sentence, ...(explanation.cause ? { cause: explanation.cause } : {}), links: explanation.links, ...(spans ? { waterfall: spans.map(asTimes) } : {}) };
    console.log(options.output === 'json' ? JSON.stringify(report, null, 2) : printYaml(report).trimEnd());
  } catch (error) {
    if (isTransportError(error)) throw new UserError(`the platform cluster does not answer: ${error.message}`, { hint: '`plinth status` shows what runs, `plinth up` starts it', exitCode: exitCodes.notRunning, cause: error });
    if (isForbidden(error)) throw new UserError(`${context.user || 'this user'} may not look: ${(error as Error).message}`, { hint: 'ask for the right to read it, or use another --context', cause: error });
    throw error;
  }
}

/** `KIND/NAME`, `KIND NAME`. */
function parseWhat(what: readonly string[]): { readonly kind: string; readonly name: string } {
  const [kind = '', name = ''] = what.length === 1 ? what[0]!.split('/') : what;
  if (!kind || !name || what.length > 2 || (what.length === 1 && what[0]!.split('/').length !== 2)) throw new UserError(`${JSON.stringify(what.join(' '))} names nothing to explain`, { hint: 'plinth why KIND/NAME, for example plinth why postgresql/example', exitCode: exitCodes.usage });
  return { kind, name };
}

async function contextOf({ kubeconfig, context }: WhyOptions, root: string): Promise<KubeconfigContext> {
  if (kubeconfig) return loadKubeconfig(kubeconfig, context);
  const { kubeconfig: own } = dataDirLayout(root);
  if (!existsSync(own)) throw new UserError(`there is no ${own} yet`, { hint: '`plinth up` makes it', exitCode: exitCodes.notRunning });
  return loadKubeconfig(own, context ?? 'platform');
}

interface Answer {
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly namespace?: string; readonly name: string };
  readonly explanation: why.Explanation;
  /** Of a request or a Promise. */
  readonly chain?: why.ReadChain;
}

async function explainIt(client: Client, word: string, name: string, namespace: string): Promise<Answer> {
  const kind = await why.findKind(client, word);
  if ('offered' in kind) throw new UserError(`no Promise offers the kind ${word}, and it is none of the platform's own`, { hint: kind.offered.length > 0 ? `name what was asked for (${kind.offered.join(', ')}), or a promise, destination, gitstatestore, work ...; for what runs on a cluster, kubectl describe` : 'no Promise is installed: kubectl get promises', exitCode: exitCodes.usage });
  const { resource, promiseName } = kind;
  const object = await find(client, resource, name, namespace);
  if (promiseName !== undefined || resource.plural === 'promises') return explainService(client, object, promiseName);
  if (FOLLOWS_OWNER.has(resource.plural)) {
    const owner = why.ownerOf(object);
    if (owner?.request) {
      const request = await findRequest(client, owner.promiseName, owner.request);
      if (request) return explainService(client, request, owner.promiseName);
    }
    if (owner) return explainService(client, await find(client, promises, owner.promiseName, namespace), undefined);
  }
  const surroundings = resource.plural === 'destinations' ? await around(client, object as Destination) : {};
  return { object: identityOf(object), explanation: why.explainObject(object, surroundings) };
}

async function explainService(client: Client, object: KubeObject, promiseName: string | undefined): Promise<Answer> {
  const chain = await why.readChain(client, object, promiseName, Date.now());
  return { object: identityOf(object), explanation: why.explain(chain), chain };
}

async function find(client: Client, resource: ApiResource, name: string, namespace: string): Promise<KubeObject> {
  const key = resource.namespaced ? { namespace, name } : { name };
  const found = await client.find<KubeObject>(resource, key);
  if (found) return { ...found, kind: found.kind ?? resource.kind };
  const what = `${resource.kind} ${resource.namespaced ? `${namespace}/` : ''}${name}`;
  throw new UserError(`there is no ${what}`, { hint: `kubectl get ${resource.plural}${resource.namespaced ? ' --all-namespaces' : ''} lists those that there are`, exitCode: exitCodes.usage });
}

/** The request of a Promise, by the kind that the Promise offers. */
async function findRequest(client: Client, promiseName: string, key: ObjectKey): Promise<KubeObject | undefined> {
  const promise = await client.find<PlatformPromise>(promises, { name: promiseName });
  const { group, names } = (promise?.spec?.api?.spec ?? {}) as { readonly group?: string; readonly names?: { readonly plural: string } };
  const kind = names ? await why.findKind(client, `${names.plural}.${group}`) : undefined;
  return kind && 'resource' in kind ? client.find<KubeObject>(kind.resource, key) : undefined;
}

async function around(client: Client, { metadata, spec }: Destination): Promise<Parameters<typeof why.explainObject>[1]> {
  const ref = spec?.stateStoreRef;
  const quietly = <T>(read: Promise<T | undefined>): Promise<T | undefined> => read.catch((error: unknown) => (isForbidden(error) || isNotFound(error) ? undefined : Promise.reject(error as Error)));
  const [store, lease] = await Promise.all([
    ref?.name ? quietly(client.find(ref.kind === 'BucketStateStore' ? bucketStateStores : gitStateStores, { name: ref.name })) : undefined,
    quietly(client.find<Lease>(leases, { namespace: 'kratix-platform-system', name: `destination-${metadata.name}` })),
  ]);
  return { store: store as never, silentSince: why.silentSince(lease, Date.now()) };
}

/** What belongs to a request or a Promise is explained by it. */
const FOLLOWS_OWNER: ReadonlySet<string> = new Set(['works', 'workplacements', 'resourcebindings', 'promiserevisions']);

const identityOf = ({ apiVersion, kind, metadata }: KubeObject): Answer['object'] => ({ apiVersion, kind, ...(metadata.namespace ? { namespace: metadata.namespace } : {}), name: metadata.name });

const asTimes = ({ name, startMs, endMs, precisionMs, parts }: why.Span): object => ({
  name,
  start: new Date(startMs).toISOString(),
  ...(endMs === undefined ? {} : { end: new Date(endMs).toISOString(), seconds: (endMs - startMs) / 1000 }),
  precisionSeconds: precisionMs / 1000,
  ...(parts ? { parts: parts.map(asTimes) } : {}),
});
