import type { CryptoSuite } from '../../crypto/suite.js'
import type { Digest, Height } from '../../types/index.js'
import { encodeCanonical } from '../canonical.js'
import type { Json } from '../contract.js'
import { hashText } from '../text.js'
import { ALGORITHMS, type Computed } from './algorithms/index.js'
import type { SoftwareRecord } from './records.js'
import type { InputsOf } from './schemas.js'

/** What a version of software finds in raw data. Equal inputs under one version give an equal finding, bit for bit. */
export type Finding = Computed & {
  readonly software: string
  readonly version: string
  readonly algorithm: string
  readonly codeHash: Digest
  readonly parametersHash: Digest
  readonly inputHash: Digest
  /** `none` where the algorithm checks no rule. */
  readonly verdict: 'conforming' | 'not-conforming' | 'none'
}

/** SHA-256 of the canonical JSON of raw data. */
export function inputHash(crypto: CryptoSuite, inputs: InputsOf): Digest {
  return hashText(crypto, `etalon measuring input 1\n${encodeCanonical(inputs as Json)}`)
}

/** SHA-256 of the canonical JSON of a finding: two are the same bit for bit when these are equal. */
export function findingHash(crypto: CryptoSuite, finding: Finding): Digest {
  return hashText(crypto, `etalon measuring finding 1\n${encodeCanonical(finding)}`)
}

/**
 * Runs the algorithm of a version, whether that is still allowed or not: old results can be computed again for as long as the algorithm
 * is shipped as it was approved.
 */
export function evaluate(
  crypto: CryptoSuite,
  record: SoftwareRecord,
  inputs: InputsOf,
): { readonly finding: Finding } | { readonly problem: string } {
  const { software, version, algorithm, codeHash, parameters, parametersHash } = record
  const computed = ALGORITHMS.get(algorithm)?.run(inputs, parameters) ?? { problem: `there is no ${algorithm}` }
  if ('problem' in computed) return computed
  const { checks } = computed
  const verdict = checks.every(({ holds }) => holds) ? 'conforming' : 'not-conforming'
  return {
    finding: {
      software,
      version,
      algorithm,
      codeHash,
      parametersHash,
      inputHash: inputHash(crypto, inputs),
      ...computed,
      verdict: checks.length === 0 ? 'none' : verdict,
    },
  }
}

/** Why a version may not be used for new measurements. */
export type VersionProblem =
  | 'unknown'
  | 'not-approved'
  | 'withdrawn'
  | 'not-yet-allowed'
  | 'superseded'
  | 'code-changed'

export function versionProblem(record: SoftwareRecord | undefined, height: Height): VersionProblem | undefined {
  if (record === undefined) return 'unknown'
  if (record.withdrawn !== null) return 'withdrawn'
  if (record.approved === null) return 'not-approved'
  if (height < record.allowedFrom) return 'not-yet-allowed'
  if (record.supersededBy !== null && height >= record.supersededBy.fromHeight) return 'superseded'
  return isShipped(record) ? undefined : 'code-changed'
}

/** Whether what runs is what was approved. */
export function isShipped({ algorithm, codeHash }: SoftwareRecord): boolean {
  return ALGORITHMS.get(algorithm)?.codeHash === codeHash
}
