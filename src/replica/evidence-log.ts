import type { Counters, Logger } from '../ports.js'
import type { Evidence } from '../types/index.js'

const EVIDENCE_MAX = 64
/** Of one replica: more of it says nothing new, and must not drive out that of others. */
const EVIDENCE_PER_REPLICA_MAX = 8

/** Signed contradictions of replicas, newest last. */
export class EvidenceLog {
  readonly #modules: { readonly counters: Counters; readonly logger: Logger }
  readonly #evidence: Evidence[] = []

  constructor(modules: { readonly counters: Counters; readonly logger: Logger }) {
    this.#modules = modules
  }

  add(evidence: Evidence): void {
    const { replica, reason } = evidence
    this.#modules.counters.add(`misbehaviour.${reason}`)
    if (this.#evidence.filter((known) => known.replica === replica).length >= EVIDENCE_PER_REPLICA_MAX) return
    this.#modules.logger.error({ replica, reason }, 'misbehaviour of a replica')
    this.#evidence.push(evidence)
    if (this.#evidence.length > EVIDENCE_MAX) this.#evidence.shift()
  }

  all(): readonly Evidence[] {
    return this.#evidence
  }
}
