import { ecdsa, weierstrass } from '@noble/curves/abstract/weierstrass.js'
import { brainpoolP256r1, brainpoolP384r1 } from '@noble/curves/misc.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, fromHex } from '../base/bytes.js'

/**
 * The curves on which instruments sign. secp192r1 and secp192k1 are too weak for new keys, but chargers in the field use them. secp521r1
 * and brainpoolP512r1 are left out: no format read here names them.
 */
export const ECDSA_CURVES = [
  'p256',
  'p384',
  'secp256k1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'secp192r1',
  'secp192k1',
] as const

export type EcdsaCurve = (typeof ECDSA_CURVES)[number]

type NobleCurve = ReturnType<typeof ecdsa>

interface Curve {
  /** Bytes of a coordinate and of a scalar; on these curves they are equal. */
  readonly bytes: number
  /** Order of the group, big-endian. */
  readonly order: Uint8Array
  /** DER of a SubjectPublicKeyInfo (RFC 5480) up to the point, uncompressed and compressed. */
  readonly spki: { readonly uncompressed: Uint8Array; readonly compressed: Uint8Array }
  readonly noble: () => NobleCurve
}

const hex = (text: string): Uint8Array => fromHex(text) as Uint8Array

/** Objects are made when they are first used: most processes never see most curves. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Curves of SEC 2 (version 1.0, sections 2.5.1 and 2.5.2) that noble does not carry, from their published parameters. */
const secp192k1 = once(() =>
  ecdsa(
    weierstrass({
      p: 0xfffffffffffffffffffffffffffffffffffffffeffffee37n,
      n: 0xfffffffffffffffffffffffe26f2fc170f69466a74defd8dn,
      h: 1n,
      a: 0n,
      b: 3n,
      Gx: 0xdb4ff10ec057e9ae26b07d0280b7f4341da5d1b1eae06c7dn,
      Gy: 0x9b2f2f6d9c5628a7844163d015be86344082aa88d95e2f9dn,
    }),
    sha256,
  ),
)
const secp192r1 = once(() =>
  ecdsa(
    weierstrass({
      p: 0xfffffffffffffffffffffffffffffffeffffffffffffffffn,
      n: 0xffffffffffffffffffffffff99def836146bc9b1b4d22831n,
      h: 1n,
      a: 0xfffffffffffffffffffffffffffffffefffffffffffffffcn,
      b: 0x64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1n,
      Gx: 0x188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012n,
      Gy: 0x07192b95ffc8da78631011ed6b24cdd573f977a11e794811n,
    }),
    sha256,
  ),
)

const EC_PUBLIC_KEY = hex('06072a8648ce3d0201')

/** SEQUENCE { SEQUENCE { id-ecPublicKey, curve }, BIT STRING { 0 unused bits, point } } without the point. */
function spkiPrefix(oid: Uint8Array, pointBytes: number): Uint8Array {
  const algorithm = concatBytes(EC_PUBLIC_KEY, oid)
  const bitString = concatBytes(Uint8Array.of(0x03, pointBytes + 1, 0))
  const body = concatBytes(Uint8Array.of(0x30, algorithm.length), algorithm, bitString)
  return concatBytes(Uint8Array.of(0x30, body.length + pointBytes), body)
}

function curve(bytes: number, order: string, oid: string, noble: () => NobleCurve): Curve {
  const uncompressed = spkiPrefix(hex(oid), 1 + 2 * bytes)
  return { bytes, order: hex(order), spki: { uncompressed, compressed: spkiPrefix(hex(oid), 1 + bytes) }, noble }
}

export const CURVES: Readonly<Record<EcdsaCurve, Curve>> = {
  p256: curve(
    32,
    'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
    '06082a8648ce3d030107',
    () => p256,
  ),
  p384: curve(
    48,
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    '06052b81040022',
    () => p384,
  ),
  secp256k1: curve(
    32,
    'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
    '06052b8104000a',
    () => secp256k1,
  ),
  brainpoolP256r1: curve(
    32,
    'a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7',
    '06092b2403030208010107',
    () => brainpoolP256r1,
  ),
  brainpoolP384r1: curve(
    48,
    '8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565',
    '06092b240303020801010b',
    () => brainpoolP384r1,
  ),
  secp192r1: curve(24, 'ffffffffffffffffffffffff99def836146bc9b1b4d22831', '06082a8648ce3d030101', secp192r1),
  secp192k1: curve(24, 'fffffffffffffffffffffffe26f2fc170f69466a74defd8d', '06052b8104001f', secp192k1),
}
