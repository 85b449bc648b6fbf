import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import { utf8 } from '../../src/base/bytes.js'
import {
  LOG_RECORD_BYTES_MAX,
  type LogFileSystem,
  nodeLogFileSystem,
  openWriteAheadLog,
} from '../../src/ledger/index.js'
import { FRAME_HEADER_LENGTH, LOG_HEADER_LENGTH } from '../../src/ledger/log-format.js'
import { MemoryDisk } from './memory-disk.js'
import { inFolder } from './support.js'

const PATH = '/replica/wal'
const open = (fileSystem: LogFileSystem) => openWriteAheadLog({ path: PATH, fileSystem })
const texts = (records: Iterable<Uint8Array>) => [...records].map((record) => Buffer.from(record).toString())

/** A disk with a log of these records, synced one by one. */
async function diskWith(...records: readonly string[]): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const log = await open(disk)
  for (const record of records) {
    log.append(utf8(record))
    await log.sync()
  }
  await log.close()
  return disk
}

test('on a real disk: records survive in order, and appending continues', () =>
  inFolder(async (folder) => {
    const path = `${folder}/deep/wal`
    const log = await openWriteAheadLog({ path })
    expect(texts(log.records())).toEqual([])
    for (let i = 0; i < 100; i++) log.append(utf8(`record ${i}`))
    await log.sync()
    log.append(Buffer.alloc(LOG_RECORD_BYTES_MAX, 7))
    await log.sync()
    await log.close()
    const again = await openWriteAheadLog({ path })
    expect([...again.records()]).toHaveLength(101)
    expect(texts(again.records())[99]).toBe('record 99')
    expect(again.size()).toBe((await readFile(path)).length)
    again.append(utf8('more'))
    expect([...again.records()]).toEqual([]) // let go of: the replay is over
    await again.rewrite([utf8('kept')])
    again.append(utf8('then'))
    await again.sync()
    await again.close()
    const last = await openWriteAheadLog({ path })
    expect(texts(last.records())).toEqual(['kept', 'then'])
    await last.close()
    await writeFile(path, (await readFile(path)).subarray(0, -1))
    const torn = await openWriteAheadLog({ path, fileSystem: nodeLogFileSystem })
    expect(texts(torn.records())).toEqual(['kept'])
    expect(torn.size()).toBe((await readFile(path)).length)
    await torn.close()
  }))

test('a log torn at any byte offset opens with the records before it, and continues', async () => {
  const records = ['one', 'the second', '3']
  const whole = (await diskWith(...records)).content(PATH)
  let end = LOG_HEADER_LENGTH
  const ends = records.map((record) => (end += FRAME_HEADER_LENGTH + record.length))
  for (let length = 0; length <= whole.length; length++) {
    const disk = new MemoryDisk({ [PATH]: whole.subarray(0, length) })
    if (length < LOG_HEADER_LENGTH) {
      // the header was on disk before the file came to its place, so this is no torn write
      await expect(open(disk)).rejects.toMatchObject({ code: 'wal/corrupt' })
      continue
    }
    const survivors = ends.filter((at) => at <= length).length
    const log = await open(disk)
    expect(texts(log.records())).toEqual(records.slice(0, survivors))
    disk.crash() // the cut itself is synced
    expect(disk.content(PATH)).toHaveLength(ends[survivors - 1] ?? LOG_HEADER_LENGTH)
    log.append(utf8('next'))
    await log.sync()
    await log.close()
    expect(texts((await open(disk)).records())).toEqual([...records.slice(0, survivors), 'next'])
  }
})

test('a tail of zeros or of noise is cut off', () =>
  fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(4096))), async (tail) => {
      const whole = (await diskWith('one', 'two')).content(PATH)
      const log = await open(new MemoryDisk({ [PATH]: Buffer.concat([whole, tail]) }))
      expect(texts(log.records())).toEqual(['one', 'two'])
      expect(log.size()).toBe(whole.length)
    }),
    { numRuns: 50 },
  ))

