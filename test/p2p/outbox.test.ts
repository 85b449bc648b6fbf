import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransportCounters } from '../../src/p2p/counters.js'
import { FrameDecoder } from '../../src/p2p/framing.js'
import { DEFAULT_LIMITS, perClass, TRAFFIC_CLASSES, WRITE_BYTES_MAX } from '../../src/p2p/limits.js'
import { Outbox } from '../../src/p2p/outbox.js'
import { OutgoingLink } from '../../src/p2p/outgoing-link.js'
import type { SendEnd } from '../../src/p2p/stream-ends.js'
import { frameOf, sameFrames } from './harness.js'

/** A stream that takes as many writes as it is told to. */
class FakeEnd implements SendEnd {
  readonly writes: Uint8Array[] = []
  credit = Number.POSITIVE_INFINITY
  #drained = (): void => {}

  send(bytes: Uint8Array): void {
    this.credit -= 1
    this.writes.push(bytes)
  }

  writable(): boolean {
    return this.credit > 0
  }

  onDrain(callback: () => void): void {
    this.#drained = callback
  }

  drain(credit: number): void {
    this.credit = credit
    this.#drained()
  }

  frames(): Uint8Array[] {
    const decoder = new FrameDecoder(2 ** 30)
    for (const bytes of this.writes) decoder.push(bytes)
    const frames: Uint8Array[] = []
    for (let frame = decoder.next(); frame instanceof Uint8Array; frame = decoder.next()) frames.push(frame)
    return frames
  }
}

function createOutbox(outboxBytesMax = 10_000_000): { outbox: Outbox; counters: TransportCounters } {
  const counters = new TransportCounters()
  return { outbox: new Outbox({ traffic: 'batch', frameBytesMax: 5_000_000, outboxBytesMax }, counters), counters }
}

describe('Outbox', () => {
  it('packs small frames into one write', () => {
    const { outbox, counters } = createOutbox()
    const end = new FakeEnd()
    const frames = Array.from({ length: 1_000 }, (_, i) => frameOf(i % 50))
    for (const frame of frames) expect(outbox.offer(frame)).toBe(true)
    outbox.flush(end, 1_000_000)
    expect(end.writes).toHaveLength(1)
    expect(sameFrames(end.frames(), frames)).toBe(true)
    expect(counters.snapshot()['framesOut.batch']).toBe(1_000)
  })

  it('writes any frames in order, whatever the stream takes and whenever they come', () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: WRITE_BYTES_MAX - 6, max: 3 * WRITE_BYTES_MAX })), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(3), { maxLength: 12 }), (lengths, credits) => {
        const { outbox } = createOutbox()
        const end = new FakeEnd()
        const frames = lengths.map(frameOf)
        for (const [i, frame] of frames.entries()) {
          outbox.offer(frame)
          end.credit = credits[i] ?? 0
          outbox.flush(end, 1_000_000)
        }
        end.credit = Number.POSITIVE_INFINITY
        while (!outbox.isEmpty) outbox.flush(end, 1)
        expect(outbox.queuedBytes).toBe(0)
        expect(end.writes.every(({ length }) => length <= WRITE_BYTES_MAX)).toBe(true)
        expect(sameFrames(end.frames(), frames)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('keeps to its budget, but for one write', () => {
    const { outbox } = createOutbox()
    const end = new FakeEnd()
    outbox.offer(frameOf(4_000_000))
    const written = outbox.flush(end, 500_000)
    expect(written).toBeGreaterThanOrEqual(500_000)
    expect(written).toBeLessThan(500_000 + WRITE_BYTES_MAX)
  })

  it('refuses and counts what does not fit, but takes any one frame when empty', () => {
    const { outbox, counters } = createOutbox(1_000)
    expect(outbox.offer(frameOf(2_000))).toBe(true)
    expect(outbox.offer(frameOf(0))).toBe(false)
    expect(counters.snapshot()['sendRefused.full.batch']).toBe(1)
    outbox.flush(new FakeEnd(), 10_000)
    let accepted = 0
    while (outbox.offer(new Uint8Array(0))) accepted += 1
    expect(accepted).toBe(15)
    expect(outbox.offer(frameOf(5_000_001))).toBe(false)
    expect(counters.snapshot()['sendRefused.oversize.batch']).toBe(1)
  })

  it('starts anew after a discard, a frame written in part included', () => {
    const { outbox, counters } = createOutbox()
    const end = new FakeEnd()
    for (const frame of [frameOf(1_000_000), frameOf(5), frameOf(6)]) outbox.offer(frame)
    end.credit = 1
    outbox.flush(end, 1_000_000)
    outbox.discard()
    expect([outbox.isEmpty, outbox.queuedBytes]).toEqual([true, 0])
    expect(counters.snapshot()['framesDiscarded.batch']).toBe(3)
    const next = new FakeEnd()
    const frame = frameOf(9)
    outbox.offer(frame)
    outbox.flush(next, 1_000_000)
    expect(sameFrames(next.frames(), [frame])).toBe(true)
  })
})

describe('OutgoingLink', () => {
  const createLink = () => {
    const turn: (() => void)[] = []
    const counters = new TransportCounters()
    const link = new OutgoingLink(DEFAULT_LIMITS, counters, (callback) => turn.push(callback))
    const ends = perClass(() => new FakeEnd())
    const runTurn = (): void => {
      for (const callback of turn.splice(0)) callback()
    }
    return { link, ends, counters, turn, runTurn }
  }

  it('writes what one turn gave in one write, in a later turn', () => {
    const { link, ends, turn, runTurn } = createLink()
    link.open(ends)
    for (let i = 0; i < 100; i++) link.send('consensus', frameOf(200))
    expect(ends.consensus.writes).toHaveLength(0)
    expect(turn).toHaveLength(1)
    runTurn()
    expect(ends.consensus.writes).toHaveLength(1)
  })

  it('writes consensus first and lets no class starve while the connection takes one write at a time', () => {
    const { link, ends, runTurn } = createLink()
    link.open(ends)
    const order: string[] = []
    let credit = 0
    for (const traffic of TRAFFIC_CLASSES) {
      ends[traffic].writable = () => credit > 0
      ends[traffic].send = () => {
        credit -= 1
        order.push(traffic)
      }
      for (let i = 0; i < 10; i++) link.send(traffic, frameOf(200_000))
    }
    for (let i = 0; i < 30; i++) {
      credit = 1
      for (const traffic of TRAFFIC_CLASSES) ends[traffic].drain(1)
      runTurn()
    }
    expect(order.slice(0, 10)).toEqual(Array(10).fill('consensus'))
    const rest = order.slice(10)
    expect(rest.slice(0, 10).filter((traffic) => traffic === 'batch')).toHaveLength(5)
    expect(rest).toHaveLength(20)
  })

  it('refuses before it is open and after it is closed, and discards what waited', () => {
    const { link, ends, counters, runTurn } = createLink()
    expect(link.send('batch', frameOf(1))).toBe(false)
    link.open(ends)
    expect(link.send('batch', frameOf(1))).toBe(true)
    link.close()
    expect(link.send('batch', frameOf(1))).toBe(false)
    runTurn()
    expect(ends.batch.writes).toHaveLength(0)
    expect(counters.snapshot()['framesDiscarded.batch']).toBe(1)
    expect(counters.snapshot()['sendRefused.disconnected.batch']).toBe(2)
  })
})
