import { equalBytes, toHex } from '../base/bytes.js'
import { decodeBlockBody, decodeReceipt, decodeValue } from '../codec/block.js'
import { networkIdOf } from '../codec/genesis.js'
import { headerHash, type Statement, statementBytes } from '../codec/statements.js'
import { type CarriedBatch, decodeBatch, isRefused } from '../codec/transaction.js'
import { quorumOf, verifyCertificate } from '../consensus/index.js'
import { type CryptoSuite, leafHash, MerkleTree } from '../crypto/index.js'
import type { Ledger, StateReader } from '../ports.js'
import { type ReplicaStatus, ViewSchedule } from '../replica/index.js'
import {
  type Accept,
  type BlockRecord,
  type Digest,
  type Finality,
  type FinalityCertificate,
  type Genesis,
  type Height,
  LIMITS,
  type SealedHeader,
  type Signed,
  type Transaction,
  type ViewId,
} from '../types/index.js'
import type { Acknowledged } from './workload.js'

/** A checker says what is wrong, or nothing. None of them trusts what production code says of itself. */
export type Problem = string | undefined

/** Agreement: the first block seen at a height is the one that all must have. So is one that a certificate names, seen or not. */
export class Agreement {
  readonly #hashes = new Map<Height, Digest>()
  #height: Height = 0

  check(height: Height, hash: Digest): Problem {
    const first = this.#hashes.get(height)
    this.#height = Math.max(this.#height, height)
    if (first === undefined) this.#hashes.set(height, hash)
    else if (first !== hash) return `height ${height}: block ${hash} where others have ${first}`
    return undefined
  }

  /** Of the highest block that is decided. */
  get height(): Height {
    return this.#height
  }

  hash(height: Height): Digest | undefined {
    return this.#hashes.get(height)
  }
}

/** Exactly once: an id stands at one place of the chain. Blocks may be shown many times over. */
export class ExactlyOnce {
  readonly #places = new Map<Digest, string>()

  check(height: Height, transactions: readonly Digest[]): Problem {
    for (const [index, id] of transactions.entries()) {
      const place = `${height}/${index}`
      const known = this.#places.get(id)
      if (known === undefined) this.#places.set(id, place)
      else if (known !== place) return `transaction ${id} stands at ${known} and at ${place}`
    }
    return undefined
  }
}

/** What a client was told must stand in a ledger, word for word. */
export function acknowledgedProblem({ id, height, index, receipt }: Acknowledged, ledger: Ledger): Problem {
  const location = ledger.locate(id)
  if (location === undefined) return `transaction ${id} was acknowledged in block ${height} and is not there`
  if (location.height !== height || location.index !== index) {
    return `transaction ${id} was acknowledged at ${height}/${index} and stands at ${location.height}/${location.index}`
  }
  const kept = ledger.receipts(height)?.[index]
  return kept !== undefined && equalBytes(kept, receipt) ? undefined : `transaction ${id} has another receipt now`
}

/** Checks whole blocks with the keys of the view: links, roots, signatures. Blocks come in ascending order. */
export class ChainCheck {
  readonly #suite: CryptoSuite
  readonly #networkId: Uint8Array
  readonly #views: ViewSchedule

  constructor(suite: CryptoSuite, genesis: Genesis) {
    this.#suite = suite
    this.#networkId = networkIdOf(suite.sha256, genesis)
    this.#views = new ViewSchedule(suite.sha256, genesis)
  }

  knows(view: ViewId): boolean {
    return this.#views.byId(view) !== undefined
  }

  /** Takes the views from a replica's state: headers, on which all agree, name them too. */
  learn(state: StateReader): void {
    this.#views.load(state, 1)
  }

  /**
   * A block may have no certificate of its own where one above covers it, but not at the end of a view.
   * @param parent the block below; unknown where it was pruned
   */
  check(
    record: BlockRecord,
    receipts: readonly Uint8Array[],
    parent: { hash: Digest; timeMs: number } | undefined,
  ): Problem {
    const { header } = record.sealed
    const { height } = header
    if (parent !== undefined && header.previous !== parent.hash) return `block ${height} does not follow the one below`
    if (parent !== undefined && header.timeMs < parent.timeMs) return `block ${height} is older than the one below`
    if (header.view !== this.#views.at(height + 1).hash) return `block ${height} names another view`
    return this.#ownCertificateProblem(record) ?? this.#bodyProblem(record, receipts)
  }

  #ownCertificateProblem({ sealed, certificate }: BlockRecord): Problem {
    const { height } = sealed.header
    if (certificate !== undefined) return this.finalityProblem(sealed, { certificate, headers: [] })
    const ends = this.#views.at(height).view.id !== this.#views.at(height + 1).view.id
    return ends ? `block ${height} ends its view and has no certificate of its own` : undefined
  }