test('any flipped bit is found: in the last record it is cut off, anywhere before it is an error', async () => {
  const whole = (await diskWith('one', 'two', 'three')).content(PATH)
  const lastStart = whole.length - FRAME_HEADER_LENGTH - 'three'.length
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
      const opened = open(new MemoryDisk({ [PATH]: flipped }))
      if (at < lastStart) await expect(opened).rejects.toMatchObject({ code: 'wal/corrupt' })
      else expect(texts((await opened).records())).toEqual(['one', 'two'])
    }
  }
})

test('whatever part of a group reached the disk before the power went, the log opens with what was synced before', async () => {
  const disk = await diskWith('one', 'two')
  const synced = disk.content(PATH).length
  const log = await open(disk)
  for (const record of ['first of the group', 'second', 'third']) log.append(utf8(record))
  await log.sync()
  const whole = disk.content(PATH)
  for (let from = synced; from < whole.length; from++) {
    const torn = Buffer.from(whole)
    torn.fill(0, from, Math.min(from + 8, torn.length)) // a sector in the middle that was not written, and all behind it that was
    const opened = await open(new MemoryDisk({ [PATH]: torn }))
    expect(texts(opened.records()).slice(0, 2)).toEqual(['one', 'two'])
    expect(texts(opened.records()).length).toBeLessThan(5)
  }
  log.append(utf8('of the next group'))
  await log.sync()
  const damaged = Buffer.from(disk.content(PATH))
  damaged.fill(0, synced, synced + 8)
  await expect(open(new MemoryDisk({ [PATH]: damaged }))).rejects.toMatchObject({ code: 'wal/corrupt' })
})

test('a record cannot pass for another one after it: what a client wrote into it is not taken for a record', async () => {
  const inner = (await diskWith('a vote')).content(PATH).subarray(LOG_HEADER_LENGTH)
  const disk = new MemoryDisk()
  const log = await open(disk)
  log.append(utf8('one'))
  log.append(Buffer.concat([inner, inner, inner]))
  await log.sync()
  const torn = disk.content(PATH).subarray(0, -1)
  expect(texts((await open(new MemoryDisk({ [PATH]: torn }))).records())).toEqual(['one'])
})

test('a later version of the format is refused', async () => {
  const { encodeLogHeader } = await import('../../src/ledger/log-format.js')
  const { crc32 } = await import('node:zlib')
  const header = encodeLogHeader(1)
  header.writeUInt32BE(3, 8)
  header.writeUInt32BE(crc32(header.subarray(0, 16)), 16)
  await expect(open(new MemoryDisk({ [PATH]: header }))).rejects.toMatchObject({ code: 'wal/format' })
})

test('what was synced survives a crash, what was only appended does not', async () => {
  const disk = new MemoryDisk()
  const log = await open(disk)
  log.append(utf8('synced'))
  await log.sync()
  log.append(utf8('lost'))
  disk.crash()
  expect(texts((await open(disk)).records())).toEqual(['synced'])
})

test('syncs of one turn become one write and one fdatasync', async () => {
  const disk = new MemoryDisk()
  const log = await open(disk)
  const before = disk.operations.length
  const syncs: Promise<void>[] = []
  for (let i = 0; i < 50; i++) {
    log.append(utf8(`${i}`))
    syncs.push(log.sync())
  }
  await Promise.all(syncs)
  expect(disk.operations.slice(before)).toEqual(['write', 'datasync'])
  await log.sync()
  expect(disk.operations.slice(before)).toHaveLength(2)
})

test('syncs asked for while one is running share the next, and settle in order', async () => {
  const disk = new MemoryDisk()
  const log = await open(disk)
  const before = disk.operations.length
  const settled: number[] = []
  log.append(utf8('0'))
  const first = log.sync().then(() => settled.push(0))
  await disk.reached('write')
  const rest = [1, 2, 3].map((i) => {
    log.append(utf8(`${i}`))
    return log.sync().then(() => settled.push(i))
  })
  await Promise.all([first, ...rest])
  expect(settled).toEqual([0, 1, 2, 3])
  expect(disk.operations.slice(before)).toEqual(['write', 'datasync', 'write', 'datasync'])
  await log.close()
  expect(texts((await open(disk)).records())).toEqual(['0', '1', '2', '3'])
})

