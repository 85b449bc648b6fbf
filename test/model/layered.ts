import type { Model, Step } from './explore.js'
import {
  at,
  type Binding,
  bindingText,
  brokenProperty,
  CORRECT,
  cidsOf,
  correctVotesNeeded,
  epochOf,
  type Facts,
  FREE,
  has,
  lockOf,
  NAMES,
  NONE,
  provenHeight,
  type Report,
  type Rules,
  reportText,
  type Scope,
  valueName,
  valuesIn,
  writable,
} from './protocol.js'
import { Symmetry } from './symmetry.js'

/**
 * The regency change in normal form: first everything of regency 1, then everything of regency 2, and so on; within a
 * regency first STOPDATA, then WRITE, then ACCEPT. Nothing is lost by that. What a replica does in a regency depends on
 * messages of that regency and of lower ones, and on what it did itself before, which was in that regency or a lower
 * one; so every history can be put into this order without any replica noticing. That some votes come late, or never,
 * is in it as the choice to report a certificate or not. See docs/protocol-model.md.
 */
export interface LayeredState extends Facts {
  readonly regency: number
  readonly phase: 'stop-data' | 'write' | 'accept'
  readonly replicas: readonly LayeredReplica[]
  /** What the SYNCs that can be made of the STOPDATA bind; in phase `write`. */
  readonly bindings: readonly Binding[]
}

export interface LayeredReplica {
  /** Highest epoch and value that it accepted, by cid. */
  readonly accepted: readonly number[]
  readonly report: Report | undefined
  /** What it wrote in this regency, by cid; undefined before it took up the regency. */
  readonly written: readonly number[] | undefined
  /** Values that it wrote in earlier regencies, by cid; kept only where a planted fault looks at them. */
  readonly old: readonly number[]
}

export function layered(rules: Rules): Model<LayeredState> {
  const { scope } = rules
  const symmetry = new Symmetry(scope)
  return {
    initial: initialOf(scope),
    steps: (state) => stepsOf(rules, state),
    key: (state) => symmetry.key(state),
    violation: (state) => brokenProperty(scope, state) ?? unprovenBase(scope, state),
  }
}

function initialOf(scope: Scope): LayeredState {
  const none = cidsOf(scope).map(() => 0)
  const replica: LayeredReplica = { accepted: none, report: undefined, written: undefined, old: none }
  return {
    regency: 1,
    phase: 'write',
    certs: Array.from({ length: scope.cids * scope.regencies }, () => 0),
    decided: none,
    replicas: CORRECT.map(() => replica),
    bindings: [{ base: 0, digests: none.map(() => FREE) }],
  }
}

function unprovenBase(scope: Scope, state: LayeredState): string | undefined {
  const proven = provenHeight(scope, state)
  const beyond = state.bindings.find(({ base }) => base > proven)
  return beyond && `base: a SYNC starts above height ${beyond.base}, but only ${proven} is decided`
}

function stepsOf(rules: Rules, state: LayeredState): Step<LayeredState>[] {
  switch (state.phase) {
    case 'stop-data':
      return [...reportSteps(rules, state), { next: toWrite(rules, state), describe: () => '' }]
    case 'write':
      return [...writeSteps(rules.scope, state), { next: toAccept(rules.scope, state), describe: () => '' }]
    case 'accept': {
      const steps = acceptSteps(rules.scope, state)
      if (state.regency < rules.scope.regencies) steps.push({ next: toStopData(state), describe: () => '' })
      return steps
    }
  }
}

function withReplica(state: LayeredState, i: number, changes: Partial<LayeredReplica>): LayeredState {
  return { ...state, replicas: state.replicas.map((replica, j) => (j === i ? { ...replica, ...changes } : replica)) }
}

/** Step 2 of the regency change. A replica that sends nothing, or too late, does not act here. */
function reportSteps(rules: Rules, state: LayeredState): Step<LayeredState>[] {
  const { regency } = state
  return CORRECT.filter((i) => state.replicas[i]?.report === undefined).flatMap((i) =>
    rules.correctReports(state, regency, state.replicas[i]?.accepted ?? []).map((report) => ({
      next: withReplica(state, i, { report }),
      describe: () => `regency ${regency}: ${NAMES[i]} leaves the one before, STOPDATA: ${reportText(report)}`,
    })),
  )
}

