import type { BucketClient } from './bucket-client.ts';
import type { BucketView } from './bucket-draft.ts';

/** The bucket as one batch sees it: what was asked once is not asked again, and a listing answers for all that lies below it. */
export class BucketSnapshot implements BucketView {
  readonly isSame: BucketView['isSame'];
  readonly #client: BucketClient;
  readonly #signal: AbortSignal;
  readonly #etags = new Map<string, Promise<string | undefined>>();
  readonly #contents = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #listings = new Map<string, Promise<Listing>>();

  constructor(client: BucketClient, isSame: BucketView['isSame'], signal: AbortSignal) {
    this.#client = client;
    this.isSame = isSame;
    this.#signal = signal;
  }

  async etag(key: string): Promise<string | undefined> {
    const listing = await this.#covering(key);
    return listing ? listing.etags.get(key) : once(this.#etags, key, () => this.#client.etag(key, this.#signal));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const listing = await this.#covering(key);
    return listing && !listing.etags.has(key) ? undefined : once(this.#contents, key, () => this.#client.get(key, this.#signal));
  }

  async list(prefix: string): Promise<ReadonlyMap<string, string>> {
    const whole = await this.#covering(prefix);
    if (whole) return below(whole, prefix);
    return (
      await once(this.#listings, prefix, async () => {
        const etags = await this.#client.list(prefix, this.#signal);
        return { etags, keys: [...etags.keys()].sort() };
      })
    ).etags;
  }

  /** A listing that was made of a folder around this key or folder. One that failed answers nothing. */
  async #covering(path: string): Promise<Listing | undefined> {
    // '' first, then each folder from the outside in.
    for (let end = 0; end >= 0 && end < path.length; end = path.indexOf('/', end) + 1 || -1) {
      const listing = this.#listings.get(path.slice(0, end));
      if (listing) return listing.catch(() => undefined);
    }
    return undefined;
  }
}

interface Listing {
  readonly etags: ReadonlyMap<string, string>;
  /** Sorted. */
  readonly keys: readonly string[];
}

function below({ etags, keys }: Listing, prefix: string): ReadonlyMap<string, string> {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < prefix) low = middle + 1;
    else high = middle;
  }
  const found = new Map<string, string>();
  for (let at = low; at < keys.length && keys[at]!.startsWith(prefix); at++) found.set(keys[at]!, etags.get(keys[at]!)!);
  return found;
}

function once<T>(asked: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = asked.get(key);
  if (before) return before;
  const answer = ask();
  answer.catch(() => {}); // Whoever awaits it hears of it.
  asked.set(key, answer);
  return answer;
}
