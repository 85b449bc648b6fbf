import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.js'
import { Random } from '../../src/base/random.js'
import { openWriteAheadLog } from '../../src/ledger/index.js'
import { keyBytes, SimCrypto } from '../../src/sim/crypto.js'
import { SimDatabase } from '../../src/sim/database.js'
import { SimDisk } from '../../src/sim/disk.js'
import { GOOD_LINK, SimNetwork } from '../../src/sim/network.js'
import { SimProcess } from '../../src/sim/process.js'
import { Scheduler } from '../../src/sim/scheduler.js'
import { Trace } from '../../src/sim/trace.js'

const newProcess = (scheduler: Scheduler, onError: (error: unknown) => void = () => undefined) =>
  new SimProcess(scheduler, () => 0, onError)

describe('time', () => {
  it('runs events in order, and lets promises settle before it goes on', async () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    const chain = async (): Promise<void> => {
      for (let i = 0; i < 30; i++) await Promise.resolve()
      seen.push(`settled at ${scheduler.nowMs}`)
    }
    scheduler.after(5, () => seen.push('second'))
    scheduler.after(2, () => {
      seen.push('first')
      scheduler.soon(() => seen.push('soon'))
      chain().catch(() => seen.push('failed'))
    })
    scheduler.after(3, () => seen.push('never'))()
    await scheduler.runUntil(10)
    expect(seen).toEqual(['first', 'soon', 'settled at 2', 'second'])
    expect(scheduler.nowMs).toBe(10)
  })

  it('stands still for a paused process, and ends for a dead one', async () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    const process = newProcess(scheduler, (error) => seen.push(String(error)))
    process.after(1, () => seen.push('late'))
    process.pause()
    await scheduler.runUntil(5)
    expect(seen).toEqual([])
    process.resume()
    process.run(() => {
      throw new Error('its own')
    })
    process.after(1, () => seen.push('never'))
    process.kill()
    await scheduler.runUntil(10)
    expect(seen).toEqual(['late', 'Error: its own'])
  })
})

describe('a slow event loop', () => {
  it('lets all that comes wait for its next turn, in order, and nothing of the same turn', async () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    const process = newProcess(scheduler)
    const say = (text: string) => () => seen.push(`${text} at ${scheduler.nowMs}`)
    process.drag(() => 500)
    process.after(10, say('first'))
    process.after(300, () => {
      say('second')()
      process.soon(say('soon'))
    })
    process.after(600, say('third'))
    await scheduler.runUntil(800)
    expect(seen).toEqual(['first at 510', 'second at 510', 'soon at 510'])
    process.hurry()
    expect(seen.at(-1)).toBe('third at 800')
    process.after(10, say('quick'))
    await scheduler.runUntil(2_000)
    expect(seen.at(-1)).toBe('quick at 810')
  })

  it('has two clocks: one may jump, the other does not', async () => {
    const scheduler = new Scheduler()
    let errorMs = 0
    await scheduler.runUntil(1_000)
    const { clock } = new SimProcess(
      scheduler,
      () => errorMs,
      () => undefined,
    )
    const [wallMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()]
    errorMs = -600_000
    await scheduler.runUntil(1_200)
    expect(clock.nowMs() - wallMs).toBe(200 - 600_000)
    expect(clock.monotonicMs() - monotonicMs).toBe(200)
  })
})

describe('crypto', () => {
  const crypto = new SimCrypto()
  const key = crypto.ed25519('somebody')
  const point = crypto.p256('an instrument')
  const message = utf8('a statement')
  const { suite } = crypto

  it('takes the signature of the key, over the message', () => {
    expect(suite.verifyEd25519(keyBytes(key.publicKey), message, key.sign(message))).toBe(true)
    const scheme = { curve: 'p256', hash: 'sha256', encoding: 'der' } as const
    expect(suite.verifyEcdsa(scheme, keyBytes(point.publicKey), message, point.sign(message))).toBe(true)
  })

  it('takes no other', () => {
    const verify = (name: string, statement: Uint8Array, signature: Uint8Array) =>
      suite.verifyEd25519(keyBytes(crypto.ed25519(name).publicKey), statement, signature)
    expect(verify('somebody', utf8('another'), key.sign(message))).toBe(false)
    expect(verify('somebody else', message, key.sign(message))).toBe(false)
    expect(verify('somebody', message, key.sign(message).fill(0, 0, 1))).toBe(false)
    expect(verify('somebody', message, new Uint8Array(64))).toBe(false)
    expect(suite.verifyEd25519(new Uint8Array(32), message, key.sign(message))).toBe(false)
  })
})

