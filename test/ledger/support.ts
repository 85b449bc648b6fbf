import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { toHex, utf8 } from '../../src/base/bytes.js'
import { encodeReceipt, sealHeader } from '../../src/codec/block.js'
import { MerkleTree } from '../../src/crypto/merkle.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { type Database, type LedgerOptions, openLedger, stateRootOf } from '../../src/ledger/index.js'
import type { Ledger, NewBlock, StateChange } from '../../src/ports.js'
import type { BlockHeader, Digest, FinalityCertificate, SealedHeader } from '../../src/types/index.js'

export const suite = nativeSuite
export const { sha256 } = nativeSuite
export const NETWORK: Digest = '11'.repeat(32)
export const digestOf = (text: string): Digest => toHex(sha256(utf8(text)))

export const memoryDatabase = (): Database =>
  new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' })

/** The database of a folder, outside of any ledger: to damage it. */
export const rawDatabase = (path: string): Database =>
  new Level<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' })

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'etalon-ledger-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const EMPTY_HEADER: BlockHeader = {
  height: 0,
  previous: '00'.repeat(32),
  value: '00'.repeat(32),
  transactionRoot: digestOf('no transactions'),
  receiptRoot: toHex(new MerkleTree(sha256, []).root),
  stateRoot: '00'.repeat(32),
  timeMs: 1_700_000_000_000,
  view: digestOf('view'),
  contracts: digestOf('contracts'),
  transactions: 0,
}

export const genesisChanges: readonly StateChange[] = [{ key: 'network/name', value: utf8('test') }]

export function genesisOf(changes: readonly StateChange[] = genesisChanges) {
  return { sealed: sealHeader(sha256, { ...EMPTY_HEADER, stateRoot: stateRootOf(sha256, changes) }), changes }
}

export const openWith = (location: { path: string } | { database: Database }, more: Partial<LedgerOptions> = {}) =>
  openLedger({ networkId: NETWORK, genesis: genesisOf(), suite, ...more, ...location })

/** A certificate that fits to a header. Its signatures are none. */
export function certificateOf({ header, hash }: SealedHeader): FinalityCertificate {
  const signatures = [1, 2, 3].map((replica) => ({ replica, signature: new Uint8Array(64).fill(replica) }))
  return { kind: 'accept', view: 0, cid: header.height, regency: 1, digest: header.value, header: hash, signatures }
}

export interface BlockContent {
  readonly transactions?: number
  readonly changes?: readonly StateChange[]
  /** `false` leaves out the certificate. */
  readonly certified?: boolean
  /** Hash of the view of the next height. */
  readonly view?: Digest
}

/** The next block above another, or above the tip, staged. */
export function nextBlock(ledger: Ledger, content: BlockContent = {}, below?: NewBlock): NewBlock {
  const { header, hash } = below?.sealed ?? ledger.tip()
  const height = header.height + 1
  const { transactions: count = 3, changes = [{ key: `height/${height}`, value: utf8(`${height}`) }] } = content
  const transactions = Array.from({ length: count }, (_, i) => digestOf(`transaction ${height} ${i}`))
  const receipts = transactions.map((transaction) =>
    encodeReceipt({ transaction, status: 'done', code: '', detail: '', result: utf8('{}'), events: [] }),
  )
  const staged = ledger.stage(changes, below?.staged)
  const sealed = sealHeader(sha256, {
    ...EMPTY_HEADER,
    height,
    previous: hash,
    value: digestOf(`value ${height}`),
    receiptRoot: toHex(MerkleTree.ofData(sha256, receipts).root),
    stateRoot: staged.root,
    timeMs: header.timeMs + 1,
    view: content.view ?? header.view,
    transactions: count,
  })
  const certificate = content.certified === false ? {} : { certificate: certificateOf(sealed) }
  return { sealed, body: utf8(`body ${height}`), ...certificate, transactions, receipts, staged }
}

/** Blocks one on another above the tip, the last with a certificate of its own. */
export function nextRun(ledger: Ledger, contents: readonly BlockContent[]): NewBlock[] {
  const run: NewBlock[] = []
  for (const [i, content] of contents.entries()) {
    const certified = content.certified ?? i === contents.length - 1
    run.push(nextBlock(ledger, { ...content, certified }, run.at(-1)))
  }
  return run
}

/** Blocks that are written one by one, each with its certificate. */
export async function appendBlocks(ledger: Ledger, count: number, content: BlockContent = {}): Promise<NewBlock[]> {
  const blocks: NewBlock[] = []
  for (let i = 0; i < count; i++) {
    const block = nextBlock(ledger, content)
    await ledger.append([block])
    blocks.push(block)
  }
  return blocks
}

/** A write as the database is asked for it. */
export interface AskedWrite {
  readonly by: 'put' | 'del' | 'clear' | 'batch' | 'chained batch'
  readonly sync: boolean
}

/** The database, with a say before each write: what `before` throws is how the write fails. */
export function watched(database: Database, before: (write: AskedWrite) => void): Database {
  const asked = async (by: AskedWrite['by'], options: unknown) =>
    before({ by, sync: (options as { sync?: boolean } | undefined)?.sync === true })
  return new Proxy(database, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function') return value
      const call = value.bind(target) as (...args: unknown[]) => unknown
      const isWrite = property === 'put' || property === 'del' || property === 'clear'
      if (isWrite) return (...args: unknown[]) => asked(property, args.at(-1)).then(() => call(...args))
      if (property !== 'batch') return call
      return (...args: unknown[]) => {
        if (args.length > 0) return asked('batch', args[1]).then(() => call(...args))
        const batch = call() as { write: (options?: unknown) => Promise<void> }
        const write = batch.write.bind(batch)
        batch.write = (options) => asked('chained batch', options).then(() => write(options))
        return batch
      }
    },
  })
}
