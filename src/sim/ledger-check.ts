import type { Ledger } from '../ports.js'
import type { BlockRecord, Height } from '../types/index.js'
import { type Agreement, acknowledgedProblem, type ChainCheck, type Problem } from './checkers.js'
import type { ViolationKind } from './violation.js'
import type { Acknowledged } from './workload.js'

export type Report = (kind: ViolationKind, problem: Problem) => void

/** Reads a whole ledger: its chain, its certificates, and the receipts that clients were given. */
export class LedgerCheck {
  readonly #chain: ChainCheck
  readonly #agreement: Agreement
  readonly #window: number

  constructor(chain: ChainCheck, agreement: Agreement, window: number) {
    this.#chain = chain
    this.#agreement = agreement
    this.#window = window
  }

  check(ledger: Ledger, receipts: readonly Acknowledged[], report: Report): void {
    const tip = ledger.tip().header.height
    const oldest = ledger.oldest()
    const genesis = ledger.header(0)
    let parent = oldest === 1 ? { hash: genesis?.hash ?? '', timeMs: genesis?.header.timeMs ?? 0 } : undefined
    /** Blocks since the last certificate. */
    let uncovered = 0
    this.#chain.learn(ledger)
    for (let height = oldest; height <= tip; height++) {
      const record = ledger.record(height)
      const kept = ledger.receipts(height)
      if (record === undefined || kept === undefined) {
        report('chain', `block ${height} is missing`)
        return
      }
      report('chain', this.#chain.check(record, kept, parent))
      report('agreement', this.#agreement.check(height, record.sealed.hash))
      uncovered = record.certificate === undefined ? uncovered + 1 : 0
      report('chain', this.#coverProblem(ledger, record, uncovered, height === tip))
      parent = { hash: record.sealed.hash, timeMs: record.sealed.header.timeMs }
    }
    for (const receipt of receipts) this.#checkReceipt(ledger, receipt, oldest, tip, report)
  }

  /** Every block has a certificate, or one above it that is not far; the tip has its own. */
  #coverProblem(ledger: Ledger, { sealed, certificate }: BlockRecord, uncovered: number, isTip: boolean): Problem {
    const { height } = sealed.header
    if (isTip && certificate === undefined) return `block ${height} is the tip and has no certificate`
    if (uncovered > this.#window) return `block ${height} and ${uncovered - 1} below it have no certificate`
    const finality = ledger.finality(height)
    if (finality === undefined) return `block ${height} is not proven final`
    // One that has its own was checked with the block.
    return certificate === undefined ? this.#chain.finalityProblem(sealed, finality) : undefined
  }

  #checkReceipt(ledger: Ledger, receipt: Acknowledged, oldest: Height, tip: Height, report: Report): void {
    if (receipt.height < oldest) return
    if (receipt.height <= tip) report('acknowledged-lost', acknowledgedProblem(receipt, ledger))
    else report('acknowledged-lost', `block ${receipt.height} of ${receipt.id} is missing`)
  }
}
