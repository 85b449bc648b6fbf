import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TRANSPORT_COUNTERS } from '../../src/p2p/counters.js'
import { DEFAULT_LIMITS, TRAFFIC_CLASSES } from '../../src/p2p/limits.js'
import { type Fabric, frameOf, mesh, NETWORK_ID, sameFrames, sendAll, type TestNode, until } from './harness.js'

const KIB = 1024
const MIB = 1024 * KIB

/** What every transport must do; run over each of them. */
export function transportCompliance(name: string, createFabric: () => Fabric): void {
  describe(`${name}: transport`, () => {
    let fabric: Fabric
    beforeEach(() => {
      fabric = createFabric()
    })
    afterEach(() => fabric.close())

    const pair = async (): Promise<[TestNode, TestNode]> => {
      const nodes: [TestNode, TestNode] = [await fabric.open(1), await fabric.open(2)]
      await mesh(...nodes)
      return nodes
    }

    describe('delivery', () => {
      it('gives frames of 0 bytes to 1 MiB intact and in order', async () => {
        const [a, b] = await pair()
        const around = [64 * KIB, 256 * KIB].flatMap((size) => [size - 5, size - 4, size - 3, size])
        const frames = [0, 1, 3, 0, 200, 5_000, ...around, 1 * MIB, 7].map(frameOf)
        await sendAll(a, b.id, 'consensus', frames)
        await until('all arrive', () => b.inbox.length === frames.length)
        expect(sameFrames(b.frames('consensus'), frames)).toBe(true)
        expect(b.count('framesIn.consensus')).toBe(frames.length)
        expect(a.count('framesOut.consensus')).toBe(frames.length)
        expect(b.count('bytesIn.consensus')).toBe(a.count('bytesOut.consensus'))
      })

      it('gives very many small frames in order', async () => {
        const [a, b] = await pair()
        const count = 20_000
        const frames = Array.from({ length: count }, (_, i) => Uint8Array.of(i >>> 8, i).subarray(i % 3 === 0 ? 2 : 0))
        await sendAll(a, b.id, 'transfer', frames)
        await until('all arrive', () => b.inbox.length === count)
        expect(sameFrames(b.frames('transfer'), frames)).toBe(true)
      })

      it('takes the longest frame of each class', async () => {
        const [a, b] = await pair()
        for (const traffic of TRAFFIC_CLASSES) {
          const frame = frameOf(DEFAULT_LIMITS.frameBytesMax[traffic])
          await sendAll(a, b.id, traffic, [frame])
          await until(`the ${traffic} frame arrives`, () => b.frames(traffic).length === 1)
          expect(sameFrames(b.frames(traffic), [frame])).toBe(true)
        }
      })

      it('tells the sender and the class, between several replicas in both directions', async () => {
        const nodes = [await fabric.open(1), await fabric.open(2), await fabric.open(3)]
        await mesh(...nodes)
        for (const from of nodes) {
          for (const to of nodes) {
            if (from === to) continue
            for (const traffic of TRAFFIC_CLASSES) {
              const frames = Array.from({ length: 50 }, (_, i) => Uint8Array.of(from.id, to.id, i))
              await sendAll(from, to.id, traffic, frames)
            }
          }
        }
        await until('all arrive', () => nodes.every(({ inbox }) => inbox.length === 300))
        for (const { id, inbox } of nodes) {
          for (const { from, frame } of inbox) expect([frame[0], frame[1]]).toEqual([from, id])
          for (const traffic of TRAFFIC_CLASSES) {
            for (const other of nodes.filter((node) => node.id !== id)) {
              const numbers = inbox.filter((r) => r.from === other.id && r.traffic === traffic).map((r) => r.frame[2])
              expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i))
            }
          }
        }
      })
    })

    describe('back-pressure', () => {
      /** Sends until nothing more is accepted for a while. */
      const fill = async (a: TestNode, b: TestNode, size: number): Promise<Uint8Array[]> => {
        const accepted: Uint8Array[] = []
        let lastMs = performance.now()
        while (performance.now() - lastMs < 150) {
          const frame = frameOf(size)
          if (a.transport.send(b.id, 'consensus', frame)) {
            accepted.push(frame)
            lastMs = performance.now()
          } else {
            await new Promise((resolve) => setTimeout(resolve, 5))
          }
        }
        return accepted
      }

      it('bounds the sender while the handler stalls, and loses nothing that was accepted', async () => {
        const [a, b] = await pair()
        b.stall('consensus')
        const size = 8 * KIB
        const accepted = await fill(a, b, size)
        expect(b.inbox.length).toBe(1)
        expect(a.count('sendRefused.full.consensus')).toBeGreaterThan(0)
        const underWayMax = 2 * DEFAULT_LIMITS.streamWindowBytesMax + MIB
        expect(accepted.length * size).toBeGreaterThanOrEqual(DEFAULT_LIMITS.outboxBytesMax.consensus / 2)
        expect(accepted.length * size).toBeLessThan(DEFAULT_LIMITS.outboxBytesMax.consensus + underWayMax)
        b.release('consensus')
        await until('all accepted frames arrive', () => b.inbox.length === accepted.length)
        expect(sameFrames(b.frames('consensus'), accepted)).toBe(true)
        expect(a.transport.send(b.id, 'consensus', frameOf(1))).toBe(true)
      })

      it('gives one frame at a time to a handler that stalls at each', async () => {
        const [a, b] = await pair()
        const frames = Array.from({ length: 100 }, () => frameOf(20 * KIB))
        b.stall('batch')
        await sendAll(a, b.id, 'batch', frames)
        for (let i = 1; i <= frames.length; i++) {
          await until(`frame ${i} arrives`, () => b.inbox.length >= i)
          expect(b.inbox.length).toBe(i)
          const next = i < frames.length
          b.release('batch')
          // the handler's promise settles in a microtask, so the next frame meets this new stall
          if (next) b.stall('batch')
        }
        expect(sameFrames(b.frames('batch'), frames)).toBe(true)
        expect(b.count('pausesIn.batch')).toBe(frames.length)
      })

      it('loses nothing to a handler that is slow at each frame, while the sender is always ahead', async () => {
        const [a, b] = await pair()
        b.delayMs = 10
        const frames = Array.from({ length: 70 }, () => frameOf(300 * KIB))
        await sendAll(a, b.id, 'batch', frames)
        await until('all arrive', () => b.inbox.length === frames.length)
        expect(sameFrames(b.frames('batch'), frames)).toBe(true)
        expect(a.count('framesDiscarded.batch')).toBe(0)
      })

      it('keeps the other classes going while one stalls', async () => {
        const [a, b] = await pair()
        b.stall('batch')
        const large = Array.from({ length: 100 }, () => frameOf(100 * KIB))
        await sendAll(a, b.id, 'batch', large)
        for (let i = 0; i < 20; i++) {
          await sendAll(a, b.id, 'consensus', [frameOf(200)])
          await sendAll(a, b.id, 'transfer', [frameOf(200 * KIB)])
          await until('they arrive', () => b.frames('consensus').length > i && b.frames('transfer').length > i)
        }
        expect(b.frames('batch').length).toBe(1)
        b.release('batch')
        await until('the stalled class arrives', () => b.frames('batch').length === large.length)
        expect(sameFrames(b.frames('batch'), large)).toBe(true)
      })
    })

    describe('refusal', () => {
      it('refuses a frame for a replica that is not connected', async () => {
        const a = await fabric.open(1)
        expect(a.transport.send(2, 'consensus', frameOf(1))).toBe(false)
        expect(a.transport.send(1, 'batch', frameOf(1))).toBe(false)
        expect(a.count('sendRefused.disconnected.consensus')).toBe(1)
        expect(a.count('sendRefused.disconnected.batch')).toBe(1)
      })

      it('refuses a frame that is longer than its class allows', async () => {
        const [a, b] = await pair()
        const frame = new Uint8Array(DEFAULT_LIMITS.frameBytesMax.consensus + 1)
        expect(a.transport.send(b.id, 'consensus', frame)).toBe(false)
        expect(a.count('sendRefused.oversize.consensus')).toBe(1)
        expect(a.transport.send(b.id, 'batch', frame)).toBe(true)
      })

      it('counts under stable names only', async () => {
        const a = await fabric.open(1)
        expect(Object.keys(a.transport.counters())).toEqual(TRANSPORT_COUNTERS)
      })
    })

    describe('admission', () => {
      it('lets nothing of an unknown peer reach the handler', async () => {
        const [a, stranger] = [await fabric.open(1), await fabric.open(2)]
        stranger.transport.setPeers([a.info()])
        await until('the stranger is refused', () => a.count('refused.unknownPeer') > 0)
        expect(stranger.transport.send(a.id, 'consensus', frameOf(10))).toBe(false)
        expect(a.transport.connected()).toEqual([])
        expect(a.inbox).toEqual([])
      })

      it('admits by key, not by number', async () => {
        const [a, b, impostor] = [await fabric.open(1), await fabric.open(2), await fabric.open(2)]
        await mesh(a, b)
        impostor.transport.setPeers([a.info()])
        await until('the impostor is refused', () => a.count('refused.unknownPeer') > 0)
        expect(a.transport.connected()).toEqual([b.id])
      })

      it('refuses replicas of another network', async () => {
        const [a, b] = [await fabric.open(1), await fabric.open(2, { networkId: `${NETWORK_ID}-2` })]
        for (const node of [a, b]) node.transport.setPeers([a.info(), b.info()])
        await until('both notice', () => [a, b].every((node) => node.count('refused.otherNetwork') > 0))
        expect([a, b].map((node) => node.transport.connected())).toEqual([[], []])
        expect(a.transport.send(b.id, 'consensus', frameOf(10))).toBe(false)
      })

      it('cuts a removed peer off at once, and admits it again', async () => {
        const [a, b] = await pair()
        const view = [a.info(), b.info()]
        await sendAll(b, a.id, 'consensus', [frameOf(10)])
        await until('it arrives', () => a.inbox.length === 1)

        for (let i = 0; i < 100; i++) b.transport.send(a.id, 'consensus', frameOf(1000))
        a.transport.setPeers([a.info()])
        const before = a.inbox.length
        expect(a.transport.connected()).toEqual([])
        expect(a.transport.send(b.id, 'consensus', frameOf(1))).toBe(false)
        await until('the peer notices', () => b.transport.connected().length === 0)
        expect(a.inbox.length).toBe(before)

        a.transport.setPeers(view)
        await until('both connect again', () => [a, b].every((node) => node.transport.connected().length === 1))
        await sendAll(b, a.id, 'batch', [frameOf(10)])
        await until('frames arrive again', () => a.frames('batch').length === 1)
      })

      it('takes a peer whose number has another key as another peer', async () => {
        const [a, b] = await pair()
        const successor = await fabric.open(2)
        const view = [a.info(), successor.info()]
        a.transport.setPeers(view)
        successor.transport.setPeers(view)
        await until('the old key is cut off', () => b.transport.connected().length === 0)
        await until('the new one connects', () => [a, successor].every((n) => n.transport.connected().length === 1))
        await sendAll(a, 2, 'consensus', [Uint8Array.of(9)])
        await until('it arrives', () => successor.inbox.length === 1)
        expect(b.inbox).toEqual([])
      })
    })

    describe('life cycle', () => {
      it('connects again after a peer was restarted at its address', async () => {
        const [a, b] = await pair()
        b.stall('consensus')
        for (let i = 0; i < 300; i++) a.transport.send(b.id, 'consensus', frameOf(8 * KIB))
        await until('the peer stalls', () => b.inbox.length === 1)
        await b.transport.stop()
        await until('the loss is noticed', () => a.transport.connected().length === 0)
        expect(a.count('framesDiscarded.consensus')).toBeGreaterThan(0)
        expect(a.transport.send(b.id, 'consensus', frameOf(1))).toBe(false)

        const restarted = await fabric.reopen(b)
        restarted.transport.setPeers([a.info(), restarted.info()])
        await until('both connect', () => [a, restarted].every((node) => node.transport.connected().length === 1))
        const frame = frameOf(100)
        await sendAll(a, restarted.id, 'consensus', [frame])
        await sendAll(restarted, a.id, 'consensus', [frame])
        await until('frames arrive', () => restarted.inbox.length === 1 && a.inbox.length === 1)
        expect(sameFrames(restarted.frames('consensus'), [frame])).toBe(true)
      })

      it('stops more than once, and before it was started', async () => {
        const [a, b] = await pair()
        await Promise.all([a.transport.stop(), a.transport.stop()])
        await a.transport.stop()
        expect(a.transport.connected()).toEqual([])
        expect(a.transport.send(b.id, 'consensus', frameOf(1))).toBe(false)
        await until('the peer notices', () => b.transport.connected().length === 0)
        expect(a.inbox).toEqual([])
      })

      it('starts once', async () => {
        const a = await fabric.open(1)
        await expect(a.start()).rejects.toThrow('starts once')
        await a.transport.stop()
        await expect(a.start()).rejects.toThrow('starts once')
      })

      it('gives addresses once started', async () => {
        const a = await fabric.open(1)
        expect(a.transport.addresses().length).toBeGreaterThan(0)
      })
    })
  })
}
