import { fromUtf8, utf8 } from '../base/bytes.js'
import type { StateChange, StateReader } from '../ports.js'
import { compareUtf8, encodeCanonical } from './canonical.js'
import type { Json, StateView } from './contract.js'

/** Bytes of UTF-8 of a key, the contract's name included. */
export const STATE_KEY_BYTES_MAX = 512
/** Characters of the canonical JSON of one value. */
export const STATE_VALUE_LENGTH_MAX = 65_536
/** Keys that one transaction may change. */
export const STATE_CHANGES_MAX = 256

/**
 * The state could not be read: the replica's own trouble, such as a failing disk, and never a receipt, on which
 * all replicas must agree. It leaves `execute` and must stop the node.
 */
export class StateUnreadable extends Error {
  override readonly name = 'StateUnreadable'
}

/** Canonical JSON of a key, or that it is absent. */
type Text = string | undefined

/** The state as a block sees it: what the block changed over what the ledger holds. Values are kept as canonical JSON. */
export class BlockState {
  readonly #reader: StateReader
  readonly #read = new Map<string, Text>()
  readonly #changed = new Map<string, Text>()
  /** Set once a read has failed; a handler that catches the error does not hide it. */
  failure: StateUnreadable | undefined

  constructor(reader: StateReader) {
    this.#reader = reader
  }

  text(key: string): Text {
    const changed = this.#changed.get(key)
    if (changed !== undefined || this.#changed.has(key)) return changed
    return this.#fromLedger(key)
  }

  /** Takes over the changes of a transaction that succeeded. */
  commit(changes: ReadonlyMap<string, Text>): void {
    for (const [key, text] of changes) this.#changed.set(key, text)
  }

  /** Net changes in ascending order of the keys' UTF-8 bytes. */
  changes(): StateChange[] {
    const changes: StateChange[] = []
    for (const [key, text] of this.#changed) {
      if (text !== undefined) changes.push({ key, value: utf8(text) })
      else if (this.#fromLedger(key) !== undefined) changes.push({ key, value: undefined })
    }
    return changes.sort((a, b) => compareUtf8(a.key, b.key))
  }

  #fromLedger(key: string): Text {
    const known = this.#read.get(key)
    if (known !== undefined || this.#read.has(key)) return known
    const text = this.#readText(key)
    this.#read.set(key, text)
    return text
  }

  #readText(key: string): Text {
    try {
      return readText(this.#reader, key)
    } catch (error) {
      this.failure = error instanceof StateUnreadable ? error : new StateUnreadable(`key ${key}`, { cause: error })
      throw this.failure
    }
  }
}

export function readText(reader: StateReader, key: string): Text {
  const bytes = reader.get(key)
  return bytes === undefined ? undefined : textOf(key, bytes)
}

/** @throws StateUnreadable when the value is not UTF-8 */
export function textOf(key: string, value: Uint8Array): string {
  const text = fromUtf8(value)
  if (text === undefined) throw new StateUnreadable(`key ${key}: the value is not UTF-8`)
  return text
}

/** @throws StateUnreadable when the text is not JSON */
export function parseValue<T extends Json>(text: Text): T | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as T
  } catch (error) {
    throw new StateUnreadable('a value is not JSON', { cause: error })
  }
}

/** What one transaction changed, dropped with it when it is refused. */
export class TransactionState {
  readonly #block: BlockState
  #changes: Map<string, Text> | undefined

  constructor(block: BlockState) {
    this.#block = block
  }

  text(key: string): Text {
    if (this.#changes?.has(key) === true) return this.#changes.get(key)
    return this.#block.text(key)
  }

  set(key: string, value: Json): void {
    const text = encodeCanonical(value)
    if (text.length > STATE_VALUE_LENGTH_MAX) throw new RangeError(`the value of ${key} is too long`)
    this.#change(key, text)
  }

  delete(key: string): void {
    this.#change(key, undefined)
  }

  /** `undefined` when nothing changed. */
  get changes(): ReadonlyMap<string, Text> | undefined {
    return this.#changes
  }

  #change(key: string, text: Text): void {
    assertKey(key)
    this.#changes ??= new Map()
    this.#changes.set(key, text)
    if (this.#changes.size > STATE_CHANGES_MAX) throw new RangeError('too many changes in one transaction')
  }
}

function assertKey(key: string): void {
  if (!key.isWellFormed()) throw new RangeError('a key with half of a surrogate pair')
  // three bytes per code unit is the most that UTF-8 needs
  if (key.length * 3 > STATE_KEY_BYTES_MAX && utf8(key).length > STATE_KEY_BYTES_MAX) {
    throw new RangeError('a key that is too long')
  }
}

/** The view of one contract's name space, straight from a reader (queries). */
export function viewOf(reader: StateReader, contract: string): StateView {
  return {
    get: <T extends Json>(key: string) => parseValue<T>(readText(reader, `${contract}/${key}`)),
  }
}