function toWrite(rules: Rules, state: LayeredState): LayeredState {
  const reports = state.replicas.map(({ report }) => report)
  const bindings = rules.bindings(state, state.regency, reports)
  const replicas = state.replicas.map((replica) => ({ ...replica, report: undefined }))
  return { ...state, phase: 'write', replicas, bindings }
}

/** Step 4: a replica takes up the regency with one of its SYNCs, and writes for some cids. */
function writeSteps(scope: Scope, state: LayeredState): Step<LayeredState>[] {
  const { regency, bindings } = state
  const votes = new Map<string, { written: readonly number[]; binding: Binding }>()
  for (const binding of bindings) {
    for (const written of choices(binding.digests.map((digest) => [NONE, ...writable(scope, digest)]))) {
      if (written.some((value) => value !== NONE)) votes.set(written.join(), { written, binding })
    }
  }
  return CORRECT.filter((i) => state.replicas[i]?.written === undefined).flatMap((i) =>
    [...votes.values()].map(({ written, binding }) => ({
      next: withReplica(state, i, { written }),
      describe: () => `regency ${regency}: ${writeText(NAMES[i], binding, written, regency)}`,
    })),
  )
}

function writeText(name: string | undefined, binding: Binding, written: readonly number[], regency: number): string {
  const votes = written.flatMap((value, i) => (value === NONE ? [] : [`${valueName(value)} for cid ${i + 1}`]))
  const sync = regency === 1 ? '' : ` takes a SYNC (${bindingText(binding)}) and`
  return `${name}${sync} writes ${votes.length === 0 ? 'nothing' : votes.join(' and ')}`
}

function choices(options: readonly (readonly number[])[]): number[][] {
  return options.reduce<number[][]>((all, some) => all.flatMap((one) => some.map((value) => [...one, value])), [[]])
}

function toAccept(scope: Scope, state: LayeredState): LayeredState {
  const certs = [...state.certs]
  const replays = scope.plant === 'replayed-votes'
  for (const cid of cidsOf(scope)) {
    for (let value = 1; value < 8; value++) {
      const votes = state.replicas.filter(
        ({ written, old }) => written?.[cid - 1] === value || (replays && has(old[cid - 1] ?? 0, value)),
      )
      if (votes.length >= correctVotesNeeded(scope))
        certs[at(scope, cid, state.regency)] = (certs[at(scope, cid, state.regency)] ?? 0) | (1 << value)
    }
  }
  const replicas = state.replicas.map((replica) => ({
    ...replica,
    written: undefined,
    old: replays ? replica.old.map((mask, i) => mask | maskOf(replica.written?.[i])) : replica.old,
  }))
  return { ...state, phase: 'accept', certs, replicas, bindings: [] }
}

const maskOf = (value: number | undefined): number => (value === undefined || value === NONE ? 0 : 1 << value)

/** Steps 4 and 5 of the normal case: a prepared certificate of this regency is accepted; a quorum decides. */
function acceptSteps(scope: Scope, state: LayeredState): Step<LayeredState>[] {
  const { regency } = state
  const steps: Step<LayeredState>[] = []
  for (const i of CORRECT) {
    const accepted = state.replicas[i]?.accepted ?? []
    for (const cid of cidsOf(scope)) {
      if (epochOf(accepted[cid - 1] ?? 0) >= regency) continue
      for (const value of valuesIn(state.certs[at(scope, cid, regency)] ?? 0)) {
        const locks = accepted.map((lock, j) => (j === cid - 1 ? lockOf(regency, value) : lock))
        const next = decide(scope, withReplica(state, i, { accepted: locks }), cid, value)
        const describe = (): string => `regency ${regency}: ${NAMES[i]} accepts ${valueName(value)} for cid ${cid}`
        steps.push({ next, describe })
      }
    }
  }
  return steps
}

function decide(scope: Scope, state: LayeredState, cid: number, value: number): LayeredState {
  const lock = lockOf(state.regency, value)
  const votes = state.replicas.filter(({ accepted }) => accepted[cid - 1] === lock).length
  if (votes < correctVotesNeeded(scope)) return state
  return { ...state, decided: state.decided.map((mask, i) => (i === cid - 1 ? mask | (1 << value) : mask)) }
}

function toStopData(state: LayeredState): LayeredState {
  return { ...state, regency: state.regency + 1, phase: 'stop-data' }
}