describe('disk', () => {
  async function written(random: Random, sync: boolean) {
    const scheduler = new Scheduler()
    const process = newProcess(scheduler)
    const disk = new SimDisk(random)
    const files = disk.mount(process)
    const file = await files.create('log')
    const folder = files.syncFolderOf('log')
    await scheduler.runUntil(10)
    await folder
    await file.write(Buffer.alloc(2_000, 1), 0)
    const first = file.datasync()
    await scheduler.runUntil(20)
    await first
    await file.write(Buffer.alloc(2_000, 2), 2_000)
    if (sync) {
      const second = file.datasync()
      await scheduler.runUntil(30)
      await second
    }
    disk.losePower()
    return Buffer.from((await files.read('log')) ?? [])
  }

  it('keeps what was synced when the power goes', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const content = await written(new Random(seed), true)
      expect(content).toEqual(Buffer.concat([Buffer.alloc(2_000, 1), Buffer.alloc(2_000, 2)]))
    }
  })

  it('keeps any part of what was not, and all before it', async () => {
    const lengths = new Set<number>()
    let torn = 0
    for (let seed = 0; seed < 60; seed++) {
      const content = await written(new Random(seed), false)
      expect(content.subarray(0, 2_000)).toEqual(Buffer.alloc(2_000, 1))
      lengths.add(content.length)
      if (content.subarray(2_000).some((byte) => byte !== 2)) torn += 1
    }
    expect(lengths.has(2_000)).toBe(true)
    expect(lengths.has(4_000)).toBe(true)
    expect(lengths.size).toBeGreaterThan(5)
    expect(torn).toBeGreaterThan(0)
  })

  it('tells of every step of a log that is rewritten, and a process may end within any', async () => {
    const steps = ['created', 'written', 'new-synced', 'renamed', 'replaced']
    for (const [index, last] of steps.entries()) {
      const scheduler = new Scheduler()
      const process = newProcess(scheduler)
      const disk = new SimDisk(new Random(1))
      const seen: string[] = []
      disk.onStep = (step) => {
        seen.push(step)
        if (step === last && seen.length > steps.length) {
          process.kill()
          disk.losePower()
        }
      }
      // Something happens in each instant, so that promises may settle in it.
      for (let at = 0; at < 200; at++) scheduler.after(at, () => undefined)
      const log = openWriteAheadLog({ path: 'wal', fileSystem: disk.mount(process), salt: () => 7 })
      await scheduler.runUntil(10)
      ;(await log).rewrite([utf8('new')]).catch(() => undefined)
      await scheduler.runUntil(100)
      expect(seen.slice(0, 5)).toEqual(steps)
      expect(seen.slice(5)).toEqual(steps.slice(0, index + 1))
      const reopened = openWriteAheadLog({ path: 'wal', fileSystem: disk.mount(newProcess(scheduler)), salt: () => 8 })
      await scheduler.runUntil(200)
      expect([...(await reopened).records()]).toHaveLength(last === 'replaced' ? 1 : 0)
    }
  })

  it('is put back from a copy', async () => {
    const disk = new SimDisk(new Random(1))
    const files = disk.mount(newProcess(new Scheduler()))
    const file = await files.create('log')
    await file.write(utf8('old'), 0)
    const copy = disk.copy()
    await file.write(utf8('new'), 0)
    disk.restore(copy)
    disk.losePower()
    expect(await files.read('log')).toEqual(utf8('old'))
  })

  it('fails when told to', async () => {
    const disk = new SimDisk(new Random(1))
    const file = await disk.mount(newProcess(new Scheduler())).create('log')
    disk.health.failing = true
    await expect(file.write(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'EIO' })
    expect(disk.failed).toBe(true)
  })
})

