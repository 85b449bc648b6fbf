import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.js'
import { makeValue } from '../../src/codec/block.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { Promises, viewProblem } from '../../src/sim/promises.js'
import type { Lock, Message, Signed, StopData } from '../../src/types/index.js'

const { sha256 } = nativeSuite
const WINDOW = 4

const signedBy = <M extends Message>(sender: number, message: M): Signed<M> => ({
  sender,
  view: 0,
  message,
  signature: new Uint8Array(64),
  bytes: utf8(`${sender} ${JSON.stringify(message)}`),
})

/** Tells the checker messages of one machine, and gives the first problem. */
function tell(...messages: readonly (Message | Signed)[]): string | undefined {
  const promises = new Promises(sha256, WINDOW)
  for (const message of messages) {
    const problem = promises.check(0, 'message' in message ? message : signedBy(0, message))
    if (problem !== undefined) return problem
  }
  return undefined
}

const digestOf = (text: string): string => toHex(sha256(utf8(text)))
const [a, b] = [digestOf('a'), digestOf('b')]
const [h, i] = [digestOf('h'), digestOf('i')]
const write = (cid: number, regency: number, digest = a) => ({ kind: 'write', cid, regency, digest }) as const
const accept = (cid: number, regency: number, digest = a, header = h) =>
  ({ kind: 'accept', cid, regency, digest, header }) as const
const proposal = (timestampMs: number, regency = 1) =>
  ({ kind: 'propose', cid: 1, regency, value: makeValue(sha256, timestampMs, []) }) as const
const stop = (regency: number, number: number) => ({ kind: 'stop', regency, reason: 'wish', start: 1, number }) as const
const lock = (cid: number, regency: number, digest = a): Lock => ({ cid, regency, digest })
const stopData = (regency: number, height = 0, ...locks: readonly Lock[]): StopData => ({
  kind: 'stop-data',
  regency,
  base: { height, regency: height === 0 ? 0 : 1, digest: a, header: h },
  locks,
})
const sync = (regency: number, ...of: readonly StopData[]) =>
  ({ kind: 'sync', regency, stopData: of.map((one, sender) => signedBy(sender, one)), proofs: [] }) as const

describe('a correct replica', () => {
  it('may say the same again, another thing in another place, and all anew in another view', () => {
    expect(tell(write(1, 1), write(1, 1), accept(1, 1), write(1, 2, b), write(2, 1, b))).toBeUndefined()
    expect(tell(write(1, 1), { ...signedBy(0, write(1, 1, b)), view: 1 })).toBeUndefined()
    expect(tell(accept(1, 1), accept(1, 2, a, i))).toBeUndefined()
    expect(tell(write(1, 1), stopData(2), write(1, 1))).toBeUndefined()
  })

  it('may vote on after a STOP, ask again, and name other locks in another STOPDATA of the same regency', () => {
    expect(tell(stop(3, 1), write(1, 1), accept(1, 1), stop(0, 2), stop(3, 3), stop(3, 1))).toBeUndefined()
    expect(tell(stopData(2, 0, lock(1, 1)), stopData(2))).toBeUndefined()
  })

  it('names the locks of what it accepted, or a base that covers them', () => {
    expect(tell(accept(1, 1), stopData(2, 0, lock(1, 1)))).toBeUndefined()
    expect(tell(accept(1, 1), stopData(3, 0, lock(1, 2, b)))).toBeUndefined()
    expect(tell(accept(3, 1), stopData(2, 3))).toBeUndefined()
    expect(tell(accept(3, 1), stopData(2, 1, lock(2, 1), lock(3, 1)))).toBeUndefined()
    expect(tell(accept(1, 2), stopData(2))).toBeUndefined()
  })

  it.each<[string, readonly Message[]]>([
    ['votes twice in one place', [write(1, 1), write(1, 1, b)]],
    ['accepts two values in one place', [accept(1, 1), accept(1, 1, b)]],
    ['accepts two headers in one place', [accept(1, 1), accept(1, 1, a, i)]],
    ['proposes twice in one place', [proposal(1), proposal(2)]],
    ['votes in a regency that it has left', [stopData(3), write(1, 2)]],
    ['accepts in a regency that it has left', [stopData(3), accept(1, 2)]],
    ['proposes in a regency that it has left', [stopData(3), proposal(1, 2)]],
    ['sends a SYNC of a regency that it has left', [stopData(3), sync(2)]],
    ['keeps a lock back', [accept(1, 1), stopData(2)]],
    ['keeps back a lock that a higher ACCEPT speaks of', [accept(2, 1), stopData(2, 0, lock(2, 1))]],
    ['names an older lock', [accept(1, 1), accept(1, 2, b), stopData(3, 0, lock(1, 1))]],
    ['names another lock of the same regency', [accept(1, 1), stopData(2, 0, lock(1, 1, b))]],
    ['names a lock above its window', [stopData(2, 0, lock(WINDOW + 1, 1))]],
    ['names a lock below its base', [stopData(2, 5, lock(5, 1))]],
    ['names locks in disorder', [stopData(2, 0, lock(2, 1), lock(1, 1))]],
    ['names a lock of the regency that it asks for', [stopData(2, 0, lock(1, 2))]],
    ['gives one number to two STOPs', [stop(2, 1), stop(3, 1)]],
    ['chooses two SYNCs', [sync(2, stopData(2)), sync(2, stopData(2, 0, lock(1, 1)))]],
  ])('is found out when it %s', (_, messages) => {
    expect(tell(...messages)).toBeDefined()
  })

  it('votes and proposes in the view that orders the height only', () => {
    const orders = (cid: number) => (cid < 5 ? 0 : 1)
    for (const message of [write(5, 1), accept(5, 1), { ...proposal(1), cid: 5 }]) {
      expect(viewProblem(signedBy(0, message), orders)).toBeDefined()
      expect(viewProblem({ ...signedBy(0, message), view: 1 }, orders)).toBeUndefined()
    }
    expect(viewProblem(signedBy(0, write(4, 1)), orders)).toBeUndefined()
    expect(viewProblem(signedBy(0, stopData(2)), orders)).toBeUndefined()
  })

  it('is held to what it said alone', () => {
    const promises = new Promises(sha256, WINDOW)
    expect(promises.check(0, signedBy(0, write(1, 1)))).toBeUndefined()
    expect(promises.check(1, signedBy(1, write(1, 1, b)))).toBeUndefined()
    expect(promises.check(0, signedBy(0, write(1, 1, b)))).toBeDefined()
  })
})
