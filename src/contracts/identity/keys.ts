import { fromHex } from '../../base/bytes.js'
import { passesGate } from '../../crypto/ed25519-gate.js'
import { p256Point } from '../../crypto/p256.js'
import type { KeyType } from '../../types/index.js'

/** What is wrong with a member's public key, for people; `undefined` when it may be enrolled. */
export function keyProblem(keyType: KeyType, publicKey: string): string | undefined {
  if (keyType === 'ed25519') {
    const point = fromHex(publicKey, 32)
    if (point === undefined) return 'an Ed25519 key has 64 lower-case hexadecimal characters'
    return passesGate(point) ? undefined : 'the Ed25519 key is not canonical or of small order'
  }
  const point = fromHex(publicKey, 33)
  if (point === undefined) return 'a P-256 key is a compressed point of 66 lower-case hexadecimal characters'
  return p256Point(point) === undefined ? 'the P-256 key is not a point of the curve' : undefined
}
