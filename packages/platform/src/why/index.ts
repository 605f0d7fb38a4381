/** Why something is not ready: one sentence, and the chain that it comes from. Kept inside: how each link is judged. */
export { type Chain, type Explanation, type Link, type LinkName, type LinkState, LINKS } from './chain.ts';
export { explainObject } from './explain-object.ts';
export { explain, findCause } from './explain.ts';
export { findKind, type SubjectKind } from './find-kind.ts';
export { ownerOf, readChain, type ReadChain, silentSince } from './read-chain.ts';
export { type Moment, readMoments, type Span, waterfall } from './waterfall.ts';
