import { Type } from 'typebox'

/** Ids of regions, stations, dispensers and vehicles. */
export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$' })
/** Zero and more is let in so that a volume of zero has a refusal of its own; 100,000 L is beyond any tank. */
export const Volume = Type.Integer({ minimum: 0, maximum: 100_000_000_000 })
export const Sequence = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
export const Ed25519Key = Type.String({ minLength: 64, maxLength: 64, pattern: '^[0-9a-f]{64}$' })
export const Ed25519Signature = Type.String({ minLength: 128, maxLength: 128, pattern: '^[0-9a-f]{128}$' })
