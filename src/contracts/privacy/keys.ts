import { Type } from 'typebox'
import {
  CIPHERTEXT_DIGITS,
  fromDigits,
  MODULUS_DIGITS,
  MODULUS_ROOTS,
  modulusProblem,
  verifyModulus,
} from '../../crypto/paillier.js'
import { defineMethod } from '../contract.js'
import { Name } from '../limits.js'
import { hashText } from '../text.js'
import { modulusKey, type PaillierKeyRecord, paillierKeyKey } from './records.js'
import { CHECK_COST, spendCheck } from './settings.js'

const digits = (length: number) => Type.String({ minLength: length, maxLength: length, pattern: '^[0-9a-f]+$' })
export const ModuloN = digits(MODULUS_DIGITS)
export const ModuloNSquared = digits(CIPHERTEXT_DIGITS)

export const registerKey = defineMethod({
  summary:
    'Registers a public key of Paillier, with the proof that a sum encrypted to it can be opened in one way only.',
  args: Type.Object(
    {
      key: Name,
      n: ModuloN,
      g: Type.Optional(ModuloN),
      nSquared: Type.Optional(ModuloNSquared),
      roots: Type.Array(ModuloN, { minItems: MODULUS_ROOTS, maxItems: MODULUS_ROOTS }),
    },
    { additionalProperties: false },
  ),
  roles: ['utility', 'owner', 'nmi', 'notified-body', 'surveillance', 'laboratory'],
  signed: true,
  cost: CHECK_COST,
  events: ['privacy/key-registered', 'privacy/key-rejected'],
  refusals: ['privacy/bad-key', 'privacy/key-inconsistent', 'privacy/key-exists', 'privacy/key-in-use', 'privacy/busy'],
  handler(ctx, { key, n: text, g, nSquared, roots }) {
    const { organization, member } = ctx.caller
    if (ctx.state.get(paillierKeyKey(key)) !== undefined) {
      return ctx.refuse('privacy/key-exists', `there is a key ${key}`)
    }
    const hash = hashText(ctx.crypto, text)
    const other = ctx.state.get<string>(modulusKey(hash))
    if (other !== undefined) return ctx.refuse('privacy/key-in-use', `it is that of ${other}`)
    const n = fromDigits(text)
    if (g !== undefined && fromDigits(g) !== n + 1n) return ctx.refuse('privacy/key-inconsistent', 'G is not N + 1')
    if (nSquared !== undefined && fromDigits(nSquared) !== n * n) {
      return ctx.refuse('privacy/key-inconsistent', 'N² is not the square of N')
    }
    const problem = modulusProblem(n)
    if (problem !== undefined) return ctx.refuse('privacy/bad-key', problem)
    spendCheck(ctx)
    if (!verifyModulus(ctx.crypto.sha256, n, roots.map(fromDigits))) {
      ctx.emit('privacy/key-rejected', { key, organization, member, modulusHash: hash })
      return { key, outcome: 'rejected' as const, modulusHash: hash }
    }
    const registered = { height: ctx.height, timeMs: ctx.timeMs }
    const record: PaillierKeyRecord = { key, n: text, organization, registered }
    ctx.state.set(paillierKeyKey(key), record)
    ctx.state.set(modulusKey(hash), key)
    ctx.emit('privacy/key-registered', { key, organization, member, modulusHash: hash })
    return { key, outcome: 'registered' as const, modulusHash: hash }
  },
})
