/**
 * The texts that vehicles and dispensers hash and sign. Fields stand on lines of their own and none can hold a line break, so
 * that no two meanings share a text.
 */

/** What a vehicle measured of one refuel. */
export interface FuelReading {
  readonly vehicle: string
  readonly dispenser: string
  /** Grows with every refuel of the vehicle. */
  readonly sequence: number
  readonly volumeMicrolitre: number
  /** Samples of the level behind each of the two medians, before and after. */
  readonly samples: number
  readonly stationary: boolean
}

/** What a vehicle commits to: SHA-256 of the UTF-8 bytes of this. @param nonce 64 hexadecimal characters */
export function readingStatement(reading: FuelReading, nonce: string): string {
  const { vehicle, dispenser, sequence, volumeMicrolitre, samples, stationary } = reading
  return `etalon fuel reading 1\n${vehicle}\n${dispenser}\n${sequence}\n${volumeMicrolitre}\n${samples}\n${stationary}\n${nonce}`
}

/** What a vehicle's pseudonym key signs, Ed25519, so that nobody commits in its name. */
export function commitStatement(vehicle: string, dispenser: string, sequence: number, commitment: string): string {
  return `etalon fuel commit 1\n${vehicle}\n${dispenser}\n${sequence}\n${commitment}`
}

/** What the pulser of a dispenser signs: the volume that it declares for one refuel. */
export function declarationStatement(dispenser: string, commitment: string, volumeMicrolitre: number): string {
  return `etalon fuel declaration 1\n${dispenser}\n${commitment}\n${volumeMicrolitre}`
}