test('a sync covers all that was appended before it, in every interleaving', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('append', 'sync', 'turn'), { maxLength: 40 }), async (steps) => {
      const disk = new MemoryDisk()
      const log = await open(disk)
      const checks: Promise<void>[] = []
      let appended = 0
      for (const step of steps) {
        if (step === 'append') log.append(utf8(`${appended++}`))
        else if (step === 'turn') await Promise.resolve()
        else {
          const due = appended
          checks.push(log.sync().then(() => expect(disk.durableRecords(PATH)).toBeGreaterThanOrEqual(due)))
        }
      }
      await Promise.all(checks)
      await log.close()
      expect(texts((await open(disk)).records())).toEqual(Array.from({ length: appended }, (_, i) => `${i}`))
    }),
    { numRuns: 100 },
  ))

for (const failing of ['write', 'datasync'] as const) {
  test(`after a failed ${failing} the log stays broken`, async () => {
    const disk = await diskWith('one')
    const log = await open(disk)
    log.append(utf8('two'))
    disk.failOn(failing)
    const [first, second] = [log.sync(), log.sync()]
    await expect(first).rejects.toMatchObject({ code: 'wal/broken', cause: { code: 'EIO' } })
    await expect(second).rejects.toMatchObject({ code: 'wal/broken' })
    disk.failOn(undefined)
    const before = disk.operations.length
    log.append(utf8('three'))
    await expect(log.sync()).rejects.toMatchObject({ code: 'wal/broken' })
    await expect(log.rewrite([])).rejects.toMatchObject({ code: 'wal/broken' })
    expect(disk.operations).toHaveLength(before)
    await expect(log.close()).rejects.toMatchObject({ code: 'wal/broken' })
    disk.crash()
    expect(texts((await open(disk)).records())).toEqual(['one'])
  })
}

test('rewrite: whatever the moment of a crash, the old log or the new one is there', async () => {
  const steps = ['create', 'write', 'datasync', 'rename', 'syncFolderOf', undefined] as const
  for (const failing of steps) {
    const disk = await diskWith('old 1', 'old 2')
    const log = await open(disk)
    disk.failOn(failing)
    const rewritten = log.rewrite([utf8('new')])
    if (failing === undefined) await rewritten
    else await expect(rewritten).rejects.toMatchObject({ code: 'wal/broken' })
    disk.failOn(undefined)
    disk.crash()
    const expected = failing === undefined ? ['new'] : ['old 1', 'old 2']
    expect(texts((await open(disk)).records())).toEqual(expected)
  }
})

test('rewrite keeps its place among appends and syncs', async () => {
  const disk = await diskWith('old')
  const log = await open(disk)
  log.append(utf8('before'))
  const synced = log.sync().then(() => expect(disk.durableRecords(PATH)).toBe(3))
  log.append(utf8('on the way with it'))
  const rewritten = log.rewrite([utf8('new')])
  log.append(utf8('after'))
  await Promise.all([synced, rewritten, log.sync()])
  expect(texts((await open(disk)).records())).toEqual(['new', 'after'])
  expect(log.size()).toBe(disk.content(PATH).length)
  log.append(utf8('replaced'))
  await log.rewrite([utf8('newer')])
  await log.sync()
  await log.close()
  expect(texts((await open(disk)).records())).toEqual(['newer'])
})

test('refuses records that are empty or too long, and use after close', async () => {
  const log = await open(new MemoryDisk())
  expect(() => log.append(new Uint8Array())).toThrow(AssertionFailed)
  expect(() => log.append(new Uint8Array(LOG_RECORD_BYTES_MAX + 1))).toThrow(AssertionFailed)
  log.append(utf8('last'))
  await log.close()
  await log.close()
  expect(() => log.append(utf8('x'))).toThrow(AssertionFailed)
  expect(() => log.rewrite([])).toThrow(AssertionFailed)
})
