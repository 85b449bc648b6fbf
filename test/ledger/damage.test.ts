import { cp, readdir, rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.js'
import { sealHeader } from '../../src/codec/block.js'
import { type Database, KEY_SPACES, openLedger, TAIL_BLOCKS, verifyLedger } from '../../src/ledger/index.js'
import { describeKey, heightKey, metaKey, spaceRange, stateKey, transactionKey } from '../../src/ledger/keyspaces.js'
import { openRow, sealRow } from '../../src/ledger/rows.js'
import {
  appendBlocks,
  digestOf,
  genesisOf,
  inFolder,
  memoryDatabase,
  NETWORK,
  openWith,
  rawDatabase,
  sha256,
  suite,
} from './support.js'

/** A database with a ledger of some blocks, closed. */
async function written(blocks = 3): Promise<Database> {
  const database = memoryDatabase()
  const ledger = await openWith({ database })
  await appendBlocks(ledger, blocks)
  await ledger.close()
  await database.open()
  return database
}

async function copyOf(database: Database): Promise<Database> {
  const copy = memoryDatabase()
  for await (const [key, value] of database.iterator()) await copy.put(key, Buffer.from(value))
  return copy
}

const problemsOf = async (database: Database) => {
  await database.open()
  return (await verifyLedger({ database }, { suite })).problems
}

/** What is pulled of a snapshot is checked when it is installed (snapshot.test.ts). */
const LEDGER_SPACES = KEY_SPACES.filter((space) => space !== 'chunk' && space !== 'pulled')

for (const space of LEDGER_SPACES) {
  test(`a flipped bit of a ${space} row is found, whichever bit it is`, async () => {
    const database = await written()
    const [[key, value] = expect.fail()] = await database.iterator({ ...spaceRange(space), reverse: true }).all()
    const { text } = describeKey(key)
    for (let at = 0; at < value.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(value)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        expect(() => openRow(key, flipped)).toThrow(text)
      }
      expect(() => openRow(key, value.subarray(0, at))).toThrow(text)
    }
    const flipped = Buffer.from(value)
    flipped[0] = (flipped[0] ?? 0) ^ 1
    await database.put(key, flipped)
    const [problem] = await problemsOf(database)
    expect(problem?.code).toBe('ledger/corrupt')
    expect(problem?.detail).toContain(text)
    expect(problem?.height).toBe(describeKey(key).height)
    // the state is not read at open, and everything else is
    if (space === 'state' || space === 'stateHash') expect(() => openRow(key, flipped)).toThrow('ledger is damaged')
    else await expect(openWith({ database })).rejects.toMatchObject({ code: 'ledger/corrupt' })
  })

  test(`a lost ${space} row is found`, async () => {
    const database = await written()
    for (const [key] of await database.iterator(spaceRange(space)).all()) {
      const copy = await copyOf(database)
      await copy.del(key)
      // one of a lower height is not missed where the next covers it
      const isSpare = space === 'certificate' && describeKey(key).height !== 3
      if (isSpare) expect(await problemsOf(copy)).toEqual([])
      else expect(await problemsOf(copy)).not.toEqual([])
    }
  })
}

test('a whole value under another key is found', () => {
  for (const [one, other] of [
    [heightKey('header', 1), heightKey('header', 2)],
    [heightKey('header', 1), heightKey('body', 1)],
    [stateKey('ab'), stateKey('a')],
    [stateKey('ab'), stateKey('ac')],
    [transactionKey(digestOf('a')), transactionKey(digestOf('b'))],
  ] as const) {
    for (const payload of [utf8('payload'), new Uint8Array()]) {
      const row = sealRow(one, payload)
      expect(openRow(one, row)).toEqual(Buffer.from(payload))
      expect(() => openRow(other, row)).toThrow('checksum')
    }
  }
  // no byte moves between key and value
  expect(() => openRow(stateKey('a'), Buffer.concat([utf8('b'), sealRow(stateKey('ab'), utf8('c'))]))).toThrow(
    'checksum',
  )
})

