import type { Address } from './network.js'
import type { SimMs } from './scheduler.js'

export const FAULT_KINDS = [
  'loss',
  'delay',
  'far',
  'duplicate',
  'reorder',
  'narrow',
  'partition',
  'one-way',
  'ambush',
  'blackout',
  'disconnect',
  'kill',
  'restart',
  'power',
  'power-all',
  'compaction',
  'pause',
  'slow-loop',
  'skew',
  'jump',
  'wall-jump',
  'slow-disk',
  'disk-error',
  'rot-log',
  'rot-ledger',
  'lost-disk',
  'old-disk',
] as const

/**
 * `split`, which only Twins plans have, leaves the targets and the others as two groups, whatever was cut before; those in the mask `both` hear
 * everybody.
 */
export type FaultKind = (typeof FAULT_KINDS)[number] | 'split'

/** Faults that a heal does not mend: over a whole history they strike at most f replicas. */
export const LASTING: readonly FaultKind[] = ['rot-log', 'rot-ledger', 'lost-disk', 'old-disk', 'jump']

/** Something goes wrong from an instant of its round until another. */
export interface Fault {
  readonly kind: FaultKind
  /** ms since the start of the round. */
  readonly at: SimMs
  readonly until: SimMs
  readonly targets: readonly Address[]
  readonly parameters: Readonly<Record<string, number>>
}

/** Faults with traffic for a while; then all is healed, progress must come back, and there is rest. */
export interface Round {
  readonly lastsMs: SimMs
  readonly restMs: SimMs
  readonly faults: readonly Fault[]
  /** In the rest every correct replica takes so many transactions, and each must be served in time; none when absent. */
  readonly served?: number
}

export const faultText = ({ kind, targets, parameters }: Fault): string =>
  [kind, targets.map((address) => `r${address}`).join(' '), ...Object.entries(parameters).map(([k, v]) => `${k}=${v}`)]
    .filter((part) => part !== '')
    .join(' ')
