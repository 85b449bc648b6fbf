import { quorumOf, verifyCertificate } from '../../src/consensus/index.js'
import { chooseForRegency, stopDataProblem } from '../../src/consensus/regency-choice.js'
import type { Certificate, StopData, VoteKind } from '../../src/types/index.js'
import { testView } from '../consensus/cluster.js'

/**
 * The rules of consensus.md that both models share. Four replicas: A, B and C are correct, the fourth is Byzantine and
 * its key signs anything, always. What a regency binds is computed by the production code.
 */

export type Plant =
  | 'quorum-minus-one'
  | 'forgotten-lock'
  | 'lowest-epoch'
  | 'vote-after-stop'
  | 'epoch-zero'
  | 'unproven-height'
  | 'unbound-proof'
  | 'replayed-votes'

export interface Scope {
  readonly cids: number
  readonly regencies: number
  /** Values that leaders may propose for a cid; the null value comes on top. */
  readonly values: number
  readonly plant?: Plant
}

export const CORRECT = [0, 1, 2] as const
export const NAMES = ['A', 'B', 'C'] as const
const view = testView(4)
const quorum = quorumOf(view.replicas.length)
/** W: both instances are open at once. */
const WINDOW = 2

/** Values by number; a set of values is a bit mask. */
export const NONE = 0
export const NULL = 1
export const FIRST = 2
/** A value of another cid: it gets here only by a proof that does not name its cid. */
const FOREIGN = 7

export const has = (mask: number, value: number): boolean => (mask & (1 << value)) !== 0
export const valuesIn = (mask: number): number[] => [1, 2, 3, 4, 5, 6, 7].filter((value) => has(mask, value))
export const proposable = ({ values }: Scope): number[] => Array.from({ length: values }, (_, i) => FIRST + i)
export const valueName = (value: number): string =>
  value === NULL ? 'null' : value === FOREIGN ? 'foreign' : String.fromCharCode('a'.charCodeAt(0) + value - FIRST)

/** Correct votes that make a certificate, the Byzantine replica's being at hand. */
export const correctVotesNeeded = ({ plant }: Scope): number =>
  quorum.votes - quorum.f - (plant === 'quorum-minus-one' ? 1 : 0)

/** What has come to be: which certificates can be made from votes that were cast. */
export interface Facts {
  /** Values with a prepared certificate, by cid and regency (see `at`). */
  readonly certs: readonly number[]
  /** Values with a decision certificate, by cid. */
  readonly decided: readonly number[]
}

export const at = (scope: Scope, cid: number, regency: number): number => (cid - 1) * scope.regencies + regency - 1
export const cidsOf = ({ cids }: Scope): number[] => Array.from({ length: cids }, (_, i) => i + 1)

/** A lock: the epoch and value of a prepared certificate; 0 is none. */
export const lockOf = (epoch: number, value: number): number => epoch * 8 + value
export const epochOf = (lock: number): number => lock >> 3
export const lockedValue = (lock: number): number => lock & 7

/** What a STOPDATA says. */
export interface Report {
  readonly finalized: number
  /** A lock by cid, or 0. */
  readonly locks: readonly number[]
}

export const reportKey = ({ finalized, locks }: Report): string => `${finalized}:${locks.join(',')}`

