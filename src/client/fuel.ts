import { toHex, utf8 } from '../base/bytes.js'
import { commitStatement, declarationStatement, type FuelReading, readingStatement } from '../codec/fuel.js'
import type { CryptoSuite } from '../crypto/suite.js'
import type { ClientSigner } from './keys.js'

export { declarationStatement, type FuelReading }

/** Levels of a tank as its sensor gives them, ppm of its capacity, while the vehicle stands. */
export interface TankLevels {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** What a vehicle keeps to itself until the dispenser has declared the volume. */
export interface RefuelOpening {
  readonly reading: FuelReading
  /** 64 hexadecimal characters, drawn at random. */
  readonly nonce: string
  readonly commitment: string
}

/**
 * The volume that went in: the difference of the medians, so that single spikes do not matter. Samples of 0 are drop-outs of
 * the sensor and are left out.
 * @returns `samples` is the smaller number of samples behind a median; `undefined` when one has none or the level did not rise
 */
export function measuredVolume(
  { before, after }: TankLevels,
  tankMicrolitre: number,
): { readonly volumeMicrolitre: number; readonly samples: number } | undefined {
  const [low, high] = [before, after].map((levels) => levels.filter((level) => level > 0).sort((a, b) => a - b))
  const samples = Math.min(low?.length ?? 0, high?.length ?? 0)
  if (low === undefined || high === undefined || samples === 0) return undefined
  const rise = middle(high) - middle(low)
  return rise > 0 ? { volumeMicrolitre: Math.round((rise * tankMicrolitre) / 1_000_000), samples } : undefined
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length >> 1
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2
}

/** Commits to a reading with a fresh nonce. Keep the opening secret until the declaration, and do not lose it. */
export function commitReading(suite: Pick<CryptoSuite, 'sha256'>, reading: FuelReading): RefuelOpening {
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(32)))
  return { reading, nonce, commitment: toHex(suite.sha256(utf8(readingStatement(reading, nonce)))) }
}

/** Arguments of `fuel.commit`. @param signer the vehicle's pseudonym key, Ed25519 */
export async function commitArguments({ reading, commitment }: RefuelOpening, signer: ClientSigner) {
  const { vehicle, dispenser, sequence } = reading
  const signature = toHex(await signer.sign(utf8(commitStatement(vehicle, dispenser, sequence, commitment))))
  return { vehicle, dispenser, sequence, commitment, signature }
}

/** Arguments of `fuel.reveal`. */
export function revealArguments({ reading, nonce, commitment }: RefuelOpening) {
  const { volumeMicrolitre, samples, stationary } = reading
  return { commitment, volumeMicrolitre, samples, stationary, nonce }
}
