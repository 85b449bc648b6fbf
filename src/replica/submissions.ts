import { equalBytes } from '../base/bytes.js'
import { decodeTransaction, isRefused } from '../codec/transaction.js'
import type { Runtime } from '../contracts/index.js'
import type { Clock, Counters } from '../ports.js'
import type { Digest, TimeMs, Transaction } from '../types/index.js'
import type { Chain } from './chain.js'
import type { ReplicaContext } from './context.js'
import type { Skipped } from './executor.js'
import type { FinalBlock } from './final-block.js'
import type { Ingress } from './ingress.js'
import type { Lane } from './lane.js'

export interface Refusal {
  readonly kind: 'refused'
  /** Stable; listed in docs/errors.md. */
  readonly code: string
  readonly detail: string
  /** When it is worth trying again, ms; absent when the same bytes will never be taken. */
  readonly retryAfterMs?: number
}

export type Outcome = { readonly kind: 'final'; readonly block: FinalBlock; readonly index: number } | Refusal

/** Who brings a transaction. The organization's own clients, known by name, may have theirs vouched for. */
export interface Submitter {
  readonly client?: string
}

export type OnOutcome = (outcome: Outcome) => void

/** Transactions that clients may have waiting here at the same time. */
export const WAITING_MAX = 32_768
const RETRY_AFTER_MS = 250

export interface SubmissionModules {
  readonly clock: Clock
  readonly runtime: Runtime
  readonly counters: Counters
  /** Whether this replica's batches count now. */
  readonly takes: () => boolean
  readonly chain: () => Pick<Chain, 'locate' | 'finalBlock' | 'finalState' | 'final'>
}

interface Waiting {
  readonly transaction: Transaction
  readonly listeners: OnOutcome[]
}

interface Incoming {
  readonly transaction: Transaction
  readonly onOutcome: OnOutcome
}

/** Takes clients' transactions in, and tells each client what became of its own. */
export class Submissions {
  readonly #context: ReplicaContext
  readonly #modules: SubmissionModules
  readonly #ingress: Ingress
  readonly #lane: Lane
  readonly #waiting = new Map<Digest, Waiting>()
  #incoming: Incoming[] = []
  #verifying = 0
  #stopped = false
  readonly #fatal: (error: unknown) => void

  constructor(
    context: ReplicaContext,
    modules: SubmissionModules,
    ingress: Ingress,
    lane: Lane,
    fatal: (error: unknown) => void,
  ) {
    this.#context = context
    this.#modules = modules
    this.#ingress = ingress
    this.#lane = lane
    this.#fatal = fatal
  }