export function reportText({ finalized, locks }: Report): string {
  const parts = locks.flatMap((lock, i) =>
    lock === 0 ? [] : [`cid ${i + 1} prepared ${valueName(lockedValue(lock))} in epoch ${epochOf(lock)}`],
  )
  if (finalized > 0) parts.unshift(`final up to ${finalized}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

const SIGNERS = [0, 1, 2].map((replica) => ({ replica, signature: new Uint8Array(64) }))

function certificate<K extends VoteKind>(kind: K, cid: number, regency: number, value: number): Certificate<K> {
  return { kind, view: view.id, cid, regency, digest: valueName(value), signatures: SIGNERS }
}

function stopDataOf({ finalized, locks }: Report, regency: number): StopData {
  const prepared = locks.flatMap((lock, i) =>
    lock === 0 ? [] : [certificate('write', i + 1, epochOf(lock), lockedValue(lock))],
  )
  const base = { kind: 'stop-data', regency, finalized, prepared } as const
  return finalized === 0 ? base : { ...base, finality: certificate('persist', finalized, 0, NULL) }
}

/** Heights that can be proven final: all decided, so that a quorum may have executed them. */
export function provenHeight(scope: Scope, { decided }: Facts): number {
  const open = cidsOf(scope).find((cid) => decided[cid - 1] === 0)
  return open === undefined ? scope.cids : open - 1
}

/** Whether the signatures of a certificate can be had: the votes were cast. */
function canBeSigned(scope: Scope, facts: Facts, { kind, cid, regency, digest }: Certificate): boolean {
  const { plant } = scope
  if (kind === 'persist') return plant === 'unproven-height' || cid <= provenHeight(scope, facts)
  const cast = (inCid: number, epoch: number): boolean =>
    valuesIn(facts.certs[at(scope, inCid, epoch)] ?? 0).some((value) => valueName(value) === digest)
  if (plant !== 'unbound-proof') return cast(cid, regency)
  const epochs = Array.from({ length: scope.regencies }, (_, i) => i + 1)
  if (digest !== valueName(FOREIGN)) return epochs.some((epoch) => cast(cid, epoch))
  return cidsOf(scope).some(
    (other) => other !== cid && epochs.some((epoch) => facts.certs[at(scope, other, epoch)] !== 0),
  )
}

/** All that a STOPDATA could say. */
function candidates(scope: Scope): readonly Report[] {
  const values = [NULL, ...proposable(scope), FOREIGN]
  const locks = [0]
  for (let epoch = 1; epoch <= scope.regencies; epoch++) for (const value of values) locks.push(lockOf(epoch, value))
  let vectors: number[][] = [[]]
  for (const _ of cidsOf(scope)) vectors = vectors.flatMap((vector) => locks.map((lock) => [...vector, lock]))
  return [0, ...cidsOf(scope)].flatMap((finalized) => vectors.map((vector) => ({ finalized, locks: vector })))
}

/** What the regencies of one scope are bound by, remembered: the same questions come again in very many states. */
export class Rules {
  readonly scope: Scope
  readonly #candidates: readonly Report[]
  readonly #valid = new Map<string, readonly Report[]>()
  readonly #bindings = new Map<string, Binding>()

  constructor(scope: Scope) {
    this.scope = scope
    this.#candidates = candidates(scope)
  }

  /** Every STOPDATA that the production code lets count: the Byzantine replica may send any of them, and several. */
  validReports(facts: Facts, regency: number): readonly Report[] {
    const key = `${regency}|${facts.certs.join()}|${facts.decided.join()}`
    const known = this.#valid.get(key)
    if (known !== undefined) return known
    const verifies = (certificate: Certificate): boolean => canBeSigned(this.scope, facts, certificate)
    const reports = this.#candidates.filter((report) => {
      const message = stopDataOf(report, regency)
      if (stopDataProblem(message, regency, { view, window: WINDOW, firstHeight: 1 }) !== undefined) return false
      const { finality, prepared } = message
      if (finality !== undefined && verifyCertificate(finality, 'persist', view, verifies) !== undefined) return false
      return prepared.every((lock) => verifyCertificate(lock, 'write', view, verifies) === undefined)
    })
    this.#valid.set(key, reports)
    return reports
  }

  /** What a correct replica may report: at least what it accepted; beyond that, what it happens to have learned. */
  correctReports(facts: Facts, regency: number, accepted: readonly number[]): readonly Report[] {
    if (this.scope.plant === 'forgotten-lock') return [{ finalized: 0, locks: accepted.map(() => 0) }]
    const honest = this.scope.plant === 'unproven-height' || this.scope.plant === 'unbound-proof'
    return this.validReports(facts, regency).filter(
      (report) =>
        (!honest || this.#isTrue(report, facts)) &&
        report.locks.every((lock, i) => i < report.finalized || isAtLeast(lock, accepted[i] ?? 0)),
    )
  }

  #isTrue({ finalized, locks }: Report, facts: Facts): boolean {
    if (finalized > provenHeight(this.scope, facts)) return false
    return locks.every(
      (lock, i) => lock === 0 || has(facts.certs[at(this.scope, i + 1, epochOf(lock))] ?? 0, lockedValue(lock)),
    )
  }

  /** Everything that some n - f of the STOPDATA bind; the leader may be Byzantine and send one SYNC to each. */
  bindings(facts: Facts, regency: number, sent: readonly (Report | undefined)[]): readonly Binding[] {
    const byzantine = this.validReports(facts, regency)
    const correct = sent.filter((report) => report !== undefined)
    const outcomes = new Map<string, Binding>()
    const add = (reports: readonly Report[], lie?: Report): void => {
      // A set may be gathered in either order: a choice that depends on it gives two outcomes.
      for (const order of [reports, [...reports].reverse()]) {
        const binding = this.#bind(order, regency)
        const key = bindingKey(binding)
        if (!outcomes.has(key)) outcomes.set(key, lie === undefined ? binding : { ...binding, lie })
      }
    }
    if (correct.length === quorum.stopData) add(correct)
    for (const [i, one] of correct.entries()) {
      for (const other of correct.slice(i + 1)) for (const lie of byzantine) add([one, other, lie], lie)
    }
    return [...outcomes.values()]
  }

  #bind(reports: readonly Report[], regency: number): Binding {
    const key = `${regency}|${reports.map(reportKey).join('|')}`
    const known = this.#bindings.get(key)
    if (known !== undefined) return known
    const choice = chooseForRegency(
      reports.map((report) => stopDataOf(this.#distorted(report), regency)),
      0,
    )
    const digests = cidsOf(this.scope).map((cid) => {
      if (cid <= choice.base) return CLOSED
      if (cid > choice.top) return FREE
      return this.#valueNamed(choice.bindings.get(cid) ?? valueName(NULL))
    })
    const binding = { base: choice.base, digests }
    this.#bindings.set(key, binding)
    return binding
  }

  #valueNamed(digest: string): number {
    return [NULL, ...proposable(this.scope), FOREIGN].find((value) => valueName(value) === digest) ?? NONE
  }

  /** Planted errors of the choice, made by giving the production code something else to choose from. */
  #distorted({ finalized, locks }: Report): Report {
    const { plant, regencies } = this.scope
    const distort = (lock: number): number => {
      if (lock === 0) return 0
      if (plant === 'lowest-epoch') return lockOf(regencies + 1 - epochOf(lock), lockedValue(lock))
      return plant === 'epoch-zero' && epochOf(lock) === 1 ? 0 : lock
    }
    return { finalized, locks: locks.map(distort) }
  }
}

function isAtLeast(lock: number, accepted: number): boolean {
  return epochOf(lock) > epochOf(accepted) || lock === accepted
}

/** What a SYNC leaves a replica to vote for, by cid. */
export interface Binding {
  readonly base: number
  readonly digests: readonly number[]
  /** What the Byzantine replica reported for it, in one of the ways to it. */
  readonly lie?: Report
}

export const CLOSED = -1
export const FREE = 0

export const bindingKey = ({ base, digests }: Binding): string => `${base}:${digests.join()}`

export function bindingText({ digests, lie }: Binding): string {
  const word = (digest: number): string => (digest === CLOSED ? 'is final' : digest === FREE ? 'is free' : '')
  const bound = digests.map((digest, i) => `cid ${i + 1} ${word(digest) || `must be ${valueName(digest)}`}`).join(', ')
  return lie === undefined ? bound : `${bound}; Byzantine STOPDATA: ${reportText(lie)}`
}

/** Values that a replica under a binding may WRITE for a cid; it writes free ones for whatever a leader proposes. */
export function writable(scope: Scope, digest: number): readonly number[] {
  if (digest === CLOSED) return []
  return digest === FREE ? proposable(scope) : [digest]
}

/** The properties of every state. */
export function brokenProperty(scope: Scope, facts: Facts): string | undefined {
  for (const cid of cidsOf(scope)) {
    const decided = valuesIn(facts.decided[cid - 1] ?? 0)
    if (decided.length > 1) return `agreement: cid ${cid} is decided as ${decided.map(valueName).join(' and as ')}`
    if (decided.includes(FOREIGN)) return `validity: cid ${cid} is decided as a value that nobody proposed for it`
    for (let regency = 1; regency <= scope.regencies; regency++) {
      const prepared = valuesIn(facts.certs[at(scope, cid, regency)] ?? 0)
      if (prepared.length > 1) {
        return `locks: cid ${cid} in regency ${regency} is prepared as ${prepared.map(valueName).join(' and as ')}`
      }
    }
  }
  return undefined
}
