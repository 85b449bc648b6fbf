import { expect, test } from 'vitest'
import { AssertionFailed } from '../../src/base/assert.js'
import { utf8 } from '../../src/base/bytes.js'
import { chainProblem } from '../../src/consensus/certificates.js'
import { verifyStateProof } from '../../src/crypto/sparse-merkle.js'
import { type Database, verifyLedger } from '../../src/ledger/index.js'
import type { Ledger, NewBlock } from '../../src/ports.js'
import {
  appendBlocks,
  certificateOf,
  digestOf,
  genesisOf,
  inFolder,
  memoryDatabase,
  nextBlock,
  nextRun,
  openWith,
  sha256,
  suite,
} from './support.js'

interface Place {
  readonly location: { path: string } | { database: Database }
  open(): Promise<Ledger>
}

const PLACES: Readonly<Record<string, (use: (place: Place) => Promise<void>) => Promise<void>>> = {
  'LevelDB on disk': (use) =>
    inFolder((folder) => {
      const location = { path: `${folder}/ledger` }
      return use({ location, open: () => openWith(location) })
    }),
  'memory-level': (use) => {
    const location = { database: memoryDatabase() }
    return use({ location, open: () => openWith(location) })
  },
}

const proves = (ledger: Ledger, key: string): Uint8Array | undefined => {
  const { value, proof } = ledger.prove(key)
  const root = Buffer.from(ledger.tip().header.stateRoot, 'hex')
  expect(verifyStateProof(sha256, root, key, value, proof)).toBe(true)
  return value
}

