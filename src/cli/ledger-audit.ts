import { equalBytes, fromHex, toHex } from '../base/bytes.js'
import { decodeBlockBody, decodeReceipt, decodeValue, encodeReceipt } from '../codec/block.js'
import { networkIdOf } from '../codec/genesis.js'
import { digestBytes, statementBytes, transactionStatement } from '../codec/statements.js'
import { type CarriedBatch, decodeBatch, isRefused } from '../codec/transaction.js'
import { verifyCertificate } from '../consensus/certificates.js'
import { continues, NO_PLACE } from '../consensus/pool.js'
import type { Runtime } from '../contracts/index.js'
import { leafHash, MerkleTree } from '../crypto/index.js'
import { nativeSuite } from '../crypto/native.js'
import type { StateReader } from '../ports.js'
import { type ViewInForce, ViewSchedule } from '../replica/index.js'
import type {
  Batch,
  BlockRecord,
  Digest,
  FinalityCertificate,
  Genesis,
  Height,
  LanePlace,
  ReplicaId,
  TimeMs,
  Transaction,
} from '../types/index.js'

const { sha256 } = nativeSuite

/**
 * What a ledger alone cannot tell of itself, since it needs the network's keys and rules: certificates with all their
 * signatures, and everything that a block says of its body. Blocks must come in ascending order.
 */
export class LedgerAudit {
  readonly networkId: Uint8Array
  /** Blocks with a certificate of their own. */
  certified = 0
  readonly #genesis: Genesis
  readonly #genesisHash: Digest
  readonly #views: ViewSchedule
  readonly #replay: Replay | undefined
  /** Executed transactions that are still valid, and so could come again, with the time until which they are. */
  readonly #seen = new Map<Digest, TimeMs>()
  /** Place of the last batch taken of each lane. */
  readonly #heads = new Map<ReplicaId, LanePlace>()
  #timeMs: TimeMs
  /** Of a chain that begins above height 1: until this block time, what was executed earlier is not known here. */
  #blindUntilMs: TimeMs | undefined
  #first = true

  /**
   * @param genesisHash hash of the header at height 0 that follows from the genesis document
   * @param runtime given when every block is to be executed anew
   */
  constructor(genesis: Genesis, genesisHash: Digest, runtime?: Runtime) {
    this.networkId = networkIdOf(sha256, genesis)
    this.#genesis = genesis
    this.#genesisHash = genesisHash
    this.#views = new ViewSchedule(sha256, genesis)
    this.#replay = runtime && new Replay(runtime)
    this.#timeMs = genesis.createdMs
  }

  /** Takes the views from the state. Headers name them too, so others than those in force do not fit. */
  useState(state: StateReader): void {
    this.#views.load(state, 1)
  }

  /** What is wrong with a certificate, signatures included. */
  certificateProblem(certificate: FinalityCertificate): string | undefined {
    this.certified += 1
    const statement = statementBytes(this.networkId, certificate)
    const inForce = this.#views.at(certificate.cid)
    const problem = verifyCertificate(certificate, 'accept', inForce.view, (_, replica, signature) =>
      signedBy(inForce, replica, statement, signature),
    )
    return problem && `the certificate: ${problem}`
  }

