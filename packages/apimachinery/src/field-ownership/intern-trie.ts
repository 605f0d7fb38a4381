import type { FieldTrie } from './field-trie.ts';
import { EMPTY_TRIE, LEAF } from './field-trie.ts';

/**
 * Builds a trie member by member, and is the same trie for the same members in the same order. Objects that one controller
 * makes look alike (a thousand pods of one pipeline), so they share what says who owns their fields, what was printed once
 * need not be again, and following members that are known makes nothing new.
 *
 * Remembers at most {@link MAX_STEPS} steps; then it begins anew, which costs sharing and nothing else.
 */
export interface TrieStep {
  /** The step for one member more. */
  with(element: string, child: FieldTrie): TrieStep;
  readonly trie: FieldTrie;
}

/** No members yet. `self`: of the trie that is built. */
export const beginTrie = (self: boolean): TrieStep => (self ? begins.self : begins.other);

export function internTrie(self: boolean, children: ReadonlyMap<string, FieldTrie>): FieldTrie {
  let step = beginTrie(self);
  for (const [element, child] of children) step = step.with(element, child);
  return step.trie;
}

/** `f:name`, the same text for the same member. */
export function fieldElement(name: string): string {
  let element = elements.get(name);
  if (element === undefined) {
    if (elements.size >= MAX_ELEMENTS) elements.clear();
    elements.set(name, (element = `f:${name}`));
  }
  return element;
}

const MAX_STEPS = 16_384;
/** A trie with more members is hardly ever there twice. */
const MAX_CHILDREN = 64;
const MAX_ELEMENTS = 4_096;

const elements = new Map<string, string>();

class Step implements TrieStep {
  readonly #self: boolean;
  readonly #before: Step | undefined;
  readonly #element: string;
  readonly #child: FieldTrie;
  readonly #count: number;
  #next: Map<string, Map<FieldTrie, Step>> | undefined;
  #trie: FieldTrie | undefined;

  constructor(self: boolean, before?: Step, element = '', child = EMPTY_TRIE) {
    this.#self = self;
    this.#before = before;
    this.#element = element;
    this.#child = child;
    this.#count = before ? before.#count + 1 : 0;
  }

  with(element: string, child: FieldTrie): TrieStep {
    const known = this.#next?.get(element)?.get(child);
    if (known) return known;
    const step = new Step(this.#self, this, element, child);
    if (step.#count > MAX_CHILDREN) return step;
    if (steps >= MAX_STEPS) forget();
    steps += 1;
    this.#next ??= new Map();
    const byChild = this.#next.get(element);
    if (byChild) byChild.set(child, step);
    else this.#next.set(element, new Map([[child, step]]));
    return step;
  }

  get trie(): FieldTrie {
    return (this.#trie ??= this.#build());
  }

  #build(): FieldTrie {
    if (this.#count === 0) return this.#self ? LEAF : EMPTY_TRIE;
    const members: [string, FieldTrie][] = [[this.#element, this.#child]];
    for (let step = this.#before; step && step.#before; step = step.#before) members.push([step.#element, step.#child]);
    return { self: this.#self, children: new Map(members.reverse()) };
  }
}

let steps = 0;
const begins = { self: new Step(true), other: new Step(false) };

function forget(): void {
  steps = 0;
  begins.self = new Step(true);
  begins.other = new Step(false);
}
