import { type Static, Type } from 'typebox'
import type { MethodContext } from '../contract.js'
import { WORK, type WorkRecord } from './records.js'

export const SettingsSchema = Type.Object(
  {
    /** Least contributions of which a sum may be published. */
    cohortSizeMin: Type.Integer({ minimum: 2, maximum: 100_000 }),
    /** Checks with powers (keys, openings: up to 0.15 s each) of one block. */
    checksPerBlockMax: Type.Integer({ minimum: 1, maximum: 16 }),
  },
  { additionalProperties: false },
)

export type PrivacySettings = Static<typeof SettingsSchema>

export const DEFAULTS: PrivacySettings = { cohortSizeMin: 5, checksPerBlockMax: 2 }

/** Cost units of a method that checks powers of 2,048 bits: about half of a block. */
export const CHECK_COST = 2_000

/**
 * Takes one of the costly checks of this block. What comes of the check is told by the outcome of a receipt that is done: a refusal would
 * give the check back, and a flood of wrong proofs would cost the network without bound.
 */
export function spendCheck(ctx: MethodContext<'privacy/busy'>): void {
  const { checksPerBlockMax } = ctx.settings<PrivacySettings>()
  const work = ctx.state.get<WorkRecord>(WORK)
  const used = work?.height === ctx.height ? work.used : 0
  if (used >= checksPerBlockMax) {
    ctx.refuse('privacy/busy', `${checksPerBlockMax} checks are made in a block; submit it again`)
  }
  ctx.state.set(WORK, { height: ctx.height, used: used + 1 })
}
