import { equalBytes, toHex } from '../base/bytes.js'
import { decodeBlockBody, decodeReceipt, decodeValue, viewHash } from '../codec/block.js'
import { genesisView, networkIdOf } from '../codec/genesis.js'
import { statementBytes } from '../codec/statements.js'
import { type CarriedBatch, decodeBatch, isRefused } from '../codec/transaction.js'
import { verifyCertificate } from '../consensus/index.js'
import { type CryptoSuite, leafHash, MerkleTree } from '../crypto/index.js'
import type { Ledger } from '../ports.js'
import type { ReplicaStatus } from '../replica/index.js'
import type { BlockRecord, Certificate, Digest, Genesis, Height, Transaction, VoteKind } from '../types/index.js'
import { keyBytes } from './crypto.js'
import type { Acknowledged } from './workload.js'

/** A checker says what is wrong, or nothing. None of them trusts what production code says of itself. */
export type Problem = string | undefined

/** Agreement: the first block seen at a height is the one that all must have. */
export class Agreement {
  readonly #hashes = new Map<Height, Digest>()

  check(height: Height, hash: Digest): Problem {
    const first = this.#hashes.get(height)
    if (first === undefined) this.#hashes.set(height, hash)
    else if (first !== hash) return `height ${height}: block ${hash} where others have ${first}`
    return undefined
  }

  /** Highest block that anybody executed. */
  get height(): Height {
    return this.#hashes.size
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
  readonly #genesis: Genesis
  readonly #networkId: Uint8Array
  readonly #viewHash: Digest
  readonly #keys: ReadonlyMap<number, Uint8Array>

  constructor(suite: CryptoSuite, genesis: Genesis) {
    this.#suite = suite
    this.#genesis = genesis
    this.#networkId = networkIdOf(suite.sha256, genesis)
    this.#viewHash = toHex(viewHash(suite.sha256, genesisView(genesis)))
    this.#keys = new Map(genesis.replicas.map(({ id, consensusKey }) => [id, keyBytes(consensusKey)]))
  }

  /** @param parent the block below */
  check(record: BlockRecord, receipts: readonly Uint8Array[], parent: { hash: Digest; timeMs: number }): Problem {
    const { header, hash } = record.sealed
    const { height } = header
    if (header.previous !== parent.hash) return `block ${height} does not follow the one below`
    if (header.timeMs < parent.timeMs) return `block ${height} is older than the one below`
    if (header.view !== this.#viewHash) return `block ${height} names another view`
    const { decision, finality } = record
    if (decision.cid !== height || decision.digest !== header.value) return `block ${height} has another's decision`
    if (finality !== undefined && (finality.cid !== height || finality.digest !== hash))
      return `block ${height} has another's finality certificate`
    return (
      this.certificateProblem(decision, 'accept') ??
      (finality && this.certificateProblem(finality, 'persist')) ??
      this.#bodyProblem(record, receipts)
    )
  }

  certificateProblem(certificate: Certificate, kind: VoteKind): Problem {
    const statement = statementBytes(this.#networkId, certificate)
    const view = genesisView(this.#genesis)
    const problem = verifyCertificate(certificate, kind, view, (_, replica, signature) => {
      const key = this.#keys.get(replica)
      return key !== undefined && this.#suite.verifyEd25519(key, statement, signature)
    })
    return problem && `the ${kind} certificate of ${certificate.cid}: ${problem}`
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
  const named = 2 * window * VALUE_BATCHES_MAX
  // Its own reach, and what a SYNC binds that starts from a height it has not reached yet.
  const openInstances = 4 * window
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

/** When every transaction is final or expired, a replica holds none any more. */
export function leftoverProblem(status: ReplicaStatus): Problem {
  for (const name of ['pendingBatches', 'heldBatches', 'waiting'] as const) {
    if (status[name] > 0) return `${name} is ${status[name]} after all is done`
  }
  return undefined
}
