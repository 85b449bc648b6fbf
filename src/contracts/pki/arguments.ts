import { Type } from 'typebox'
import { OCMF_LENGTH_MAX } from '../../formats/ocmf.js'
import { KEY_USAGES } from '../../formats/pki-status.js'
import { PEM_LENGTH_MAX } from '../../formats/public-key.js'
import { Time } from '../limits.js'

/** Parts of the argument schemas of pki. */

/** Longest base64 of a signature: DER on P-384, 104 bytes. */
export const SIGNATURE_LENGTH_MAX = 140
export const REASON_LENGTH_MAX = 128
/** Keys of one instrument, in all its time. */
export const KEYS_MAX = 16
export const SEALS_MAX = 8
export const SEAL_LENGTH_MAX = 32

export const Instrument = Type.String({ minLength: 1, maxLength: 96, pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$' })
export const Approval = Type.String({ minLength: 1, maxLength: 96, pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]*$' })
/** Without line breaks, quotes and backslashes: its length in the state is bounded by its own. */
const PLAIN = '^[^\\u0000-\\u001f"\\\\]+$'
export const InstrumentType = Type.String({ minLength: 1, maxLength: 64, pattern: PLAIN })
export const Serial = Type.String({ minLength: 1, maxLength: 64, pattern: PLAIN })
export const Signature = Type.String({ minLength: 1, maxLength: SIGNATURE_LENGTH_MAX })
/** Of `ocmf` and `jws` the whole record. */
export const Message = Type.String({ maxLength: OCMF_LENGTH_MAX })
export const Counter = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const Reason = Type.String({ minLength: 1, maxLength: REASON_LENGTH_MAX, pattern: PLAIN })
export const KeyNumber = Type.Integer({ minimum: 1, maximum: KEYS_MAX })
export const Key = Type.String({ minLength: 1, maxLength: PEM_LENGTH_MAX })
export const Seals = Type.Array(
  Type.String({ minLength: 1, maxLength: SEAL_LENGTH_MAX, pattern: '^[A-Za-z0-9._:/ -]+$' }),
  {
    minItems: 1,
    maxItems: SEALS_MAX,
  },
)

export const Format = Type.Union([
  Type.Literal('etalon-1'),
  Type.Literal('etalon-2'),
  Type.Literal('fabpki'),
  Type.Literal('ocmf'),
  Type.Literal('jws'),
])
export const Curve = Type.Union([
  Type.Literal('p256'),
  Type.Literal('p384'),
  Type.Literal('secp256k1'),
  Type.Literal('brainpoolP256r1'),
  Type.Literal('brainpoolP384r1'),
  Type.Literal('secp192r1'),
  Type.Literal('secp192k1'),
  Type.Literal('ed25519'),
])
export const Clock = Type.Union([
  Type.Literal('unknown'),
  Type.Literal('informative'),
  Type.Literal('relative'),
  Type.Literal('synchronized'),
])
const Usage = Type.Union([
  Type.Literal('measure'),
  Type.Literal('software'),
  Type.Literal('config'),
  Type.Literal('tls'),
])
export const Usages = Type.Array(Usage, { minItems: 1, maxItems: KEY_USAGES.length })

/** A key that comes in: `pem` or `publicKey`, in any form that formats/public-key.ts reads; both names mean the same. */
export const NEW_KEY = {
  pem: Type.Optional(Key),
  publicKey: Type.Optional(Key),
  curve: Type.Optional(Curve),
  /** Signature by the new key over its possession text. */
  possession: Signature,
  validUntilMs: Type.Optional(Time),
} as const