test('damage that is read while running names its row', async () => {
  const database = memoryDatabase()
  const ledger = await openWith({ database })
  await appendBlocks(ledger, 2)
  const spoil = async (key: Buffer) =>
    database.put(key, Buffer.concat([(await database.get(key)) ?? expect.fail(), utf8('x')]))
  await spoil(heightKey('body', 1))
  expect(() => ledger.record(1)).toThrow('body row at height 1')
  await spoil(heightKey('receipts', 2))
  expect(() => ledger.receipts(2)).toThrow('receipts row at height 2')
  await spoil(stateKey('height/1'))
  expect(() => ledger.get('height/1')).toThrow('state row "height/1"')
  await expect(ledger.list('height/', 10)).rejects.toThrow('state row "height/1"')
  expect(() => ledger.prove('height/1')).toThrow('state row "height/1"')
  await database.del(heightKey('body', 2))
  expect(() => ledger.record(2)).toThrow('body row at height 2 is missing')
  // an old value, whole in itself
  const key = stateKey('height/2')
  await database.put(key, sealRow(key, utf8('old')))
  expect(() => ledger.prove('height/2')).toThrow('height/2')
  await ledger.close()
})

test('a planted block is found by verification, wherever it is, and in the tail when opened', async () => {
  const blocks = TAIL_BLOCKS + 8
  for (const height of [5, blocks - 2]) {
    const database = await written(blocks)
    const key = heightKey('header', height)
    const ledger = await openWith({ database: await copyOf(database) })
    const { header } = ledger.header(height) ?? expect.fail()
    await ledger.close()
    const planted = sealHeader(sha256, { ...header, receiptRoot: digestOf('forged') })
    await database.put(key, sealRow(key, planted.bytes))
    const problems = await problemsOf(database)
    const found = problems.map(({ code, height }) => [code, height])
    expect(found).toContainEqual(['ledger/wrong-receipts', height])
    expect(found).toContainEqual(['ledger/wrong-certificate', height])
    expect(found).toContainEqual(['ledger/broken-link', height + 1])
    const opened = openWith({ database })
    if (height === 5) await (await opened).close()
    else await expect(opened).rejects.toMatchObject({ code: 'ledger/corrupt' })
  }
})

test('verification finds a state that is whole but not the one under the root', async () => {
  for (const [key, value] of [
    ['height/2', 'other'],
    ['planted', 'new'],
  ] as const) {
    const database = await written()
    await database.put(stateKey(key), sealRow(stateKey(key), utf8(value)))
    const codes = new Set((await problemsOf(database)).map(({ code }) => code))
    expect(codes).toEqual(new Set(['ledger/wrong-state']))
  }
})

test('verification finds index rows that point elsewhere, and ones too many', async () => {
  const database = await written()
  const location = Buffer.alloc(12)
  const spare = transactionKey(digestOf('spare'))
  await database.put(spare, sealRow(spare, location))
  expect((await problemsOf(database)).map(({ code }) => code)).toEqual(['ledger/wrong-index'])
  const real = transactionKey(digestOf('transaction 2 1'))
  await database.put(real, sealRow(real, location))
  expect(await problemsOf(database)).toContainEqual(expect.objectContaining({ code: 'ledger/wrong-index', height: 2 }))
})

test('verification reports what its callbacks find, and goes on', async () => {
  const database = await written()
  const { problems } = await verifyLedger(
    { database },
    {
      suite,
      checkCertificate: (_, { header }) => (header.height === 2 ? 'no quorum' : undefined),
      checkBody: ({ sealed }) => (sealed.header.height === 3 ? 'another root' : undefined),
    },
  )
  expect(problems).toEqual([
    { code: 'ledger/wrong-certificate', height: 2, detail: 'no quorum' },
    { code: 'ledger/wrong-body', height: 3, detail: 'another root' },
  ])
})

test('verification of something that is no ledger is a report too', async () => {
  const database = memoryDatabase()
  await database.put(Buffer.from('?'), Buffer.from('?'))
  expect(await problemsOf(database)).not.toEqual([])
})

test('a tip that went back to an older version is found', async () => {
  const database = await written()
  const key = metaKey('tip')
  const tip = Buffer.alloc(40)
  tip.writeUInt32BE(2, 4)
  tip.write(toHex(sha256(utf8('any'))), 8, 'hex')
  await database.put(key, sealRow(key, tip))
  await expect(openWith({ database })).rejects.toMatchObject({ code: 'ledger/corrupt' })
})

test('the data folder of another network is refused, and left as it is', () =>
  inFolder(async (path) => {
    await (await openWith({ path })).close()
    const other = openLedger({ path, networkId: '22'.repeat(32), genesis: genesisOf([]), suite })
    await expect(other).rejects.toMatchObject({
      code: 'ledger/other-network',
      remedy: expect.stringContaining('folder'),
    })
    const same = openLedger({ path, networkId: NETWORK, genesis: genesisOf([]), suite })
    await expect(same).rejects.toMatchObject({ code: 'ledger/other-genesis' })
    await (await openWith({ path })).close()
  }))

