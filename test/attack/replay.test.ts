import { afterEach, beforeEach, expect, it } from 'vitest'
import { type EncodedTransaction, EtalonClient } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import type { Outcome } from '../../src/replica/index.js'
import { ByzantineMember } from '../support/byzantine.js'
import { InProcessNetwork, until } from '../support/in-process.js'

let network: InProcessNetwork

beforeEach(async () => {
  network = await InProcessNetwork.start(4)
})

afterEach(() => network.close())

const encode = (payload: string): Promise<EncodedTransaction> =>
  network.encode(network.identity(0), 'logbook', 'append', { category: 'c', subject: 's', payload })

/** Where a transaction is final; two outcomes of one transaction must give the same. */
function place(outcome: Outcome): string {
  if (outcome.kind !== 'final') expect.fail(`refused with ${outcome.code}: ${outcome.detail}`)
  return `${outcome.block.sealed.hash} ${outcome.index}`
}

/** A receipt comes before its block is in the ledger. */
const isWritten = (id: number, transaction: string) =>
  until(() => network.get(id).ledger.locate(transaction) !== undefined, `replica ${id} to write it`)

/** How many blocks of a replica hold the transaction. */
function occurrences(id: number, transaction: string): number {
  const { ledger } = network.get(id)
  let count = 0
  for (let height = 1; height <= ledger.tip().header.height; height++) {
    const hex = (ledger.receipts(height) ?? []).map((receipt) => Buffer.from(receipt).toString('hex'))
    count += hex.filter((receipt) => receipt.includes(transaction)).length
  }
  return count
}

it('the same bytes many times, at once and afterwards, to every replica, are executed once and get the first receipt', async () => {
  const transaction = await encode('many times')
  const rounds = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, (i * 7) % 60))
      return network.submit(i % 4, transaction)
    }),
  )
  for (let id = 0; id < 4; id++) rounds.push(await network.submit(id, transaction))
  expect(new Set(rounds.map(place)).size).toBe(1)
  for (let id = 0; id < 4; id++) {
    await isWritten(id, transaction.id)
    expect(occurrences(id, transaction.id)).toBe(1)
  }
})

it('the same bytes, sent in the moment in which they become final, get the first receipt, however slow the disk is', async () => {
  network.ledgerWriteDelayMs = 20
  for (let i = 0; i < 5; i++) {
    const transaction = await encode(`moment ${i}`)
    const { replica } = network.get(i % 4)
    const [first, second] = await new Promise<readonly [Outcome, Outcome]>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the second was not answered')), 5_000)
      replica.submit(transaction.bytes, {}, (one) => {
        replica.submit(transaction.bytes, {}, (two) => {
          clearTimeout(timer)
          resolve([one, two])
        })
      })
    })
    expect(place(second)).toBe(place(first))
  }
})

it('the same bytes get the first receipt after a restart of the replica too', async () => {
  const transaction = await encode('restart')
  const first = place(await network.submit(2, transaction))
  await network.stop(2)
  await network.start(2)
  expect(place(await network.submit(2, transaction))).toBe(first)
})

it('a copy with another signature is no second transaction', async () => {
  const transaction = await encode('copy')
  const first = place(await network.submit(0, transaction))
  const copy = { ...transaction, bytes: transaction.bytes.with(-1, (transaction.bytes.at(-1) ?? 0) ^ 1) }
  const again = await network.submit(1, copy)
  // The first answer came from replica 0: replica 1 may still be about to execute the block.
  await isWritten(1, transaction.id)
  // Either answer is right: the receipt is public, and the copy was never executed.
  if (again.kind === 'final') expect(place(again)).toBe(first)
  else expect(again.code).toBe('transaction/bad-signature')
  expect(occurrences(1, transaction.id)).toBe(1)
})

it('a member that batches what was executed before has it passed over by all', async () => {
  const transaction = await encode('batched again')
  const first = place(await network.submit(0, transaction))
  await isWritten(1, transaction.id)
  await network.stop(3)
  const member = await ByzantineMember.join(network, 3)
  await until(() => member.connected().length === 3, 'connections')
  const late = await encode('new in the same batch')
  member.sendBatch(member.batch([transaction.bytes, transaction.bytes, late.bytes]).bytes)
  const { height } = network.get(0).ledger.tip().header
  await until(() => network.get(0).ledger.tip().header.height > height, 'the batch in a block')
  for (const id of [0, 1, 2]) {
    await isWritten(id, late.id)
    expect(occurrences(id, transaction.id)).toBe(1)
    expect(occurrences(id, late.id)).toBe(1)
    expect(place(await network.submit(id, transaction))).toBe(first)
  }
  await member.leave()
})

it('a client whose replica fails sends the same bytes to the next and gets the one receipt', async () => {
  const urls = [await network.serve(0), await network.serve(1)]
  const identity = network.identity(0)
  const { genesis } = network
  const client = new EtalonClient({ genesis, urls: ['http://127.0.0.1:9', ...urls], identity, suite: nativeSuite })
  const transaction = await client.encode('logbook', 'append', { category: 'c', subject: 's', payload: 'failover' })
  const first = await client.submitEncoded(transaction)
  const other = new EtalonClient({ genesis, urls: [urls[1] ?? ''], identity, suite: nativeSuite })
  const second = await other.submitEncoded(transaction)
  expect([second.height, second.proven.index]).toEqual([first.height, first.proven.index])
  await isWritten(0, transaction.id)
  expect(occurrences(0, transaction.id)).toBe(1)
})
