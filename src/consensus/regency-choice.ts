import type {
  ConsensusId,
  Digest,
  FinalityCertificate,
  Height,
  PreparedCertificate,
  Regency,
  StopData,
  View,
} from '../types/index.js'
import { certificateProblem } from './certificates.js'

/**
 * The choice of a regency change (consensus.md, Regency change, step 4), as pure functions: every replica
 * computes it from the same n - f STOPDATA and comes to the same result.
 */

/** What the choice must know of the view. */
export interface ViewRules {
  readonly view: View
  /** W. */
  readonly window: number
  /** First height that the view orders. */
  readonly firstHeight: Height
}

/** What a new regency must propose again. */
export interface RegencyChoice {
  /** Highest height that is proven final. */
  readonly base: Height
  readonly finality?: FinalityCertificate
  /** Highest instance that must be proposed again; equals `base` when there is none. */
  readonly top: ConsensusId
  /** For each instance above base up to top: the digest prepared in the highest epoch, or `null`, the null value. */
  readonly bindings: ReadonlyMap<ConsensusId, Digest | null>
}

/**
 * Says why a STOPDATA must not count, or nothing. Claims that are not proven are refused: the finalized height
 * needs its certificate, and each lock a prepared certificate of a regency below, for an instance in reach.
 */
export function stopDataProblem(message: StopData, regency: Regency, rules: ViewRules): string | undefined {
  const { view, window } = rules
  if (message.regency !== regency) return `for regency ${message.regency}, not ${regency}`
  const problem = finalityProblem(message, rules)
  if (problem !== undefined) return problem
  let previous = message.finalized
  for (const prepared of message.prepared) {
    const shape = certificateProblem(prepared, 'write', view)
    if (shape !== undefined) return `prepared ${prepared.cid}: ${shape}`
    if (prepared.cid <= previous) return `prepared ${prepared.cid}: not ascending above the finalized height`
    if (prepared.cid > message.finalized + 2 * window) return `prepared ${prepared.cid}: beyond the window`
    if (prepared.regency < 1 || prepared.regency >= regency)
      return `prepared ${prepared.cid}: epoch ${prepared.regency}`
    previous = prepared.cid
  }
  return undefined
}

function finalityProblem(message: StopData, { view, firstHeight }: ViewRules): string | undefined {
  const base = firstHeight - 1
  if (message.finalized < base) return `finalized ${message.finalized}, below the view`
  if (message.finalized === base)
    return message.finality === undefined ? undefined : 'a certificate from below the view'
  if (message.finality === undefined) return `finalized ${message.finalized} without certificate`
  if (message.finality.cid !== message.finalized)
    return `certificate of ${message.finality.cid}, not ${message.finalized}`
  const problem = certificateProblem(message.finality, 'persist', view)
  return problem === undefined ? undefined : `finalized ${message.finalized}: ${problem}`
}

/**
 * Computes what the new regency must propose, from STOPDATA without problems.
 * @param viewBase the height below the view, final for everyone in it
 */
export function chooseForRegency(stopData: readonly StopData[], viewBase: Height): RegencyChoice {
  let base = viewBase
  let finality: FinalityCertificate | undefined
  const highest = new Map<ConsensusId, PreparedCertificate>()
  for (const message of stopData) {
    if (message.finalized > base) {
      base = message.finalized
      finality = message.finality
    }
    for (const prepared of message.prepared) {
      const other = highest.get(prepared.cid)
      if (other === undefined || prepared.regency > other.regency) highest.set(prepared.cid, prepared)
    }
  }
  const top = Math.max(base, ...highest.keys())
  const bindings = new Map<ConsensusId, Digest | null>()
  for (let cid = base + 1; cid <= top; cid++) bindings.set(cid, highest.get(cid)?.digest ?? null)
  return { base, top, bindings, ...(finality === undefined ? {} : { finality }) }
}