describe('database', () => {
  const key = (text: string) => Buffer.from(text)

  function open(seed = 3) {
    const scheduler = new Scheduler()
    const random = new Random(seed)
    const store = new SimDatabase(new SimDisk(random), random)
    return { scheduler, store, database: store.mount(newProcess(scheduler)) }
  }

  it('keeps synced batches whole, and of other writes the oldest, or those beside a damaged piece', async () => {
    const kept = new Map<string, number>()
    for (let round = 0; round < 120; round++) {
      const { scheduler, store, database } = open(round)
      const synced = database.batch().put(key('a'), key('1')).put(key('b'), key('1')).write({ sync: true })
      await scheduler.runUntil(10)
      await synced
      for (const name of ['c', 'd', 'e']) await database.put(key(name), key('2'))
      store.losePower()
      expect(database.getSync(key('a'))).toEqual(key('1'))
      const later = ['c', 'd', 'e'].filter((name) => database.getSync(key(name)) !== undefined).join('')
      kept.set(later, (kept.get(later) ?? 0) + 1)
    }
    for (const prefix of ['', 'c', 'cd', 'cde']) expect(kept.get(prefix), prefix).toBeGreaterThan(5)
    expect(kept.get('ce')).toBeGreaterThan(0)
  })

  it('loses what was not synced below what was: the log file before the current one is closed without a sync', async () => {
    let holes = 0
    for (let round = 0; round < 200; round++) {
      const { scheduler, store, database } = open(round)
      for (let i = 10; i < 30; i++) await database.put(key(`${i}`), key('unsynced'))
      await database.put(key('30'), key('old'))
      const synced = database.batch().put(key('30'), key('new')).write({ sync: true })
      await scheduler.runUntil(10)
      await synced
      store.losePower()
      expect(database.getSync(key('30'))).toEqual(key('new'))
      const lost = Array.from({ length: 20 }, (_, i) => database.getSync(key(`${10 + i}`)) === undefined)
      if (lost.includes(true)) holes += 1
    }
    expect(holes).toBeGreaterThan(20)
    expect(holes).toBeLessThan(200)
  })

  it('is put back from a copy', async () => {
    const { store, database } = open()
    await database.put(key('a'), key('old'))
    const copy = store.copy()
    await database.put(key('a'), key('new'))
    await database.put(key('b'), key('new'))
    store.restore(copy)
    expect(database.getSync(key('a'))).toEqual(key('old'))
    expect(database.getSync(key('b'))).toBeUndefined()
  })

  it('shows a snapshot what was there before, and iterates in order', async () => {
    const { database } = open()
    await database.put(key('b'), key('old'))
    const snapshot = database.snapshot()
    await database.put(key('b'), key('new'))
    await database.put(key('a'), key('new'))
    expect(database.getSync(key('b'), { snapshot })).toEqual(key('old'))
    expect(database.getSync(key('a'), { snapshot })).toBeUndefined()
    expect(database.getSync(key('b'))).toEqual(key('new'))
    expect(await database.iterator({ gte: key('a'), lt: key('c') }).all()).toEqual([
      [key('a'), key('new')],
      [key('b'), key('new')],
    ])
    expect(await database.keys({ reverse: true, limit: 1 }).next()).toEqual(key('b'))
  })
})

describe('network', () => {
  async function two(change: Partial<typeof GOOD_LINK>, frames: number) {
    const scheduler = new Scheduler()
    const network = new SimNetwork(scheduler, new Random(5), new Trace(), { ...GOOD_LINK, ...change })
    const came: number[] = []
    const [a, b] = [0, 1].map((id) => network.transport(id, id, newProcess(scheduler)))
    await a?.start(() => undefined)
    await b?.start((_, __, frame) => {
      came.push(frame[0] as number)
    })
    await scheduler.runUntil(500)
    expect(a?.connected()).toEqual([1])
    const taken = Array.from({ length: frames }, (_, i) => a?.send(1, 'consensus', Uint8Array.of(i)) === true)
    return { scheduler, network, came, taken, a }
  }

  it('delivers in order on a good link', async () => {
    const { scheduler, came } = await two({}, 50)
    await scheduler.runUntil(1_000)
    expect(came).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('loses, repeats and reorders as it is told', async () => {
    const lossy = await two({ lossRate: 0.5 }, 100)
    await lossy.scheduler.runUntil(1_000)
    expect(lossy.came.length).toBeGreaterThan(20)
    expect(lossy.came.length).toBeLessThan(80)
    const double = await two({ duplicateRate: 1 }, 10)
    await double.scheduler.runUntil(1_000)
    expect(double.came).toHaveLength(20)
    const mixed = await two({ jitterMs: 100 }, 50)
    await mixed.scheduler.runUntil(1_000)
    expect(mixed.came).not.toEqual([...mixed.came].sort((x, y) => x - y))
    expect([...mixed.came].sort((x, y) => x - y)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('refuses what does not fit, and says so', async () => {
    const { taken } = await two({ outboxBytesMax: 200 }, 10)
    expect(taken.filter(Boolean)).toHaveLength(3)
  })

  it('drops what is on its way when a connection closes, and comes back', async () => {
    const { scheduler, network, came, a } = await two({}, 5)
    network.disconnect(0, 1, 100)
    expect(a?.send(1, 'batch', Uint8Array.of(9))).toBe(false)
    await scheduler.runUntil(700)
    expect(came).toEqual([])
    expect(a?.send(1, 'batch', Uint8Array.of(7))).toBe(true)
    await scheduler.runUntil(800)
    expect(came).toEqual([7])
  })
})