  /** What is wrong with a body, as far as header and receipts follow from it. */
  bodyProblem(record: BlockRecord, receipts: readonly Uint8Array[]): string | undefined {
    const { header } = record.sealed
    if (header.height === 1 && header.previous !== this.#genesisHash) {
      return `the chain begins with block ${header.previous}, this version makes ${this.#genesisHash} of the genesis`
    }
    if (header.view !== this.#views.at(header.height + 1).hash) return 'the header names another view'
    this.#begin(record)
    const opened = this.#open(record)
    if ('problem' in opened) return opened.problem
    const timeMs = Math.max(this.#timeMs, opened.timestampMs)
    this.#timeMs = timeMs
    if (header.timeMs !== timeMs) return `the time is ${header.timeMs}, not ${timeMs}`
    const blind = this.#blindUntilMs !== undefined && timeMs <= this.#blindUntilMs
    const candidates = blind ? receipted(opened.transactions, receipts) : opened.transactions
    const transactions = this.#select(candidates, timeMs)
    const tree = new MerkleTree(
      sha256,
      transactions.map(({ bytes }) => leafHash(sha256, bytes)),
    )
    const root = toHex(tree.root)
    if (root !== header.transactionRoot) return `the transactions have root ${root}, not ${header.transactionRoot}`
    const differs = transactions.findIndex(({ id }, i) => receiptOf(receipts[i]) !== id)
    if (differs >= 0) return `receipt ${differs} is not that of transaction ${transactions[differs]?.id}`
    if (this.#blindUntilMs !== undefined) return undefined
    return this.#replay?.problem(record, transactions, receipts)
  }

  /** The first block of a pruned chain: its time is taken as it is, and for a dedup window its word on what was executed before. */
  #begin({ sealed }: BlockRecord): void {
    const { height, timeMs } = sealed.header
    if (this.#first && height > 1) {
      this.#timeMs = timeMs
      this.#blindUntilMs = timeMs + this.#genesis.parameters.dedupWindowMs
    }
    this.#first = false
  }

  #open({ sealed, body }: BlockRecord) {
    const carried = decodeBlockBody(body)
    const value = carried && decodeValue(sha256, carried.value)
    if (carried === undefined || value === undefined) return { problem: 'the body cannot be read' }
    if (value.digest !== sealed.header.value) return { problem: 'the value is not the one that was decided' }
    if (carried.batches.length !== value.batches.length) return { problem: 'the body lacks batches' }
    const transactions: Transaction[] = []
    for (const [i, bytes] of carried.batches.entries()) {
      const batch = decodeBatch({ networkId: this.networkId, sha256 }, bytes)
      if (isRefused(batch)) return { problem: `batch ${i}: ${batch.detail}` }
      if (batch.batch.digest !== value.batches[i]) return { problem: `batch ${i} is not the one that was decided` }
      const problem = this.#batchProblem(sealed.header.height, batch)
      if (problem !== undefined) return { problem: `batch ${i}: ${problem}` }
      if (this.#takes(batch.batch)) transactions.push(...batch.batch.transactions)
    }
    return { timestampMs: value.timestampMs, transactions }
  }

  /** Whether execution takes a batch: it continues its lane. Where the lanes began before the blocks that are here, the first is believed. */
  #takes({ lane, incarnation, number }: Batch): boolean {
    const head = this.#heads.get(lane)
    const isBlind = head === undefined && this.#blindUntilMs !== undefined
    if (!isBlind && !continues(head ?? NO_PLACE, { incarnation, number })) return false
    this.#heads.set(lane, { incarnation, number })
    return true
  }

  /** The replica that gathered the batch must have signed it, and clients what it does not vouch for. */
  #batchProblem(height: Height, { batch, view, signature }: CarriedBatch): string | undefined {
    const statement = { view, kind: 'batch', regency: 0, cid: 0, digest: batch.digest } as const
    const inForce = this.#views.at(height)
    if (!signedBy(inForce, batch.lane, statementBytes(this.networkId, statement), signature)) {
      return `not signed by replica ${batch.lane}`
    }
    const organization = inForce.members.get(batch.lane)?.info.organization
    const wrong = batch.transactions.find((transaction) =>
      transaction.authentication.mode === 'vouched'
        ? transaction.organization !== organization
        : !isSigned(transaction, transaction.authentication),
    )
    return wrong && `nobody who may has signed transaction ${wrong.id}`
  }

  /** The transactions that execution takes: each once, and only while it is valid. */
  #select(transactions: readonly Transaction[], timeMs: TimeMs): readonly Transaction[] {
    for (const [id, validUntilMs] of this.#seen) if (validUntilMs < timeMs) this.#seen.delete(id)
    const latest = timeMs + this.#genesis.parameters.dedupWindowMs
    return transactions.filter(({ id, validUntilMs }) => {
      if (validUntilMs < timeMs || validUntilMs > latest || this.#seen.has(id)) return false
      this.#seen.set(id, validUntilMs)
      return true
    })
  }
}

/** Executes the blocks anew from the genesis and compares what comes of it. */
class Replay {
  readonly #runtime: Runtime
  readonly #state = new Map<string, Uint8Array>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#apply(runtime.genesisState())
  }

  problem(
    { sealed }: BlockRecord,
    transactions: readonly Transaction[],
    receipts: readonly Uint8Array[],
  ): string | undefined {
    const { height, timeMs, contracts } = sealed.header
    const execution = this.#runtime.execute({ height, timeMs }, transactions, { get: (key) => this.#state.get(key) })
    if (contracts !== execution.contractSet) return 'executed by another contract set than this version has'
    this.#apply(execution.changes)
    const differs = execution.receipts.findIndex((receipt, i) => {
      const stored = receipts[i]
      return stored === undefined || !equalBytes(encodeReceipt(receipt), stored)
    })
    return differs < 0 ? undefined : `executed anew, transaction ${transactions[differs]?.id} gives another receipt`
  }

  #apply(changes: ReturnType<Runtime['genesisState']>): void {
    for (const { key, value } of changes) {
      if (value === undefined) this.#state.delete(key)
      else this.#state.set(key, value)
    }
  }
}

function isSigned(
  { id, signature }: Transaction,
  { keyType, publicKey }: Extract<Transaction['authentication'], { mode: 'signed' }>,
): boolean {
  const statement = transactionStatement(digestBytes(id))
  const key = fromHex(publicKey) ?? new Uint8Array()
  return keyType === 'ed25519'
    ? nativeSuite.verifyEd25519(key, statement, signature)
    : nativeSuite.verifyP256(key, statement, signature)
}

function signedBy({ members }: ViewInForce, replica: number, statement: Uint8Array, signature: Uint8Array): boolean {
  const key = members.get(replica)?.consensusKey
  return key !== undefined && nativeSuite.verifyEd25519(key, statement, signature)
}

/** The transactions that have a receipt; the others were passed over for a reason that may lie in a pruned block. */
function receipted(transactions: readonly Transaction[], receipts: readonly Uint8Array[]): readonly Transaction[] {
  const ids = new Set(receipts.map(receiptOf))
  return transactions.filter(({ id }) => ids.has(id))
}

const receiptOf = (bytes: Uint8Array | undefined): Digest | undefined => bytes && decodeReceipt(bytes)?.transaction
