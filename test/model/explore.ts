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

/** How a state was found first: from which one, and by which of its steps. Numbers only: there are millions. */
interface Origins {
  readonly parents: number[]
  readonly choices: number[]
}

/** Explores until the first violation, or everything. `visit` sees every state once. */
export function explore<S>(model: Model<S>, visit: (state: S) => void = () => undefined): Exploration {
  const seen = new Set<string>([model.key(model.initial)])
  const origins: Origins = { parents: [-1], choices: [-1] }
  let frontier = [{ state: model.initial, index: 0 }]
  let transitions = 0
  let depth = 0
  for (; frontier.length > 0; depth++) {
    const next: typeof frontier = []
    for (const { state, index } of frontier) {
      visit(state)
      const what = model.violation(state)
      if (what !== undefined) {
        return { states: seen.size, transitions, depth, violation: { what, trace: traceTo(model, origins, index) } }
      }
      for (const [choice, step] of model.steps(state).entries()) {
        transitions += 1
        const key = model.key(step.next)
        if (seen.has(key)) continue
        seen.add(key)
        origins.choices.push(choice)
        next.push({ state: step.next, index: origins.parents.push(index) - 1 })
      }
    }
    frontier = next
  }
  return { states: seen.size, transitions, depth: depth - 1 }
}

/** Goes the way to a state again, from the beginning. */
function traceTo<S>(model: Model<S>, { parents, choices }: Origins, index: number): readonly string[] {
  const way: number[] = []
  for (let at = index; at > 0; at = parents[at] ?? 0) way.unshift(choices[at] ?? 0)
  const lines: string[] = []
  let state = model.initial
  for (const choice of way) {
    const step = model.steps(state)[choice]
    if (step === undefined) throw new Error('a model gives the same steps each time')
    lines.push(step.describe())
    state = step.next
  }
  return lines.filter((line) => line !== '')
}