  /** What proves a header final: a certificate, and the headers that lead up to it. */
  finalityProblem(sealed: SealedHeader, { headers, certificate }: Finality): Problem {
    const { height } = sealed.header
    let below = sealed
    for (const above of headers) {
      if (above.header.height !== below.header.height + 1 || above.header.previous !== this.#hash(below))
        return `a header of ${above.header.height} does not lead up to the certificate of ${height}`
      below = above
    }
    if (headers.length > LIMITS.windowMax) return `${headers.length} headers lead up to the certificate of ${height}`
    const { cid, digest, header, view } = certificate
    if (cid !== below.header.height || digest !== below.header.value || header !== this.#hash(below))
      return `block ${height} has another's certificate`
    if (view !== this.#views.at(height).view.id) return `block ${height} has a certificate of view ${view}`
    return this.certificateProblem(certificate)
  }

  #hash = ({ bytes }: SealedHeader): Digest => headerHash(this.#suite.sha256, bytes)

  certificateProblem(certificate: FinalityCertificate): Problem {
    const { view } = this.#views.at(certificate.cid)
    const problem = verifyCertificate(certificate, 'accept', view, (_, replica, signature) =>
      this.#isSigned(replica, certificate, signature),
    )
    return problem && `the certificate of ${certificate.cid}: ${problem}`
  }

  /** Whether a member of the view of its height has signed an ACCEPT, and so many make a certificate. */
  votesNeeded({ sender, view, message, signature }: Signed<Accept>): number | undefined {
    const { view: known } = this.#views.at(message.cid)
    if (known.id !== view || !this.#isSigned(sender, { ...message, view }, signature)) return undefined
    return quorumOf(known.replicas.length).votes
  }

  #isSigned(replica: number, statement: Statement, signature: Uint8Array): boolean {
    const key = this.#views.at(statement.cid).members.get(replica)?.consensusKey
    return key !== undefined && this.#suite.verifyEd25519(key, statementBytes(this.#networkId, statement), signature)
  }

  #bodyProblem({ sealed, body }: BlockRecord, receipts: readonly Uint8Array[]): Problem {
    const { header } = sealed
    const { sha256 } = this.#suite
    const carried = decodeBlockBody(body)
    const value = carried && decodeValue(sha256, carried.value)
    if (carried === undefined || value === undefined || value.digest !== header.value)
      return `block ${header.height} holds another value than was decided`
    const batches = carried.batches.map((bytes) => decodeBatch({ networkId: this.#networkId, sha256 }, bytes))
    const opened = batches.filter((batch): batch is CarriedBatch => !isRefused(batch))
    if (opened.map(({ batch }) => batch.digest).join() !== value.batches.join())
      return `block ${header.height} holds other batches than its value names`
    const executed = executedOf(opened, receipts)
    if (executed.length !== receipts.length) return `block ${header.height} has receipts of transactions it lacks`
    const leaves = executed.map(({ bytes }) => leafHash(sha256, bytes))
    if (toHex(new MerkleTree(sha256, leaves).root) !== header.transactionRoot)
      return `block ${header.height} has another transaction root`
    if (toHex(MerkleTree.ofData(sha256, receipts).root) !== header.receiptRoot)
      return `block ${header.height} has another receipt root`
    return undefined
  }
}

/** The transactions that the receipts are of, in their order. */
function executedOf(batches: readonly CarriedBatch[], receipts: readonly Uint8Array[]): readonly Transaction[] {
  const byId = new Map<Digest, Transaction>()
  for (const { batch } of batches)
    for (const transaction of batch.transactions) if (!byId.has(transaction.id)) byId.set(transaction.id, transaction)
  return receipts.flatMap((bytes) => byId.get(decodeReceipt(bytes)?.transaction ?? '') ?? [])
}

/** What a replica may hold at most. */
export interface Bounds {
  readonly openInstances: number
  readonly pendingBatches: number
  readonly heldBatches: number
  readonly waiting: number
}

/** Bounds that follow from window, lanes and the number of replicas. */
export function boundsOf(n: number, window: number, laneBatchesMax: number, waitingMax: number): Bounds {
  // A batch is kept beyond its lane's bound only while an open instance names it.
  const named = 3 * window * VALUE_BATCHES_MAX
  // What it accepted and has not written yet, and two windows above what is final and executed here.
  const openInstances = 3 * window
  const pendingBatches = n * laneBatchesMax + named
  return { openInstances, pendingBatches, heldBatches: pendingBatches, waiting: waitingMax }
}

const VALUE_BATCHES_MAX = 64

export function boundProblem(status: ReplicaStatus, bounds: Bounds): Problem {
  for (const name of ['openInstances', 'pendingBatches', 'heldBatches', 'waiting'] as const) {
    if (status[name] > bounds[name]) return `${name} is ${status[name]}, at most ${bounds[name]} are allowed`
  }
  return undefined
}

/**
 * When every transaction is final or expired, a replica holds none any more. What values of open instances name stays: a prepared
 * certificate may still come up and need it.
 */
export function leftoverProblem(status: ReplicaStatus): Problem {
  const names = status.openInstances > 0 ? LEFT_WITH_INSTANCES : [...LEFT_WITH_INSTANCES, 'heldBatches' as const]
  for (const name of names) {
    if (status[name] > 0) return `${name} is ${status[name]} after all is done`
  }
  return undefined
}

const LEFT_WITH_INSTANCES = ['pendingBatches', 'waiting'] as const