  /**
   * Takes an encoded transaction. The outcome comes exactly once: its final receipt, or why it was refused. Bytes that
   * were submitted before, here or elsewhere, get the first receipt.
   */
  submit(bytes: Uint8Array, submitter: Submitter, onOutcome: OnOutcome): void {
    this.#modules.counters.add('submissions')
    const transaction = decodeTransaction(this.#context, bytes)
    if (isRefused(transaction)) {
      this.#refuse(onOutcome, transaction.refused, transaction.detail)
      return
    }
    const refusal = this.#precheck(transaction, submitter)
    if (refusal !== undefined) {
      this.#refuse(onOutcome, refusal.code, refusal.detail, refusal.retryAfterMs)
      return
    }
    if (this.#answerKnown(transaction, onOutcome)) return
    if (transaction.authentication.mode === 'vouched') {
      this.#admit(transaction, onOutcome)
      return
    }
    this.#incoming.push({ transaction, onOutcome })
    if (this.#incoming.length === 1) this.#modules.clock.soon(() => this.#verifyIncoming())
  }

  /** Transactions whose outcome is awaited here. */
  get size(): number {
    return this.#waiting.size
  }

  #precheck(transaction: Transaction, submitter: Submitter): Omit<Refusal, 'kind'> | undefined {
    const { authentication, organization, validUntilMs } = transaction
    const nowMs = this.#modules.clock.nowMs()
    const { dedupWindowMs, clockDriftMsMax } = this.#context.genesis.parameters
    if (this.#stopped)
      return { code: 'replica/stopping', detail: 'this replica is shutting down', retryAfterMs: RETRY_AFTER_MS }
    if (validUntilMs < nowMs) return { code: 'transaction/expired', detail: `it was valid until ${validUntilMs}` }
    if (validUntilMs > nowMs + dedupWindowMs + clockDriftMsMax) {
      return { code: 'transaction/valid-too-long', detail: `at most ${dedupWindowMs} ms ahead of block time` }
    }
    if (authentication.mode === 'vouched') {
      if (organization !== this.#context.organization) {
        return {
          code: 'transaction/foreign-vouching',
          detail: `only the replica of ${organization} vouches for its clients`,
        }
      }
      if (submitter.client !== authentication.client) {
        return { code: 'api/unauthorized', detail: `not authenticated as client ${authentication.client}` }
      }
    }
    if (!this.#modules.takes()) {
      return {
        code: 'replica/following',
        detail: 'this replica only follows; ask a member of the view',
        retryAfterMs: RETRY_AFTER_MS,
      }
    }
    if (this.#waiting.size + this.#incoming.length + this.#verifying >= WAITING_MAX) return busy()
    return undefined
  }

  /** The same bytes again: they wait along, or get the first receipt. */
  #answerKnown(transaction: Transaction, onOutcome: OnOutcome): boolean {
    const waiting = this.#waiting.get(transaction.id)
    if (waiting !== undefined && equalBytes(waiting.transaction.bytes, transaction.bytes)) {
      waiting.listeners.push(onOutcome)
      return true
    }
    const chain = this.#modules.chain()
    const location = chain.locate(transaction.id)
    if (location === undefined) return false
    const block = chain.finalBlock(location.height)
    if (block !== undefined) onOutcome({ kind: 'final', block, index: location.index })
    else this.#wait(transaction, onOutcome)
    return true
  }

  #verifyIncoming(): void {
    const incoming = this.#incoming
    this.#incoming = []
    this.#verifying += incoming.length
    this.#ingress
      .verifyTransactions(incoming.map(({ transaction }) => transaction))
      .then((verdicts) => {
        this.#verifying -= incoming.length
        incoming.forEach(({ transaction, onOutcome }, i) => {
          if (verdicts[i] !== true)
            this.#refuse(onOutcome, 'transaction/bad-signature', 'the signature does not fit the key and the content')
          // It may have become known while its signature was checked.
          else if (!this.#answerKnown(transaction, onOutcome)) this.#admit(transaction, onOutcome)
        })
      })
      .catch(this.#fatal)
  }

  #admit(transaction: Transaction, onOutcome: OnOutcome): void {
    // Not the ledger's state: receipts leave before their block is written, and who was just enrolled may submit at once.
    const { finalState, final } = this.#modules.chain()
    const refusal = this.#modules.runtime.admit(transaction, finalState, final + 1)
    if (refusal !== undefined) {
      this.#refuse(onOutcome, refusal.code, refusal.detail)
      return
    }
    if (!this.#lane.add(transaction)) {
      const { code, detail, retryAfterMs } = busy()
      this.#refuse(onOutcome, code, detail, retryAfterMs)
      return
    }
    this.#wait(transaction, onOutcome)
  }

  #wait(transaction: Transaction, onOutcome: OnOutcome): void {
    const waiting = this.#waiting.get(transaction.id)
    if (waiting === undefined) this.#waiting.set(transaction.id, { transaction, listeners: [onOutcome] })
    else waiting.listeners.push(onOutcome)
  }

  #refuse(onOutcome: OnOutcome, code: string, detail: string, retryAfterMs?: number): void {
    this.#modules.counters.add(`refused.${code}`)
    onOutcome({ kind: 'refused', code, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
  }

  /** A snapshot was installed: what was executed meanwhile is answered from the blocks that came with it. */
  installed(): void {
    const chain = this.#modules.chain()
    for (const [id, { listeners }] of this.#waiting) {
      const location = chain.locate(id)
      const block = location && chain.finalBlock(location.height)
      if (location === undefined || block === undefined) continue
      this.#waiting.delete(id)
      for (const onOutcome of listeners) onOutcome({ kind: 'final', block, index: location.index })
    }
  }

  /** A block became final: its clients hear of it. */
  finalized(block: FinalBlock): void {
    if (this.#waiting.size === 0) return
    block.transactions.forEach((id, index) => {
      const waiting = this.#waiting.get(id)
      if (waiting === undefined) return
      this.#waiting.delete(id)
      for (const onOutcome of waiting.listeners) onOutcome({ kind: 'final', block, index })
    })
  }

  /** Transactions that execution passed over. A duplicate's first receipt comes, or came, with its own block. */
  passedOver(skipped: readonly Skipped[]): void {
    for (const { id, reason } of skipped) {
      if (reason === 'duplicate') continue
      if (reason === 'over-cost') this.#giveUp(id, 'transaction/over-cost', 'the block had no room for its cost')
      else this.#giveUp(id, `transaction/${reason}`, 'it came to be executed outside its time of validity')
    }
  }

  /** Gives up what can no longer be executed, however late its block would be. Called now and then. */
  sweep(): void {
    const { clockDriftMsMax } = this.#context.genesis.parameters
    const latest: TimeMs = this.#modules.clock.nowMs() - 2 * clockDriftMsMax
    for (const [id, { transaction }] of this.#waiting) {
      if (transaction.validUntilMs < latest) {
        this.#giveUp(id, 'transaction/expired', 'it was not ordered within its time of validity')
      }
    }
  }

  stop(): void {
    this.#stopped = true
    for (const id of [...this.#waiting.keys()]) {
      this.#giveUp(id, 'replica/stopping', 'this replica is shutting down; ask another', RETRY_AFTER_MS)
    }
  }

  #giveUp(id: Digest, code: string, detail: string, retryAfterMs?: number): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    for (const onOutcome of waiting.listeners) this.#refuse(onOutcome, code, detail, retryAfterMs)
  }
}

function busy(): Omit<Refusal, 'kind'> {
  return { code: 'replica/busy', detail: 'too many transactions are waiting here', retryAfterMs: RETRY_AFTER_MS }
}
