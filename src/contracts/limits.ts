import { Type } from 'typebox'
import { LIMITS } from '../types/index.js'

/** Parts of argument schemas that several contracts share. */

/** Id of an organization or name of a member, as in the genesis document. */
export const Name = Type.String({ minLength: 1, maxLength: LIMITS.nameLengthMax, pattern: '^[a-z0-9][a-z0-9._-]*$' })

/** UTC milliseconds since 1970. */
export const Time = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const HeightArgument = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** SHA-256, hexadecimal. */
export const Hash = Type.String({ minLength: 64, maxLength: 64, pattern: '^[0-9a-f]{64}$' })

/** A member's public key, in hexadecimal: 32 bytes of Ed25519, or a compressed point of P-256. */
export const PublicKey = {
  keyType: Type.Union([Type.Literal('ed25519'), Type.Literal('p256')]),
  publicKey: Type.String({ minLength: 64, maxLength: 66, pattern: '^[0-9a-f]+$' }),
}

/** Entries of one page of a listing. */
export const PAGE_MAX = 100
export const Limit = Type.Integer({ minimum: 1, maximum: PAGE_MAX })
