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
import type { BlockHeader, Certificate, Digest, SealedHeader, VoteKind } from '../../src/types/index.js'

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

export function certificateOf<K extends VoteKind>(kind: K, cid: number, digest: Digest): Certificate<K> {
  const signatures = [1, 2, 3].map((replica) => ({ replica, signature: new Uint8Array(64).fill(replica) }))
  return { kind, view: 0, cid, regency: kind === 'persist' ? 0 : 1, digest, signatures }
}

export const finalityOf = ({ header, hash }: SealedHeader): Certificate<'persist'> =>
  certificateOf('persist', header.height, hash)

export interface BlockContent {
  readonly transactions?: number
  readonly changes?: readonly StateChange[]
  readonly finality?: boolean
}

/** The next block above a tip, staged. */
export function nextBlock(ledger: Ledger, content: BlockContent = {}): NewBlock {
  const tip = ledger.tip()
  const height = tip.header.height + 1
  const { transactions: count = 3, changes = [{ key: `height/${height}`, value: utf8(`${height}`) }] } = content
  const transactions = Array.from({ length: count }, (_, i) => digestOf(`transaction ${height} ${i}`))
  const receipts = transactions.map((transaction) =>
    encodeReceipt({ transaction, status: 'done', code: '', detail: '', result: utf8('{}'), events: [] }),
  )
  const staged = ledger.stage(changes)
  const sealed = sealHeader(sha256, {
    ...EMPTY_HEADER,
    height,
    previous: tip.hash,
    value: digestOf(`value ${height}`),
    receiptRoot: toHex(MerkleTree.ofData(sha256, receipts).root),
    stateRoot: staged.root,
    timeMs: tip.header.timeMs + 1,
    transactions: count,
  })
  return {
    sealed,
    body: utf8(`body ${height}`),
    decision: certificateOf('accept', height, sealed.header.value),
    ...(content.finality === true ? { finality: finalityOf(sealed) } : {}),
    transactions,
    receipts,
    changes,
    staged,
  }
}

export async function appendBlocks(ledger: Ledger, count: number, content: BlockContent = {}): Promise<NewBlock[]> {
  const blocks: NewBlock[] = []
  for (let i = 0; i < count; i++) {
    const block = nextBlock(ledger, content)
    await ledger.append(block)
    blocks.push(block)
  }
  return blocks
}
