import type { Model, Step } from './explore.js'
import {
  at,
  type Binding,
  bindingKey,
  bindingText,
  brokenProperty,
  CORRECT,
  cidsOf,
  correctVotesNeeded,
  epochOf,
  type Facts,
  FREE,
  lockedValue,
  lockOf,
  NAMES,
  NONE,
  type Report,
  type Rules,
  reportKey,
  reportText,
  type Scope,
  valueName,
  valuesIn,
  writable,
} from './protocol.js'
import { Symmetry } from './symmetry.js'

/**
 * The same protocol without a normal form: every replica acts whenever it may, in any order, and STOPs are counted. It has many more
 * states, so only small scopes can be explored; there it shows that the normal form of layered.ts leaves nothing out.
 */
export interface InterleavedState {
  readonly replicas: readonly InterleavedReplica[]
}

interface InterleavedReplica {
  readonly regency: number
  /** Highest regency that it sent STOP for. */
  readonly stopped: number
  /** What it may vote for in its regency; undefined while it awaits the SYNC. */
  readonly binding: Binding | undefined
  /** Its votes, by cid and regency (see `at`). */
  readonly written: readonly number[]
  readonly accepted: readonly number[]
  /** Its STOPDATA, by regency. */
  readonly reports: readonly (Report | undefined)[]
}

export function interleaved(rules: Rules): Model<InterleavedState> {
  const { scope } = rules
  const symmetry = new Symmetry(scope)
  return {
    initial: initialOf(scope),
    steps: (state) => stepsOf(rules, state),
    key: (state) => symmetry.least((names) => encode(scope, state, names)),
    violation: (state) => brokenProperty(scope, factsOf(scope, state)),
  }
}

function initialOf(scope: Scope): InterleavedState {
  const none = Array.from({ length: scope.cids * scope.regencies }, () => NONE)
  const binding = { base: 0, digests: cidsOf(scope).map(() => FREE) }
  const reports = Array.from({ length: scope.regencies + 1 }, () => undefined)
  const replica = { regency: 1, stopped: 0, binding, written: none, accepted: none, reports }
  return { replicas: CORRECT.map(() => replica) }
}

/** The certificates that the votes cast so far make. */
export function factsOf(scope: Scope, { replicas }: InterleavedState): Facts {
  const quorumFor = (votes: (replica: InterleavedReplica) => readonly number[], slot: number): number => {
    let mask = 0
    for (let value = 1; value < 8; value++) {
      const count = replicas.filter((replica) => votes(replica)[slot] === value).length
      if (count >= correctVotesNeeded(scope)) mask |= 1 << value
    }
    return mask
  }
  const slots = Array.from({ length: scope.cids * scope.regencies }, (_, slot) => slot)
  const decisions = slots.map((slot) => quorumFor(({ accepted }) => accepted, slot))
  return {
    certs: slots.map((slot) => quorumFor(({ written }) => written, slot)),
    decided: cidsOf(scope).map((cid) =>
      decisions.slice(at(scope, cid, 1), at(scope, cid, scope.regencies) + 1).reduce((all, mask) => all | mask, 0),
    ),
  }
}

/** The highest epoch that a replica accepted, by cid. */
export function locksOf(scope: Scope, { accepted }: InterleavedReplica): readonly number[] {
  return cidsOf(scope).map((cid) => {
    for (let epoch = scope.regencies; epoch >= 1; epoch--) {
      const value = accepted[at(scope, cid, epoch)] ?? NONE
      if (value !== NONE) return lockOf(epoch, value)
    }
    return 0
  })
}

function stepsOf(rules: Rules, state: InterleavedState): Step<InterleavedState>[] {
  const facts = factsOf(rules.scope, state)
  return CORRECT.flatMap((i) => {
    const replica = state.replicas[i]
    if (replica === undefined) return []
    const step = (changes: Partial<InterleavedReplica>, describe: () => string): Step<InterleavedState> => ({
      next: { replicas: state.replicas.map((other, j) => (j === i ? { ...other, ...changes } : other)) },
      describe: () => `${NAMES[i]} ${describe()}`,
    })
    return [
      ...stopSteps(rules, state, replica, step),
      ...installSteps(rules, state, facts, replica, step),
      ...syncSteps(rules, state, facts, replica, step),
      ...voteSteps(rules.scope, facts, replica, step),
    ]
  })
}

type MakeStep = (changes: Partial<InterleavedReplica>, describe: () => string) => Step<InterleavedState>

