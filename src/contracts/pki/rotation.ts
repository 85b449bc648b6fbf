import { Type } from 'typebox'
import { type InstrumentRecord, standingOf } from '../../formats/pki-status.js'
import { rotationStatement } from '../../formats/record-statements.js'
import { checkText } from '../../formats/signed-record.js'
import { defineMethod } from '../contract.js'
import { Time } from '../limits.js'
import { Instrument, KeyNumber, NEW_KEY, Reason, Signature } from './arguments.js'
import {
  admitKey,
  demandActive,
  demandFreeUsages,
  entryOf,
  isParty,
  loadInstrument,
  loadKey,
  NEW_KEY_REFUSALS,
  NOT_ACTIVE,
  pastTime,
  store,
  withKey,
} from './instrument.js'

export const rotate = defineMethod({
  summary:
    'Replaces an active key by a new one that the old key has signed. The new one is active at once, the old one retired.',
  args: Type.Object(
    { instrument: Instrument, key: Type.Optional(KeyNumber), ...NEW_KEY, coSignature: Signature },
    { additionalProperties: false },
  ),
  roles: 'any',
  events: ['pki/rotated'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/not-operator',
    ...NOT_ACTIVE,
    ...NEW_KEY_REFUSALS,
    'pki/bad-co-signature',
    'pki/too-many-keys',
    'pki/history-full',
  ],
  handler(ctx, { instrument, key: wanted, coSignature, ...given }) {
    const before = loadInstrument(ctx, instrument)
    const old = loadKey(ctx, before, wanted)
    const { organization } = ctx.caller
    if (!isParty(before, organization))
      return ctx.refuse('pki/not-operator', `${before.operator} operates ${instrument}`)
    demandActive(ctx, before, old.number, ctx.timeMs)
    const parsed = admitKey(ctx, instrument, given)
    const verdict = checkText(ctx.crypto, old, rotationStatement(instrument, parsed.key), coSignature)
    if (verdict !== 'good') {
      return ctx.refuse(
        'pki/bad-co-signature',
        `the signature over the rotation text by key ${old.number} is ${verdict}`,
      )
    }
    const { validUntilMs = null } = given
    const { record, key } = withKey(ctx, before, parsed, { usages: old.usages, validUntilMs, replaces: old.number })
    const { number } = key
    store(
      ctx,
      record,
      entryOf(ctx, 'retired', old.number),
      entryOf(ctx, 'proposed', number),
      entryOf(ctx, 'activated', number),
    )
    ctx.emit('pki/rotated', {
      instrument,
      number,
      replaces: old.number,
      key: key.key,
      curve: key.curve,
      organization,
      emergency: false,
    })
    return { instrument, key: number, replaces: old.number, status: 'active' }
  },
})

/** The authority takes over what was endorsed; it does not make endorsements needless. */
const wasActive = ({ history }: InstrumentRecord, number: number): boolean =>
  history.some(({ event, key }) => event === 'activated' && key === number)

export const emergencyRotate = defineMethod({
  summary:
    'The authority replaces a key that is no longer to be trusted: the old one is revoked, the new one active at once.',
  args: Type.Object(
    { instrument: Instrument, key: Type.Optional(KeyNumber), ...NEW_KEY, reason: Reason, invalidSinceMs: Time },
    { additionalProperties: false },
  ),
  roles: ['nmi'],
  signed: true,
  events: ['pki/revoked', 'pki/rotated'],
  refusals: [
    'pki/unknown-instrument',
    'pki/unknown-key',
    'pki/wrong-state',
    'pki/invalid-since-in-future',
    'pki/usage-taken',
    ...NEW_KEY_REFUSALS,
    'pki/too-many-keys',
    'pki/history-full',
  ],
  handler(ctx, { instrument, key: wanted, reason, invalidSinceMs: since, ...given }) {
    const before = loadInstrument(ctx, instrument)
    const old = loadKey(ctx, before, wanted)
    const { organization, member: by } = ctx.caller
    if (!wasActive(before, old.number)) {
      return ctx.refuse('pki/wrong-state', `key ${old.number} of ${instrument} never had its endorsements`)
    }
    pastTime(ctx, since)
    demandFreeUsages(ctx, before, old.usages, old.number)
    const parsed = admitKey(ctx, instrument, given)
    const { validUntilMs = null } = given
    const { record, key } = withKey(ctx, before, parsed, { usages: old.usages, validUntilMs, replaces: old.number })
    const { number } = key
    const revokes = standingOf(before, old.number) !== 'revoked'
    store(
      ctx,
      record,
      ...(revokes ? [entryOf(ctx, 'revoked', old.number, { sinceMs: since, reason })] : []),
      entryOf(ctx, 'proposed', number, { reason }),
      entryOf(ctx, 'activated', number, { reason }),
    )
    if (revokes)
      ctx.emit('pki/revoked', { instrument, number: old.number, organization, reason, invalidSinceMs: since, by })
    ctx.emit('pki/rotated', {
      instrument,
      number,
      replaces: old.number,
      key: key.key,
      curve: key.curve,
      organization,
      emergency: true,
    })
    return { instrument, key: number, replaces: old.number, status: 'active' }
  },
})
