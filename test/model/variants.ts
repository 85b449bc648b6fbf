/** What the random walks run over under the rules as they are; none of it may show a violation. */
import { HISTORIES, type History } from './histories.js'
import type { Walk } from './walk.js'

export interface Variant {
  readonly name: string
  readonly walk: Walk
}

const ONE_DISK = { lost: 1, change: 0, w: 1, heights: 7, regencies: 3 } as const

const FREE: readonly Variant[] = [
  { name: 'no lost disk', walk: { scope: {} } },
  { name: 'no lost disk, W = 2, heights to 9', walk: { scope: { w: 2, heights: 9 }, steps: 180 } },
  { name: 'one lost disk, W = 1', walk: { scope: ONE_DISK } },
  { name: 'one lost disk, W = 2', walk: { scope: { ...ONE_DISK, w: 2, heights: 10 }, steps: 180 } },
  { name: 'one lost disk, change of view', walk: { scope: { ...ONE_DISK, change: 1 }, steps: 150 } },
  { name: 'two lost disks', walk: { scope: { ...ONE_DISK, lost: 2, heights: 8 }, steps: 150 } },
]

/** From the first part of a written history: as far as random walks seldom come. */
const from = (history: History, part: number): Variant => {
  const count = Math.floor(history.actions.length * part)
  return {
    name: `from ${history.name}, ${count} actions`,
    walk: {
      scope: { orderly: true },
      beginning: { scope: history.scope, actions: history.actions.slice(0, count) },
      steps: count + 60,
    },
  }
}

export const VARIANTS: readonly Variant[] = [
  ...FREE,
  ...HISTORIES.flatMap((history) => [from(history, 0.6), from(history, 0.85)]),
]
