import type { Outcome } from './run-world.js'
import { FALSE_DISCOVERY_RATE_MAX, WORLD_BY_NAME, type World } from './worlds.js'

export interface WorldReport {
  readonly sensitivity: number
  readonly specificity: number
  readonly falseDiscoveryRate: number
  /** `null` when nothing was found. */
  readonly meanRefuelsToDetection: number | null
  /** By the sequential test alone, and the share of the fraudulent dispensers that it found. */
  readonly meanRefuelsToSequential: number | null
  readonly sequentialSensitivity: number
  /** Sensitivity among the dispensers that an anchor reaches. */
  readonly anchoredSensitivity: number
  /** Mean of the false discovery rate over all looks. */
  readonly falseDiscoveryRateOfLooks: number
  /** Share of the honest dispensers that were suspect at any of the looks. */
  readonly everFalselySuspected: number
  /** Share of the fraudulent dispensers called conforming. */
  readonly excused: number
  /** Verdicts other than inconclusive where no anchor reaches. */
  readonly unfounded: number
  readonly seeds: number
  /** Targets that were missed, in words. */
  readonly missed: readonly string[]
}

const rounded = (value: number): number => Number(value.toFixed(4))

export function reportOf(name: string, outcomes: readonly Outcome[]): WorldReport {
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, outcome) => total + of(outcome), 0)
  const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole)
  const delays = outcomes.flatMap((outcome) => outcome.delays)
  const sequentialDelays = outcomes.flatMap((outcome) => outcome.sequentialDelays)
  const honest = sum((outcome) => outcome.honest)
  const fraudulent = sum((outcome) => outcome.fraudulent)
  const figures = {
    sensitivity: rounded(
      share(
        sum(({ found }) => found),
        fraudulent,
      ),
    ),
    specificity: rounded(
      1 -
        share(
          sum(({ falselySuspected }) => falselySuspected),
          honest,
        ),
    ),
    falseDiscoveryRate: rounded(sum(({ falseShare }) => falseShare) / outcomes.length),
    meanRefuelsToDetection: meanOf(delays),
    meanRefuelsToSequential: meanOf(sequentialDelays),
    sequentialSensitivity: rounded(share(sequentialDelays.length, fraudulent)),
    anchoredSensitivity: rounded(
      share(
        sum(({ anchoredFound }) => anchoredFound),
        sum(({ anchored }) => anchored),
      ),
    ),
    falseDiscoveryRateOfLooks: rounded(sum(({ falseShareOfLooks }) => falseShareOfLooks) / outcomes.length),
    everFalselySuspected: rounded(
      share(
        sum(({ everFalselySuspected }) => everFalselySuspected),
        honest,
      ),
    ),
    excused: rounded(
      share(
        sum(({ excused }) => excused),
        fraudulent,
      ),
    ),
    unfounded: sum(({ unfounded }) => unfounded),
  }
  return { ...figures, seeds: outcomes.length, missed: missedBy(figures, WORLD_BY_NAME[name] as World) }
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : rounded(values.reduce((total, value) => total + value, 0) / values.length)
}

function missedBy(figures: Omit<WorldReport, 'seeds' | 'missed'>, { targets }: World): string[] {
  const missed: string[] = []
  const least = (name: string, value: number, min: number): void => {
    if (value < min) missed.push(`${name} ${value}, at least ${min} is asked`)
  }
  const most = (name: string, value: number | null, max: number): void => {
    if (value === null || value > max) missed.push(`${name} ${value}, at most ${max} is asked`)
  }
  least('sensitivity', figures.sensitivity, targets.sensitivityMin)
  least('anchoredSensitivity', figures.anchoredSensitivity, targets.anchoredSensitivityMin ?? 0)
  least('specificity', figures.specificity, targets.specificityMin)
  most('falseDiscoveryRate', figures.falseDiscoveryRate, FALSE_DISCOVERY_RATE_MAX)
  most('unfounded', figures.unfounded, 0)
  if (targets.meanRefuelsToDetectionMax !== undefined) {
    most('meanRefuelsToDetection', figures.meanRefuelsToDetection, targets.meanRefuelsToDetectionMax)
  }
  return missed
}
