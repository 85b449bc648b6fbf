import { expectTypeOf, it } from 'vitest'
import type { EtalonClient, MethodArgs, MethodResult, QueryArgs } from '../../src/client/index.js'

/** The compiler checks these (`npm run check`): types of calls come from the schemas of the contracts. */

it('calls of built-in contracts have the types of their schemas', () => {
  expectTypeOf<MethodArgs<'governance', 'vote'>>().toEqualTypeOf<{ proposal: number; approve: boolean }>()
  expectTypeOf<MethodResult<'pki', 'anchor'>>().toHaveProperty('counter').toEqualTypeOf<number>()
  expectTypeOf<QueryArgs<'identity', 'member'>>().toEqualTypeOf<{ organization: string; name: string }>()
})

it('a wrong name of a built-in method takes no arguments, a name known only at run time any', () => {
  expectTypeOf<MethodArgs<'logbook', 'apend'>>().toBeNever()
  expectTypeOf<MethodArgs<'logbook', string>>().toBeUnknown()
  expectTypeOf<MethodArgs<'of-your-own', 'method'>>().toBeUnknown()
})

it('a receipt says what the method gave, or null where it refused', () => {
  const append = (client: EtalonClient) =>
    client.submit('logbook', 'append', { category: 'a', subject: 'b', payload: 'c' })
  type Outcome = Awaited<ReturnType<typeof append>>
  expectTypeOf<Extract<Outcome, { status: 'done' }>['result']>().toHaveProperty('entry').toExtend<string>()
  expectTypeOf<Extract<Outcome, { status: 'refused' }>['result']>().toBeNull()
})