test('a process that is killed at any moment loses no block that was acknowledged, and half of none', () =>
  inFolder(async (folder) => {
    const path = `${folder}/ledger`
    const ledger = await openWith({ path })
    for (let round = 0; round < 8; round++) {
      const appending = appendBlocks(ledger, 1, { transactions: 200 })
      // the files as they are now are what a killed process leaves behind
      for (const moment of ['writing', 'written']) {
        if (moment === 'written') await appending
        const acknowledged = ledger.tip().header.height
        const left = `${folder}/${moment}-${round}`
        await cp(path, left, { recursive: true })
        const again = await openWith({ path: left })
        expect(again.tip().header.height - acknowledged).toBeOneOf(moment === 'written' ? [0] : [0, 1])
        const { height } = again.tip().header
        expect(again.get(`height/${height}`)).toEqual(height === 0 ? undefined : Buffer.from(`${height}`))
        await again.close()
        expect((await verifyLedger({ path: left }, { suite })).problems).toEqual([])
      }
    }
    await ledger.close()
  }))

test('a folder that is open already is refused', () =>
  inFolder(async (path) => {
    const ledger = await openWith({ path })
    await expect(openWith({ path })).rejects.toMatchObject({ code: 'ledger/locked', remedy: expect.any(String) })
    await expect(verifyLedger({ path }, { suite })).rejects.toMatchObject({ code: 'ledger/locked' })
    await appendBlocks(ledger, 1)
    await ledger.close()
  }))

test.each([
  [99, 'Run the version of etalon that wrote'],
  [2, 'Start with an empty data folder and catch up from peers.'],
  [1, 'Start with an empty data folder and catch up from peers.'],
])('format %i is refused', async (version, remedy) => {
  const database = await written()
  const key = metaKey('format')
  const format = Buffer.alloc(36)
  format.writeUInt32BE(version, 0)
  await database.put(key, sealRow(key, format))
  const rows = await database.iterator().all()
  await expect(openWith({ database })).rejects.toMatchObject({
    code: 'ledger/format',
    remedy: expect.stringContaining(remedy),
  })
  await database.open()
  expect(await database.iterator().all()).toEqual(rows)
  expect(await problemsOf(database)).toMatchObject([{ detail: expect.stringContaining(`format ${version}`) }])
})

test('a folder that LevelDB opens as an empty one is not taken for a new one', () =>
  inFolder(async (path) => {
    const ledger = await openWith({ path })
    await appendBlocks(ledger, 2)
    await ledger.close()
    for (const file of await readdir(path)) if (file !== 'NETWORK') await rm(`${path}/${file}`)
    await expect(openWith({ path })).rejects.toMatchObject({ code: 'ledger/corrupt' })
  }))

test('a folder that LevelDB cannot read is an error with a remedy', () =>
  inFolder(async (path) => {
    await (await openWith({ path })).close()
    await writeFile(`${path}/CURRENT`, 'nothing')
    await expect(openWith({ path })).rejects.toMatchObject({ code: 'ledger/corrupt', remedy: expect.any(String) })
    await expect(openWith({ path: `${path}/CURRENT/x` })).rejects.toMatchObject({ code: 'ledger/unavailable' })
  }))

test('damage in the files of LevelDB itself is found by verification', () =>
  inFolder(async (path) => {
    await (await openWith({ path })).close()
    const raw = rawDatabase(path)
    await raw.put(heightKey('body', 7), Buffer.from('without a checksum'))
    await raw.close()
    const { problems } = await verifyLedger({ path }, { suite })
    expect(problems).toEqual([expect.objectContaining({ code: 'ledger/corrupt', height: 7 })])
  }))

test('after a failed write the ledger writes no more, and still reads its tip', async () => {
  const database = memoryDatabase()
  const ledger = await openWith({ database })
  await appendBlocks(ledger, 1)
  const batch = database.batch.bind(database)
  Object.assign(database, {
    batch: () =>
      Object.assign(batch(), {
        write: async () => {
          throw new Error('EIO')
        },
      }),
  })
  await expect(appendBlocks(ledger, 1)).rejects.toMatchObject({ code: 'ledger/write-failed' })
  expect(ledger.tip().header.height).toBe(1)
  expect(ledger.get('height/1')).toEqual(Buffer.from('1'))
  expect(ledger.prove('height/2').value).toBeUndefined()
  expect(() => ledger.stage([])).toThrow('could not be written')
  await ledger.close()
})
