/** Breadth-first search over all states of a model: every state once, the shortest way to a violation first. */

export interface Step<S> {
  readonly next: S
  /** What happened, for a reader; made only for the trace of a violation. */
  readonly describe: () => string
}

export interface Model<S> {
  readonly initial: S
  steps(state: S): readonly Step<S>[]
  /** The same for states that are alike but for names (symmetry); two states of one key have like futures. */
  key(state: S): string
  /** Says which property a state breaks, or nothing. */
  violation(state: S): string | undefined
}

export interface Exploration {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly violation?: { readonly what: string; readonly trace: readonly string[] }
}

interface Found<S> {
  readonly state: S
  readonly parent: Found<S> | undefined
  readonly describe: () => string
}

/** Explores until the first violation, or everything. `visit` sees every state once. */
export function explore<S>(model: Model<S>, visit: (state: S) => void = () => undefined): Exploration {
  const seen = new Set<string>()
  let frontier: Found<S>[] = [{ state: model.initial, parent: undefined, describe: () => 'start' }]
  seen.add(model.key(model.initial))
  let transitions = 0
  let depth = 0
  for (; frontier.length > 0; depth++) {
    const next: Found<S>[] = []
    for (const found of frontier) {
      visit(found.state)
      const what = model.violation(found.state)
      if (what !== undefined) {
        return { states: seen.size, transitions, depth, violation: { what, trace: traceOf(found) } }
      }
      for (const step of model.steps(found.state)) {
        transitions += 1
        const key = model.key(step.next)
        if (seen.has(key)) continue
        seen.add(key)
        next.push({ state: step.next, parent: found, describe: step.describe })
      }
    }
    frontier = next
  }
  return { states: seen.size, transitions, depth: depth - 1 }
}

function traceOf<S>(last: Found<S>): readonly string[] {
  const lines: string[] = []
  for (let at: Found<S> = last; at.parent !== undefined; at = at.parent) lines.unshift(at.describe())
  return lines.filter((line) => line !== '')
}
