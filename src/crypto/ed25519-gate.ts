import { ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js'
import { fromHex } from '../base/bytes.js'

/** y coordinates of the eight points of small order, sign bit cleared. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set(
  ED25519_TORSION_SUBGROUP.map((hex) => {
    const point = fromHex(hex, 32) as Uint8Array
    return yKey(point)
  }),
)

function yKey(encoded: Uint8Array): string {
  return String.fromCharCode(...encoded.subarray(0, 31), (encoded[31] as number) & 0x7f)
}

/** y < p = 2^255 - 19, and not x = 0 with the sign bit set (those two are of small order anyway). */
function isCanonical(encoded: Uint8Array): boolean {
  if (((encoded[31] as number) & 0x7f) !== 0x7f) return true
  for (let i = 30; i > 0; i--) if (encoded[i] !== 0xff) return true
  return (encoded[0] as number) < 0xed
}

/** True when an encoded point is canonical and not of small order: the gate before an OpenSSL verification. */
export function passesGate(encoded: Uint8Array): boolean {
  return isCanonical(encoded) && !SMALL_ORDER_Y.has(yKey(encoded))
}
