import type { PlanOptions } from '../plan.js'

/** A bug that is planted into the built program, to see that the simulator finds it. */
export interface Mutant {
  readonly name: string
  /** The rule that it breaks: an id of docs/consensus.md, or the promise of those around it. */
  readonly rule: string
  /** What is broken. */
  readonly about: string
  /** File under dist/src. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Plans that show it: with changes of the view, or with a Byzantine replica of a kind. */
  readonly plans?: Pick<PlanOptions, 'grows' | 'strategy'>
}

/** Each breaks one rule of the protocol, or one promise of those around it. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'quorum-too-small',
    rule: 'N6',
    about: 'A certificate needs f votes only, so that a regency change may not hear of it.',
    file: 'types/quorum.js',
    find: 'votes: Math.ceil((n + f + 1) / 2)',
    replace: 'votes: Math.max(1, f)',
  },
  {
    name: 'batches-never-dropped',
    rule: 'bound',
    about: 'Batches are kept when their block is final.',
    file: 'replica/batch-store.js',
    find: 'drop(digests) {',
    replace: 'drop(digests) {\n        return;',
  },
  {
    name: 'receipt-of-another',
    rule: 'receipt',
    about: 'A client is told of the first transaction of the block, not of its own.',
    file: 'replica/submissions.js',
    find: "onOutcome({ kind: 'final', block, index });\n        });",
    replace: "onOutcome({ kind: 'final', block, index: 0 });\n        });",
  },
]
