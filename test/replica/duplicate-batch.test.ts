import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { makeValue } from '../../src/codec/block.js'
import { batchDigest, statementBytes } from '../../src/codec/statements.js'
import { encodeBatch, encodeBatchBody } from '../../src/codec/transaction.js'
import { encodeLogRecord } from '../../src/codec/wal.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { openWriteAheadLog } from '../../src/ledger/index.js'
import { BatchStore } from '../../src/replica/batch-store.js'
import { BlockQueue } from '../../src/replica/block-queue.js'
import { InProcessNetwork, testSigner, until } from '../support/in-process.js'

const { sha256 } = nativeSuite
let network: InProcessNetwork | undefined
afterEach(() => network?.close())

it('keeps a batch that a vote names over a restart, even when its transactions came in another one', async () => {
  network = await InProcessNetwork.start(1)
  const args = { category: 'test', subject: 'subject', payload: 'in two batches' }
  const transaction = await network.encode(network.identity(0), 'logbook', 'append', args)
  expect(await network.submit(0, transaction)).toMatchObject({ kind: 'final', block: { certificate: { cid: 1 } } })
  const { networkId } = network.get(0).replica.context
  await network.stop(0)

  // The replica died after it had voted for a value that names a second batch with the same transaction.
  const body = encodeBatchBody(0, Date.now() * 1_000, [transaction.bytes])
  const digest = batchDigest(sha256, networkId, body)
  const statement = statementBytes(networkId, { view: 0, kind: 'batch', regency: 0, cid: 0, digest })
  const bytes = encodeBatch(body, 0, testSigner('replica 0').sign(statement) as Uint8Array)
  const value = makeValue(sha256, Date.now(), [digest])
  const log = await openWriteAheadLog({ path: join(network.folder, 'wal-0') })
  log.append(encodeLogRecord({ kind: 'batch', bytes }))
  log.append(encodeLogRecord({ kind: 'write', cid: 2, regency: 1, digest: value.digest, value: value.bytes }))
  await log.close()

  const { ledger } = await network.start(0)
  await until(() => ledger.finalized().height >= 2, 'the value was decided', 5_000)
  expect(ledger.header(2)?.header).toMatchObject({ value: value.digest, transactions: 0 })
})

it('never executes a decided value without all of its batches', async () => {
  const value = makeValue(sha256, 1, ['00'.repeat(32)])
  const ledger = { tip: () => ({ header: { height: 0 } }) }
  const problem = await new Promise<unknown>((fatal) => {
    const handlers = { executed: fatal, certified: fatal, certify: () => undefined, fatal }
    const queue = new BlockQueue(
      { execute: async () => 'executed' } as never,
      ledger as never,
      new BatchStore(),
      handlers,
    )
    queue.deliver({ kind: 'deliver', cid: 1, value, certificate: {} as never })
  })
  expect(problem).toMatchObject({ name: 'AssertionFailed' })
})
