import { assert } from '../base/assert.js'
import { equalBytes } from '../base/bytes.js'
import type { NewBlock } from '../ports.js'
import type { FinalityCertificate, SealedHeader } from '../types/index.js'
import { StagedTree } from './staged-tree.js'

/** The written state that a run of blocks is to stand on. */
export interface RunBase {
  readonly tip: SealedHeader
  readonly stateRoot: Uint8Array
}

/** Whether a certificate is of this header, as far as that can be said without keys. */
export function isCertificateOf({ cid, digest, header: hash }: FinalityCertificate, sealed: SealedHeader): boolean {
  return cid === sealed.header.height && digest === sealed.header.value && hash === sealed.hash
}

/**
 * Checks that blocks continue the tip one by one, each with the state that was staged for it, up to one with a certificate of its own.
 * @returns their states, in order
 * @throws AssertionFailed
 */
export function checkRun({ tip, stateRoot }: RunBase, run: readonly NewBlock[]): readonly StagedTree[] {
  let below = tip
  let root = stateRoot
  const stages = run.map((block) => {
    const staged = checkNext(below, root, block)
    below = block.sealed
    root = staged.rootHash
    return staged
  })
  assert(run.at(-1)?.certificate !== undefined, 'a run ends without a certificate of its own')
  return stages
}

function checkNext(below: SealedHeader, root: Uint8Array, block: NewBlock): StagedTree {
  const { sealed, certificate, transactions, receipts, staged } = block
  const { header } = sealed
  const { height, transactions: count } = header
  const above = below.header.height + 1
  assert(height === above, `block ${height} is appended where ${above} is next`)
  assert(header.previous === below.hash, `block ${height} does not follow the one below`)
  assert(staged instanceof StagedTree && !staged.isReleased, `block ${height} brings a state that was not staged`)
  assert(equalBytes(staged.baseHash, root), `block ${height} was staged on another state than that of the one below`)
  assert(header.stateRoot === staged.root, `block ${height} has another state root than the one staged`)
  assert(certificate === undefined || isCertificateOf(certificate, sealed), `block ${height} has another's certificate`)
  // A later view is known only from the header of this height: no certificate above can stand for this one.
  const endsView = header.view !== below.header.view
  assert(!endsView || certificate !== undefined, `block ${height} ends its view without a certificate of its own`)
  assert(transactions.length === count && receipts.length === count, `block ${height} counts ${count} transactions`)
  return staged
}
