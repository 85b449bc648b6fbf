import type {
  Base,
  Certificate,
  ConsensusId,
  Digest,
  FinalityCertificate,
  Height,
  Lock,
  PreparedCertificate,
  Regency,
  StopData,
} from '../types/index.js'

/**
 * The choice of a regency change (rules R4 to R7), as pure functions: every replica computes it from the same SYNC and comes to the same
 * result.
 */

/** What the choice must know of the view. */
export interface ViewRules {
  /** W. */
  readonly window: number
  /** First height that the view orders. */
  readonly firstHeight: Height
}

/** What a new regency must propose again. */
export interface RegencyChoice {
  /** Highest height that is proven final. */
  readonly base: Height
  /** Of the base; absent at the height below the view, which needs no proof in it. */
  readonly certificate?: FinalityCertificate
  /** Highest instance that must be proposed again; equals `base` when there is none. */
  readonly top: ConsensusId
  /** The digest of each instance above base up to top. */
  readonly bindings: ReadonlyMap<ConsensusId, Digest>
}

/** Says what is wrong with the form of a STOPDATA, or nothing. What it claims is proven elsewhere. */
export function stopDataProblem(
  { regency, base, locks }: StopData,
  { window, firstHeight }: ViewRules,
): string | undefined {
  const viewBase = firstHeight - 1
  if (regency < 2) return `regency ${regency} is not changed to`
  if (base.height < viewBase) return `base ${base.height}, below the view`
  if (base.height > viewBase && (base.regency < 1 || base.regency >= regency)) return `base of regency ${base.regency}`
  let previous = base.height
  for (const lock of locks) {
    if (lock.cid <= previous) return `lock ${lock.cid}: not ascending above the base`
    if (lock.cid > base.height + window) return `lock ${lock.cid}: beyond the window`
    if (lock.regency < 1 || lock.regency >= regency) return `lock ${lock.cid}: regency ${lock.regency}`
    previous = lock.cid
  }
  return undefined
}

/** Whether a certificate proves the base. Two certificates of one header are worth the same. */
export const provesBase = (certificate: Certificate, { height, digest, header }: Base): boolean =>
  certificate.kind === 'accept' &&
  certificate.cid === height &&
  certificate.header === header &&
  certificate.digest === digest

export const provesLock = (certificate: Certificate, { cid, regency, digest }: Lock): boolean =>
  certificate.kind === 'write' &&
  certificate.cid === cid &&
  certificate.regency === regency &&
  certificate.digest === digest

/** Whether every statement of a STOPDATA is proven by the certificates beside it: only such a one counts for a leader. */
export function isProven({ base, locks }: StopData, proofs: readonly Certificate[], firstHeight: Height): boolean {
  if (base.height >= firstHeight && !proofs.some((proof) => provesBase(proof, base))) return false
  return locks.every((lock) => proofs.some((proof) => provesLock(proof, lock)))
}

/**
 * Computes what the new regency must propose, from STOPDATA of good form.
 * @param proofs certificates whose signatures are checked
 * @returns why nothing can be chosen, where a statement that counts lacks its proof: such a SYNC is void
 */
export function chooseForRegency(
  stopData: readonly StopData[],
  proofs: readonly Certificate[],
  firstHeight: Height,
): RegencyChoice | string {
  const base = Math.max(firstHeight - 1, ...stopData.map((message) => message.base.height))
  const certificate = baseProof(stopData, proofs, base)
  if (base >= firstHeight && certificate === undefined) return `base ${base} is not proven`
  const highest = highestLocks(stopData, base)
  const bindings = new Map<ConsensusId, Digest>()
  for (const [cid, candidates] of highest) {
    const proof = proofs.find((one) => candidates.some((lock) => provesLock(one, lock)))
    if (proof === undefined) return `lock ${cid} of regency ${candidates[0]?.regency} is not proven`
    bindings.set(cid, proof.digest)
  }
  // A decided height has no gap below it in the locks of whoever accepted it, so what lies above a gap was not decided.
  let top = base
  while (bindings.has(top + 1)) top += 1
  for (const cid of bindings.keys()) if (cid > top) bindings.delete(cid)
  return { base, top, bindings, ...(certificate === undefined ? {} : { certificate }) }
}

function baseProof(
  stopData: readonly StopData[],
  proofs: readonly Certificate[],
  height: Height,
): FinalityCertificate | undefined {
  const claims = stopData.filter(({ base }) => base.height === height)
  const proof = proofs.find((one) => claims.some(({ base }) => provesBase(one, base)))
  return proof?.kind === 'accept' ? proof : undefined
}

/** Of each height above the base, the locks of the highest regency that any statement names. */
function highestLocks(stopData: readonly StopData[], base: Height): ReadonlyMap<ConsensusId, readonly Lock[]> {
  const highest = new Map<ConsensusId, Lock[]>()
  for (const lock of stopData.flatMap(({ locks }) => locks)) {
    if (lock.cid <= base) continue
    const others = highest.get(lock.cid) ?? []
    const regency: Regency = others[0]?.regency ?? 0
    if (lock.regency > regency) highest.set(lock.cid, [lock])
    else if (lock.regency === regency) others.push(lock)
  }
  return highest
}

/** The certificates that a SYNC needs: one for the highest base, and one for the lock of the highest regency of each height above it. */
export function neededProofs(
  stopData: readonly StopData[],
  proofs: readonly Certificate[],
  firstHeight: Height,
): readonly Certificate[] {
  const base = Math.max(firstHeight - 1, ...stopData.map((message) => message.base.height))
  const needed: Certificate[] = []
  const certificate = base < firstHeight ? undefined : baseProof(stopData, proofs, base)
  if (certificate !== undefined) needed.push(certificate)
  for (const candidates of highestLocks(stopData, base).values()) {
    const proof = proofs.find((one): one is PreparedCertificate => candidates.some((lock) => provesLock(one, lock)))
    if (proof !== undefined) needed.push(proof)
  }
  return needed
}