const stopsFor = ({ replicas }: InterleavedState, regency: number): number =>
  replicas.filter(({ stopped }) => stopped >= regency).length

/** Step 1: on timeout, at any time, or joining f + 1 others, of which the Byzantine replica is one whenever it likes. */
function stopSteps({ scope }: Rules, state: InterleavedState, replica: InterleavedReplica, step: MakeStep) {
  const steps: Step<InterleavedState>[] = []
  for (let regency = replica.regency + 1; regency <= scope.regencies; regency++) {
    const may = regency === replica.regency + 1 || stopsFor(state, regency) >= 1
    if (may && regency > replica.stopped)
      steps.push(step({ stopped: regency }, () => `sends STOP for regency ${regency}`))
  }
  return steps
}

/** Step 2: Q STOPs, one of them the Byzantine replica's. */
function installSteps(
  rules: Rules,
  state: InterleavedState,
  facts: Facts,
  replica: InterleavedReplica,
  step: MakeStep,
) {
  const steps: Step<InterleavedState>[] = []
  for (let regency = Math.max(replica.regency + 1, replica.stopped); regency <= rules.scope.regencies; regency++) {
    if (stopsFor(state, regency) < 2) continue
    for (const report of rules.correctReports(facts, regency, locksOf(rules.scope, replica))) {
      const reports = replica.reports.map((other, r) => (r === regency ? report : other))
      const changes = { regency, stopped: regency, binding: undefined, reports }
      steps.push(step(changes, () => `installs regency ${regency}, STOPDATA: ${reportText(report)}`))
    }
  }
  return steps
}

function syncSteps(rules: Rules, state: InterleavedState, facts: Facts, replica: InterleavedReplica, step: MakeStep) {
  const steps: Step<InterleavedState>[] = []
  for (let regency = Math.max(replica.regency, replica.stopped, 2); regency <= rules.scope.regencies; regency++) {
    if (regency === replica.regency && replica.binding !== undefined) continue
    const sent = state.replicas.map(({ reports }) => reports[regency])
    for (const binding of rules.bindings(facts, regency, sent)) {
      steps.push(step({ regency, binding }, () => `takes a SYNC of regency ${regency}: ${bindingText(binding)}`))
    }
  }
  return steps
}

/** WRITE and ACCEPT in the regency in force, as long as no STOP ended it; or, as a planted fault, nevertheless. */
function voteSteps(scope: Scope, facts: Facts, replica: InterleavedReplica, step: MakeStep) {
  const { regency, stopped, binding, written, accepted } = replica
  const steps: Step<InterleavedState>[] = []
  const late = scope.plant === 'vote-after-stop'
  for (const cid of cidsOf(scope)) {
    for (let epoch = late ? 1 : regency; epoch <= regency; epoch++) {
      if (!late && (stopped > epoch || binding === undefined)) continue
      const slot = at(scope, cid, epoch)
      const bound = epoch < regency ? (epoch === 1 ? FREE : undefined) : binding?.digests[cid - 1]
      if (written[slot] === NONE && bound !== undefined) {
        for (const value of writable(scope, bound)) {
          const changes = { written: written.map((other, s) => (s === slot ? value : other)) }
          steps.push(step(changes, () => `writes ${valueName(value)} for cid ${cid} in regency ${epoch}`))
        }
      }
      if (accepted[slot] !== NONE) continue
      for (const value of valuesIn(facts.certs[slot] ?? 0)) {
        const changes = { accepted: accepted.map((other, s) => (s === slot ? value : other)) }
        steps.push(step(changes, () => `accepts ${valueName(value)} for cid ${cid} in regency ${epoch}`))
      }
    }
  }
  return steps
}

type Rename = (cid: number, value: number) => number

function encode(scope: Scope, { replicas }: InterleavedState, rename: Rename): string {
  const votes = (all: readonly number[]): string =>
    all.map((value, slot) => rename(Math.floor(slot / scope.regencies), value)).join('')
  return replicas
    .map(({ regency, stopped, binding, written, accepted, reports }) => {
      const bound = binding && bindingKey({ ...binding, digests: binding.digests.map((value, i) => rename(i, value)) })
      const said = reports.map(
        (report) =>
          report &&
          reportKey({
            ...report,
            locks: report.locks.map((lock, i) =>
              lock === 0 ? 0 : lockOf(epochOf(lock), rename(i, lockedValue(lock))),
            ),
          }),
      )
      return `${regency}${stopped}${bound}|${votes(written)}|${votes(accepted)}|${said.join('|')}`
    })
    .sort()
    .join('/')
}
