import { describe, expect, it } from 'vitest'
import { nativeSuite } from '../../src/crypto/native.js'
import { Promises, viewProblem } from '../../src/sim/promises.js'
import type { Message, Signed } from '../../src/types/index.js'
import { digestOf, signedBy, testOptions } from '../consensus/cluster.js'
import { prepared, stopDataOf } from '../protocol/one-replica.js'

/** Tells the checker messages of one machine, and gives the first problem. */
function tell(...messages: readonly (Message | Signed)[]): string | undefined {
  const promises = new Promises(nativeSuite.sha256)
  for (const message of messages) {
    const problem = promises.check(0, 'message' in message ? message : signedBy(0, message))
    if (problem !== undefined) return problem
  }
  return undefined
}

const [a, b] = [digestOf('a'), digestOf('b')]
const write = (cid: number, regency: number, digest = a) => ({ kind: 'write', cid, regency, digest }) as const
const accept = (cid: number, regency: number, digest = a) => ({ kind: 'accept', cid, regency, digest }) as const
const proposal = (timestampMs: number) =>
  ({ kind: 'propose', cid: 1, regency: 1, value: testOptions(0, 4).makeValue(timestampMs, []) }) as const

describe('a correct replica', () => {
  it('may say the same again, another thing in another place, and all anew in another view', () => {
    expect(tell(write(1, 1), write(1, 1), accept(1, 1), write(1, 2, b), write(2, 1, b))).toBeUndefined()
    expect(tell(write(1, 1), { ...signedBy(0, write(1, 1, b)), view: 1 })).toBeUndefined()
    expect(tell(accept(1, 1), stopDataOf(2, { prepared: [prepared(1, 1, a)] }))).toBeUndefined()
    expect(tell(accept(1, 1), stopDataOf(2, { finalized: 1 }))).toBeUndefined()
    expect(tell(write(1, 1), stopDataOf(2), write(1, 1))).toBeUndefined()
    expect(tell({ kind: 'stop', regency: 2, pending: [] }, write(1, 2))).toBeUndefined()
  })

  it.each<[string, readonly Message[]]>([
    ['votes twice in one place', [write(1, 1), write(1, 1, b)]],
    ['accepts twice in one place', [accept(1, 1), accept(1, 1, b)]],
    ['proposes twice in one place', [proposal(1), proposal(2)]],
    ['votes in a regency that it has left', [stopDataOf(3), write(1, 2)]],
    ['accepts in a regency that it has left', [stopDataOf(3), accept(1, 2)]],
    ['votes in a regency that it has given up', [{ kind: 'stop', regency: 3, pending: [] }, write(1, 2)]],
    ['keeps a lock back', [accept(1, 1), stopDataOf(2)]],
    ['names an older lock', [accept(1, 1), accept(1, 2, b), stopDataOf(3, { prepared: [prepared(1, 1, a)] })]],
    [
      'chooses two SYNCs',
      [
        { kind: 'sync', regency: 2, stopData: [signedBy(1, stopDataOf(2))] },
        { kind: 'sync', regency: 2, stopData: [signedBy(2, stopDataOf(2))] },
      ],
    ],
  ])('is found out when it %s', (_, messages) => {
    expect(tell(...messages)).toBeDefined()
  })

  it('is held to its votes and its STOPDATA when it has lost its votes, and to no STOP', () => {
    const promises = new Promises(nativeSuite.sha256)
    const say = (message: Message) => promises.check(0, signedBy(0, message))
    for (const message of [write(1, 1), stopDataOf(2), { kind: 'stop', regency: 3, pending: [] } as const]) say(message)
    expect(say(write(1, 2, b))).toBeDefined()
    promises.forgive(0)
    expect(say(write(1, 2, b))).toBeUndefined()
    expect(say(write(2, 1))).toBeDefined()
    expect(say(write(1, 1, b))).toBeDefined()
  })

  it('votes and proposes in the view that orders the height only', () => {
    const orders = (cid: number) => (cid < 5 ? 0 : 1)
    for (const message of [write(5, 1), accept(5, 1), { ...proposal(1), cid: 5 }]) {
      expect(viewProblem(signedBy(0, message), orders)).toBeDefined()
      expect(viewProblem({ ...signedBy(0, message), view: 1 }, orders)).toBeUndefined()
    }
    expect(viewProblem(signedBy(0, write(4, 1)), orders)).toBeUndefined()
    expect(viewProblem(signedBy(0, stopDataOf(2)), orders)).toBeUndefined()
  })

  it('is held to what it said alone', () => {
    const promises = new Promises(nativeSuite.sha256)
    expect(promises.check(0, signedBy(0, write(1, 1)))).toBeUndefined()
    expect(promises.check(1, signedBy(1, write(1, 1, b)))).toBeUndefined()
    expect(promises.check(0, signedBy(0, write(1, 1, b)))).toBeDefined()
  })
})
