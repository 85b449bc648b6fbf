import { assert } from '../base/assert.js'
import { toHex } from '../base/bytes.js'
import type { StagedState, StateChange } from '../ports.js'
import type { Digest } from '../types/index.js'
import type { StatePage } from './state-page.js'

export interface MovedKey {
  readonly key: string
  readonly keyHash: Uint8Array
  readonly present: boolean
}

/** What leads from the rows of one state to those of another. */
export interface StateRows {
  readonly changes: readonly StateChange[]
  /** Pages to write by path; `undefined` is a page to remove. */
  readonly pages: ReadonlyMap<string, StatePage | undefined>
  /** Keys that were not there before, or are no longer, with their hashes. */
  readonly moved: readonly MovedKey[]
}

/**
 * A new root and the pages that differ under it, in memory. It stands on the written state or on another staged one, whose pages it
 * needs until they are written.
 */
export class StagedTree implements StagedState, StateRows {
  readonly root: Digest
  readonly rootHash: Uint8Array
  /** Root of the state that it stands on. */
  readonly baseHash: Uint8Array
  #rows: StateRows | undefined
  #below: StagedTree | undefined

  constructor(rootHash: Uint8Array, baseHash: Uint8Array, rows: StateRows, below: StagedTree | undefined) {
    this.root = toHex(rootHash)
    this.rootHash = rootHash
    this.baseHash = baseHash
    this.#rows = rows
    this.#below = below
  }

  get below(): StagedTree | undefined {
    return this.#below
  }

  /** True once its rows are written: what stands on it reads them from the tree. */
  get isReleased(): boolean {
    return this.#rows === undefined
  }

  get changes(): readonly StateChange[] {
    return this.#held().changes
  }

  get pages(): StateRows['pages'] {
    return this.#held().pages
  }

  get moved(): readonly MovedKey[] {
    return this.#held().moved
  }

  #held(): StateRows {
    assert(this.#rows !== undefined, 'the rows of a staged state are asked for after they were written')
    return this.#rows
  }

  /** Cuts it off from what it stands on and from its rows, so that a chain of staged states does not grow without end. */
  release(): void {
    this.#rows = undefined
    this.#below = undefined
  }
}

/** The rows of several staged states, each on the one before, as if they were one: what a later one overwrites is left out. */
export function mergedRows(run: readonly StateRows[]): StateRows {
  const [only] = run
  if (run.length === 1 && only !== undefined) return only
  const changes = new Map<string, StateChange>()
  const pages = new Map<string, StatePage | undefined>()
  const moved = new Map<string, MovedKey>()
  for (const rows of run) {
    for (const change of rows.changes) changes.set(change.key, change)
    for (const [path, page] of rows.pages) pages.set(path, page)
    for (const move of rows.moved) moved.set(move.key, move)
  }
  return { changes: [...changes.values()], pages, moved: [...moved.values()] }
}
