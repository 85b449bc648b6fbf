import type { Batch, Digest, Verified } from '../types/index.js'
import type { BatchStore } from './batch-store.js'
import type { ReplicaContext } from './context.js'
import type { Ingress } from './ingress.js'

/** Transactions of peers whose signatures are being checked; above, reading waits. */
const VERIFYING_MAX = 4_096

export interface BatchIntakeHandlers {
  readonly verified: (batch: Verified<Batch>) => void
  /** Its author signed a batch that holds a wrong client signature. */
  readonly bad: (batch: Batch, bytes: Uint8Array) => void
  readonly changingView: () => boolean
  readonly fatal: (error: unknown) => void
}

/** Batches of peers on their way in: each is verified once, and so many at a time. */
export class BatchIntake {
  readonly #context: ReplicaContext
  readonly #ingress: Ingress
  readonly #store: BatchStore
  readonly #handlers: BatchIntakeHandlers
  readonly #digests = new Set<Digest>()
  #transactions = 0
  #waiting: (() => void)[] = []

  constructor(context: ReplicaContext, ingress: Ingress, store: BatchStore, handlers: BatchIntakeHandlers) {
    this.#context = context
    this.#ingress = ingress
    this.#store = store
    this.#handlers = handlers
  }

  /** @returns what reading from the peer waits for, where too much is under way */
  take(bytes: Uint8Array): void | Promise<void> {
    const batch = this.#ingress.openBatch(bytes)
    if (batch === undefined || this.#store.has(batch.digest) || this.#digests.has(batch.digest)) return
    const { view } = this.#context.views.current
    this.#digests.add(batch.digest)
    this.#transactions += batch.transactions.length
    this.#ingress
      .verifyBatch(batch)
      .then((verified) => {
        this.#transactions -= batch.transactions.length
        this.#digests.delete(batch.digest)
        if (this.#transactions <= VERIFYING_MAX) this.release()
        if (verified === undefined) return this.#handlers.bad(batch, new Uint8Array(bytes))
        const ended = this.#handlers.changingView() || this.#context.views.current.view !== view
        if (ended) return this.#ingress.reject('ended-view')
        this.#handlers.verified(verified)
      })
      .catch((error: unknown) => this.#handlers.fatal(error))
    if (this.#transactions > VERIFYING_MAX) return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Lets those read on who wait. */
  release(): void {
    for (const proceed of this.#waiting.splice(0)) proceed()
  }
}