for (const [name, inPlace] of Object.entries(PLACES)) {
  const inLedger = (use: (ledger: Ledger, place: Place) => Promise<void>) => () =>
    inPlace(async (place) => {
      const ledger = await place.open()
      try {
        await use(ledger, place)
      } finally {
        await ledger.close()
      }
    })

  test(
    `${name}: starts with genesis`,
    inLedger(async (ledger) => {
      expect(ledger.tip()).toEqual(genesisOf().sealed)
      expect(ledger.finality(0)).toBeUndefined()
      expect(ledger.get('network/name')).toEqual(Buffer.from('test'))
      expect(ledger.header(0)?.hash).toBe(genesisOf().sealed.hash)
      expect(ledger.receipts(0)).toEqual([])
      expect(ledger.record(0)).toBeUndefined()
      expect(ledger.header(1)).toBeUndefined()
      expect(ledger.header(-1)).toBeUndefined()
      expect(proves(ledger, 'network/name')).toEqual(Buffer.from('test'))
    }),
  )

  test(
    `${name}: gives back what was appended`,
    inLedger(async (ledger) => {
      const blocks = await appendBlocks(ledger, 5)
      for (const block of blocks) {
        const { height } = block.sealed.header
        expect(ledger.header(height)?.hash).toBe(block.sealed.hash)
        expect(ledger.receipts(height)).toEqual(block.receipts.map((receipt) => Buffer.from(receipt)))
        const record = ledger.record(height)
        expect(record?.body).toEqual(Buffer.from(block.body))
        expect(record?.certificate).toEqual(block.certificate)
        for (const [index, id] of block.transactions.entries()) expect(ledger.locate(id)).toEqual({ height, index })
      }
      expect(ledger.tip().header.height).toBe(5)
      expect(ledger.record(6)).toBeUndefined()
      expect(ledger.receipts(6)).toBeUndefined()
      expect(ledger.locate(digestOf('unknown'))).toBeUndefined()
    }),
  )

  test(
    `${name}: continues after it was closed`,
    inLedger(async (ledger, { open }) => {
      const blocks = await appendBlocks(ledger, 40)
      await ledger.close()
      const again = await open()
      expect(again.tip().hash).toBe(blocks.at(-1)?.sealed.hash)
      expect(again.certificate(40)?.header).toBe(again.tip().hash)
      expect(again.header(3)?.hash).toBe(blocks[2]?.sealed.hash)
      await appendBlocks(again, 2)
      expect(again.get('height/17')).toEqual(Buffer.from('17'))
      expect(proves(again, 'height/42')).toEqual(Buffer.from('42'))
      await again.close()
    }),
  )

  test(
    `${name}: keeps the certificates that blocks have, and proves the others by the next`,
    inLedger(async (ledger, { open }) => {
      const run = nextRun(ledger, [{}, { certified: true }, {}, {}, {}])
      await ledger.append(run)
      const check = (of: Ledger) => {
        expect([0, 1, 2, 3, 4, 5, 6].map((height) => of.certificate(height)?.cid)).toEqual([
          ...[undefined, undefined, 2, undefined, undefined, 5, undefined],
        ])
        expect([of.finality(0), of.finality(6), of.finality(-1)]).toEqual([undefined, undefined, undefined])
        for (const { sealed } of run) {
          const { height } = sealed.header
          const finality = of.finality(height) ?? expect.fail()
          expect(finality.certificate.cid).toBe(height <= 2 ? 2 : 5)
          expect(finality.headers).toHaveLength(finality.certificate.cid - height)
          expect(chainProblem(sealed, finality)).toBeUndefined()
        }
        expect(of.record(3)).not.toHaveProperty('certificate')
        expect(of.record(5)?.certificate?.signatures).toHaveLength(3)
      }
      check(ledger)
      await ledger.close()
      const again = await open()
      check(again)
      await again.close()
    }),
  )

  test(
    `${name}: refuses a run that does not continue the tip, up to a certificate`,
    inLedger(async (ledger) => {
      await appendBlocks(ledger, 1)
      const run = nextRun(ledger, [{}, {}, {}])
      const [one, two, three] = run as [NewBlock, NewBlock, NewBlock]
      const wrong = (header: object) => [
        one,
        { ...two, sealed: { ...two.sealed, header: { ...two.sealed.header, ...header } } },
        three,
      ]
      const other = nextBlock(ledger, { changes: [{ key: 'other', value: utf8('branch') }] })
      const foreign = certificateOf(other.sealed)
      const own = three.certificate ?? expect.fail()
      const view = digestOf('the next view')
      const { certificate: _, ...without } = three
      const refused: Record<string, readonly NewBlock[]> = {
        'nothing at all': [],
        'an end without a certificate': [one, two],
        'an end without one, after a block with one': [
          { ...one, certificate: certificateOf(one.sealed) },
          two,
          without,
        ],
        'a gap': [one, three],
        'a gap below': [two, three],
        'another height': wrong({ height: 4 }),
        'another previous': wrong({ previous: digestOf('else') }),
        'another state root': wrong({ stateRoot: digestOf('else') }),
        'another count': wrong({ transactions: 4 }),
        'a state of nobody': [one, { ...two, staged: { root: two.staged.root } }, three],
        'a state of another branch': [one, { ...two, staged: other.staged }, three],
        'states in another order': [{ ...one, staged: two.staged }, { ...two, staged: one.staged }, three],
        'a certificate of another block within': [one, { ...two, certificate: foreign }, three],
        'a certificate of another height': [one, two, { ...three, certificate: { ...own, cid: 3 } }],
        'a certificate of another value': [one, two, { ...three, certificate: { ...own, digest: digestOf('else') } }],
        'a certificate of another header': [one, two, { ...three, certificate: { ...own, header: digestOf('else') } }],
        'the end of a view without a certificate': nextRun(ledger, [{}, { view }, {}]),
      }
      for (const [name, blocks] of Object.entries(refused)) {
        await expect(ledger.append(blocks), name).rejects.toThrow(AssertionFailed)
      }
      expect(ledger.tip().header.height).toBe(1)
      await ledger.append(run)
      await expect(ledger.append(run)).rejects.toThrow(AssertionFailed)
      expect(ledger.tip().header.height).toBe(4)
      await ledger.append(nextRun(ledger, [{}, { view, certified: true }, {}]))
      expect(ledger.tip().header.height).toBe(7)
    }),
  )

  test(
    `${name}: a staged state that is given up leaves nothing behind`,
    inLedger(async (ledger) => {
      await appendBlocks(ledger, 1)
      const { stateRoot } = ledger.tip().header
      expect(ledger.stage([{ key: 'never', value: utf8('x') }]).root).not.toBe(stateRoot)
      expect(ledger.get('never')).toBeUndefined()
      expect(proves(ledger, 'never')).toBeUndefined()
      expect(ledger.stage([]).root).toBe(stateRoot)
    }),
  )

  test(
    `${name}: removes and overwrites keys`,
    inLedger(async (ledger) => {
      const put = (key: string, value: string | undefined) => ({
        key,
        value: value === undefined ? value : utf8(value),
      })
      const root = ledger.tip().header.stateRoot
      await appendBlocks(ledger, 1, { changes: [put('a', '1'), put('b', '2'), put('a', '3')] })
      expect(proves(ledger, 'a')).toEqual(Buffer.from('3'))
      await appendBlocks(ledger, 1, { changes: [put('a', undefined), put('c', '4'), put('c', undefined)] })
      expect(proves(ledger, 'a')).toBeUndefined()
      expect(proves(ledger, 'c')).toBeUndefined()
      await appendBlocks(ledger, 1, { changes: [put('b', undefined), put('empty', '')] })
      expect(ledger.get('empty')).toEqual(Buffer.from(''))
      await appendBlocks(ledger, 1, { changes: [put('empty', undefined)] })
      expect(ledger.tip().header.stateRoot).toBe(root)
    }),
  )

  test(
    `${name}: lists keys by prefix, in the order of their bytes`,
    inLedger(async (ledger) => {
      const keys = ['a/1', 'a/2', 'a/\u{10ffff}', 'a/\uffff', 'a', 'b/1', 'a0']
      await appendBlocks(ledger, 1, { changes: keys.map((key) => ({ key, value: utf8(key) })) })
      const listed = async (...args: [string, number, string?]) => (await ledger.list(...args)).map(({ key }) => key)
      expect(await listed('a/', 10)).toEqual(['a/1', 'a/2', 'a/\uffff', 'a/\u{10ffff}'])
      expect(await listed('a/', 2)).toEqual(['a/1', 'a/2'])
      expect(await listed('a/', 2, 'a/2')).toEqual(['a/\uffff', 'a/\u{10ffff}'])
      expect(await listed('a/', 2, 'a')).toEqual(['a/1', 'a/2'])
      expect(await listed('a/', 2, 'z')).toEqual([])
      expect(await listed('', 100)).toHaveLength(8)
      expect(await listed('', 0)).toEqual([])
      expect((await ledger.list('b', 1))[0]?.value).toEqual(Buffer.from('b/1'))
    }),
  )

  test(
    `${name}: readers see the tip while the next block is written`,
    inLedger(async (ledger) => {
      await appendBlocks(ledger, 1, { changes: [{ key: 'k', value: utf8('old') }] })
      const block = nextBlock(ledger, { changes: [{ key: 'k', value: utf8('new') }] })
      let done = false
      const appended = ledger.append([block]).then(() => {
        done = true
      })
      while (!done) {
        expect(ledger.tip().header.height).toBe(1)
        expect(proves(ledger, 'k')).toEqual(Buffer.from('old'))
        expect(ledger.locate(block.transactions[0] ?? '')).toBeUndefined()
        expect(ledger.header(2)).toBeUndefined()
        const [row] = await ledger.list('k', 1)
        if (!done) expect(row?.value).toEqual(Buffer.from('old'))
      }
      await appended
      expect(proves(ledger, 'k')).toEqual(Buffer.from('new'))
      expect(ledger.locate(block.transactions[0] ?? '')).toEqual({ height: 2, index: 0 })
    }),
  )

  test(
    `${name}: closing waits for a block that is being written`,
    inLedger(async (ledger, { open }) => {
      const appended = ledger.append([nextBlock(ledger)])
      await Promise.all([appended, ledger.close()])
      const again = await open()
      expect(again.tip().header.height).toBe(1)
      await again.close()
    }),
  )

  test(
    `${name}: an intact ledger verifies`,
    inLedger(async (ledger, { location }) => {
      const changes = Array.from({ length: 300 }, (_, i) => ({ key: `key/${i}`, value: utf8(`${i}`) }))
      await appendBlocks(ledger, 1, { changes })
      await ledger.append(nextRun(ledger, [{}, { certified: true }, {}]))
      if ('path' in location) await ledger.close()
      const seen: string[] = []
      const report = await verifyLedger(location, {
        suite,
        checkCertificate: ({ kind, cid }) => void seen.push(`${kind} ${cid}`),
        checkBody: ({ sealed }, receipts) => (receipts.length === sealed.header.transactions ? undefined : 'count'),
      })
      expect(report).toEqual({ blocks: 4, oldest: 1, transactions: 12, stateKeys: 304, problems: [] })
      expect(seen).toEqual(['accept 1', 'accept 3', 'accept 4'])
    }),
  )
}
