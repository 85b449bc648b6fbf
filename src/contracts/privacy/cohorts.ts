import { Type } from 'typebox'
import { CIPHERTEXT_DIGITS, ciphertextProblem, fromDigits, toDigits, verifyOpening } from '../../crypto/paillier.js'
import { parseUnit, UNIT_LENGTH_MAX } from '../../formats/units.js'
import { defineMethod, type MethodContext } from '../contract.js'
import { Name } from '../limits.js'
import { hashText } from '../text.js'
import { ModuloN, ModuloNSquared } from './keys.js'
import { demandSigned, Meter, MeterSignature } from './meters.js'
import { type CohortRecord, cohortKey, contributionKey, type PaillierKeyRecord, paillierKeyKey } from './records.js'
import { CHECK_COST, type PrivacySettings, spendCheck } from './settings.js'

export const COHORT_SIZE_MAX = 1_000_000
export const VALUE_MAX = 1_000_000_000_000

const closed = { additionalProperties: false } as const
export const Cohort = Type.String({ minLength: 1, maxLength: 96, pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]*$' })

export const createCohort = defineMethod({
  summary: 'Begins a sum: to which key, of how many contributions at least, and of what.',
  args: Type.Object(
    {
      cohort: Cohort,
      key: Name,
      minimum: Type.Integer({ minimum: 1, maximum: COHORT_SIZE_MAX }),
      valueMax: Type.Integer({ minimum: 1, maximum: VALUE_MAX }),
      unit: Type.String({ minLength: 1, maxLength: UNIT_LENGTH_MAX }),
    },
    closed,
  ),
  roles: 'any',
  signed: true,
  events: ['privacy/cohort-created'],
  refusals: [
    'privacy/unknown-key',
    'privacy/not-owner',
    'privacy/cohort-exists',
    'privacy/minimum-too-small',
    'privacy/bad-unit',
  ],
  handler(ctx, { cohort, key, minimum, valueMax, unit: text }) {
    const { organization } = ctx.caller
    const owned = ctx.state.get<PaillierKeyRecord>(paillierKeyKey(key))
    if (owned === undefined) return ctx.refuse('privacy/unknown-key', `there is no key ${key}`)
    if (owned.organization !== organization) {
      return ctx.refuse('privacy/not-owner', `${owned.organization} owns the key ${key}`)
    }
    if (ctx.state.get(cohortKey(cohort)) !== undefined) {
      return ctx.refuse('privacy/cohort-exists', `there is a cohort ${cohort}`)
    }
    const { cohortSizeMin } = ctx.settings<PrivacySettings>()
    if (minimum < cohortSizeMin) {
      return ctx.refuse('privacy/minimum-too-small', `the network demands at least ${cohortSizeMin}`)
    }
    const unit = parseUnit(text)
    if ('problem' in unit) return ctx.refuse('privacy/bad-unit', unit.problem)
    const record: CohortRecord = {
      cohort,
      key,
      organization,
      minimum,
      valueMax,
      unit: unit.canonical,
      created: { height: ctx.height, timeMs: ctx.timeMs },
      contributions: 0,
      product: toDigits(1n, CIPHERTEXT_DIGITS),
      closed: null,
      opened: null,
    }
    ctx.state.set(cohortKey(cohort), record)
    ctx.emit('privacy/cohort-created', { cohort, key, organization, minimum, valueMax, unit: record.unit })
    return { cohort, minimum, unit: record.unit }
  },
})

export const contribute = defineMethod({
  summary: 'Adds the encrypted value of one meter, signed by the meter.',
  args: Type.Object({ cohort: Cohort, meter: Meter, ciphertext: ModuloNSquared, signature: MeterSignature }, closed),
  roles: 'any',
  events: ['privacy/contributed'],
  refusals: [
    'privacy/unknown-cohort',
    'privacy/cohort-closed',
    'privacy/duplicate',
    'privacy/unknown-meter',
    'privacy/meter-not-entitled',
    'privacy/bad-signature',
    'privacy/ciphertext-out-of-range',
    'privacy/ciphertext-not-a-unit',
  ],
  handler(ctx, { cohort, meter, ciphertext, signature }) {
    const record = ctx.state.get<CohortRecord>(cohortKey(cohort))
    if (record === undefined) return ctx.refuse('privacy/unknown-cohort', `there is no cohort ${cohort}`)
    if (record.closed !== null) return ctx.refuse('privacy/cohort-closed', `since height ${record.closed.height}`)
    if (ctx.state.get(contributionKey(cohort, meter)) !== undefined) {
      return ctx.refuse('privacy/duplicate', `${meter} has contributed to ${cohort}`)
    }
    demandSigned(ctx, cohort, meter, ciphertext, signature)
    const n = modulusOf(ctx, record)
    const c = fromDigits(ciphertext)
    const problem = ciphertextProblem(n, c)
    if (problem === 'out-of-range') return ctx.refuse('privacy/ciphertext-out-of-range', `of the meter ${meter}`)
    if (problem === 'not-a-unit') return ctx.refuse('privacy/ciphertext-not-a-unit', `of the meter ${meter}`)
    const product = toDigits((fromDigits(record.product) * c) % (n * n), CIPHERTEXT_DIGITS)
    const contributions = record.contributions + 1
    const ciphertextHash = hashText(ctx.crypto, ciphertext)
    const now = { height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(cohortKey(cohort), { ...record, contributions, product })
    ctx.state.set(contributionKey(cohort, meter), { ciphertextHash, ...now })
    ctx.emit('privacy/contributed', { cohort, meter, ciphertextHash, contributions })
    return { cohort, contributions, entry: ctx.transaction }
  },
})

function modulusOf(ctx: MethodContext, { key }: CohortRecord): bigint {
  return fromDigits(ctx.state.get<PaillierKeyRecord>(paillierKeyKey(key))?.n ?? '0')
}

/** The cohort, if it exists and the caller owns its key. */
function ownCohort(ctx: MethodContext<'privacy/unknown-cohort' | 'privacy/not-owner'>, cohort: string): CohortRecord {
  const record = ctx.state.get<CohortRecord>(cohortKey(cohort))
  if (record === undefined) return ctx.refuse('privacy/unknown-cohort', `there is no cohort ${cohort}`)
  if (record.organization !== ctx.caller.organization) {
    return ctx.refuse('privacy/not-owner', `${record.organization} owns the cohort ${cohort}`)
  }
  return record
}

export const closeCohort = defineMethod({
  summary: 'Closes a cohort that has its contributions: the product of the ciphertexts stays as it is.',
  args: Type.Object({ cohort: Cohort }, closed),
  roles: 'any',
  signed: true,
  events: ['privacy/cohort-closed'],
  refusals: ['privacy/unknown-cohort', 'privacy/not-owner', 'privacy/cohort-closed', 'privacy/cohort-too-small'],
  handler(ctx, { cohort }) {
    const record = ownCohort(ctx, cohort)
    if (record.closed !== null) return ctx.refuse('privacy/cohort-closed', `since height ${record.closed.height}`)
    const { contributions, minimum, product } = record
    if (contributions < minimum) {
      return ctx.refuse('privacy/cohort-too-small', `it has ${contributions} contributions and needs ${minimum}`)
    }
    ctx.state.set(cohortKey(cohort), { ...record, closed: { height: ctx.height, timeMs: ctx.timeMs } })
    ctx.emit('privacy/cohort-closed', { cohort, contributions, productHash: hashText(ctx.crypto, product) })
    return { cohort, contributions, product }
  },
})

export const openCohort = defineMethod({
  summary: 'Publishes the sum of a closed cohort with the randomness by which anyone can check it.',
  args: Type.Object(
    {
      cohort: Cohort,
      sum: Type.String({ minLength: 1, maxLength: 24, pattern: '^(0|[1-9][0-9]*)$' }),
      randomness: ModuloN,
    },
    closed,
  ),
  roles: 'any',
  signed: true,
  cost: CHECK_COST,
  events: ['privacy/opened', 'privacy/opening-rejected'],
  refusals: [
    'privacy/unknown-cohort',
    'privacy/not-owner',
    'privacy/cohort-not-closed',
    'privacy/cohort-opened',
    'privacy/implausible-sum',
    'privacy/busy',
  ],
  handler(ctx, { cohort, sum, randomness }) {
    const record = ownCohort(ctx, cohort)
    if (record.closed === null) return ctx.refuse('privacy/cohort-not-closed', `the cohort ${cohort} is not closed`)
    if (record.opened !== null) return ctx.refuse('privacy/cohort-opened', `its sum is ${record.opened.sum}`)
    const { contributions, valueMax, unit } = record
    const most = BigInt(contributions) * BigInt(valueMax)
    if (BigInt(sum) > most)
      return ctx.refuse('privacy/implausible-sum', `${contributions} contributions make ${most} at most`)
    spendCheck(ctx)
    const holds = verifyOpening(modulusOf(ctx, record), fromDigits(record.product), BigInt(sum), fromDigits(randomness))
    const facts = { cohort, sum, unit, contributions }
    if (!holds) {
      ctx.emit('privacy/opening-rejected', facts)
      return { outcome: 'rejected' as const, ...facts }
    }
    const opened = { sum, randomness, height: ctx.height, timeMs: ctx.timeMs }
    ctx.state.set(cohortKey(cohort), { ...record, opened })
    ctx.emit('privacy/opened', facts)
    return { outcome: 'opened' as const, ...facts, producer: ctx.producer() }
  },
})
