import type { Accept, ConsensusId, Digest } from '../types/index.js'
import type { Effect, ExecutedHeight, Input } from './interface.js'
import { mayVote } from './silence.js'
import { acceptTop, type CoreState, type Instance, instanceAt, isHeld, persist } from './state.js'
import { scheduleFetch } from './write.js'

/**
 * What an instance is to be executed with: the certified value, the locked one where a certificate above covers the height, the one prepared in the regency in force, or the one that this replica
 * wrote for, which may still be replaced.
 */
function targetOf(state: CoreState, { cid, certificate, lock, written }: Instance): Digest | undefined {
  const { final, phase, regency } = state
  if (certificate !== undefined) return certificate.digest
  // A certificate above covers this height, and whoever signed it had a lock here; if it was another one, the header will tell.
  if (cid < final && lock !== undefined) return lock.digest
  if (phase !== 'normal') return undefined
  if (lock?.regency === regency) return lock.digest
  return written?.regency === regency ? written.digest : undefined
}

/** Speculative execution, in order (rule N4). What was executed stays while its value and everything below are the same. */
export function advanceExecution(state: CoreState, out: Effect[]): void {
  for (let cid = state.executedFinal + 1; ; cid++) {
    const instance = state.instances.get(cid)
    if (instance === undefined) return
    const target = targetOf(state, instance)
    const under = instance.executed?.digest ?? instance.executing?.digest
    if (target === undefined) {
      if (under === undefined) return
      continue
    }
    if (under === target) continue
    if (under !== undefined) dropExecuted(state, cid)
    const value = instance.values.get(target)
    if (!isHeld(state, value)) {
      scheduleFetch(state, out)
      return
    }
    state.executionToken += 1
    instance.executing = { token: state.executionToken, digest: target }
    out.push({ kind: 'execute', token: state.executionToken, cid, value })
  }
}

/** What was executed from this height on stands on another value now. */
export function dropExecuted(state: CoreState, from: ConsensusId): void {
  for (const instance of state.instances.values()) {
    if (instance.cid < from) continue
    instance.executed = undefined
    instance.executing = undefined
  }
}

/** @returns false when the result is of a request that has been overtaken */
export function noteExecuted(state: CoreState, { token, block }: Extract<Input, { kind: 'executed' }>): boolean {
  const instance = state.instances.get(block.height)
  if (instance?.executing?.token !== token) return false
  instance.executing = undefined
  instance.executed = block
  return true
}

/**
 * ACCEPT (rule N5): for the run of heights from the durable one on that are prepared in the regency in force and executed. Each height's lock,
 * value, batches and header go to the log; only the highest is said, since it says the same of all open heights below.
 */
export function advanceAccept(state: CoreState, out: Effect[]): void {
  const { regency, phase } = state
  if (phase !== 'normal' || !mayVote(state)) return
  let highest: Instance | undefined
  for (let cid = state.durable + 1; cid <= acceptTop(state); cid++) {
    const instance = state.instances.get(cid)
    if (instance === undefined) break
    if (instance.accepted?.regency === regency) {
      if (isContradicted(instance)) state.silences.barredIn = regency
      continue
    }
    const executed = acceptable(state, instance)
    const value = executed && instance.values.get(executed.digest)
    const { lock } = instance
    if (executed === undefined || lock === undefined || !isHeld(state, value)) break
    const { digest, header } = executed
    instance.accepted = { regency, digest, header, lock }
    persist(out, { kind: 'accept', prepared: lock, value: value.bytes, header })
    highest = instance
  }
  const message = highest && acceptMessage(highest)
  if (message !== undefined) out.push({ kind: 'send', to: 'view', message })
}

/** An orderly stop let this replica vote on in its regency, and now execution gives another header: another release, perhaps (rule D3). */
const isContradicted = ({ accepted, executed }: Instance): boolean =>
  accepted !== undefined && executed?.digest === accepted.digest && executed.header !== accepted.header

/** This replica's ACCEPT, said again only where execution still gives its header. */
export function acceptMessage({ cid, accepted, executed }: Instance): Accept | undefined {
  if (accepted === undefined || executed?.header !== accepted.header) return undefined
  const { regency, digest, header } = accepted
  return { kind: 'accept', cid, regency, digest, header }
}

function acceptable(state: CoreState, { lock, executed, certificate }: Instance): ExecutedHeight | undefined {
  if (lock?.regency !== state.regency || executed?.digest !== lock.digest) return undefined
  if (certificate !== undefined && certificate.header !== executed.header) return undefined
  return executed
}

/**
 * Whether execution gave different headers for one value, so that no quorum of equal ACCEPTs can come together, or others agree on
 * another header than this replica's (rule N8). No leader is to blame for that.
 */
export function headersDiffer(state: CoreState, cid: ConsensusId): boolean {
  const { quorum, regency } = state
  const { accepts, lock, executed } = instanceAt(state, cid)
  if (lock?.regency !== regency) return false
  const choices = accepts.choices(regency).filter(({ digest }) => digest === lock.digest)
  const voted = choices.reduce((sum, { count }) => sum + count, 0)
  const most = Math.max(0, ...choices.map(({ count }) => count))
  if (most + (quorum.n - voted) < quorum.votes) return true
  return choices.some(
    ({ header, count }) => count >= quorum.join && executed !== undefined && header !== executed.header,
  )
}
