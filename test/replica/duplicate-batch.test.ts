import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { makeValue } from '../../src/codec/block.js'
import { batchDigest, statementBytes } from '../../src/codec/statements.js'
import { encodeBatch, encodeBatchBody } from '../../src/codec/transaction.js'
import { encodeLogRecord } from '../../src/codec/wal.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { openWriteAheadLog } from '../../src/ledger/index.js'
import type { PreparedCertificate } from '../../src/types/index.js'
import { replicaSigner } from '../support/byzantine.js'
import { InProcessNetwork, until } from '../support/in-process.js'

const { sha256 } = nativeSuite
let network: InProcessNetwork | undefined
afterEach(() => network?.close())

it('keeps a batch that a lock names over a crash, even when its transactions came in another one', async () => {
  network = await InProcessNetwork.start(1)
  const args = { category: 'test', subject: 'subject', payload: 'in two batches' }
  const transaction = await network.encode(network.identity(0), 'logbook', 'append', args)
  expect(await network.submit(0, transaction)).toMatchObject({
    kind: 'final',
    block: { sealed: { header: { height: 1 } } },
  })
  const { networkId } = network.get(0).replica.context
  await network.crash(0)

  // It died after it had accepted a value that names a second batch with the same transaction.
  const body = encodeBatchBody(0, { incarnation: 1, number: 2 }, [transaction.bytes])
  const digest = batchDigest(sha256, networkId, body)
  const signed = { view: 0, regency: 0, cid: 0 } as const
  const signer = replicaSigner(0)
  const bytes = encodeBatch(body, 0, signer.sign(statementBytes(networkId, { ...signed, kind: 'batch', digest })))
  const value = makeValue(sha256, Date.now(), [digest])
  const lock = { kind: 'write', view: 0, cid: 2, regency: 1, digest: value.digest } as const
  const signature = signer.sign(statementBytes(networkId, lock))
  const prepared: PreparedCertificate = { ...lock, signatures: [{ replica: 0, signature }] }
  const log = await openWriteAheadLog({ path: join(network.folder, 'wal-0') })
  log.append(encodeLogRecord({ kind: 'batch', bytes }))
  log.append(encodeLogRecord({ kind: 'accept', prepared, value: value.bytes, header: 'ab'.repeat(32) }))
  await log.close()

  const { ledger } = await network.start(0)
  await until(() => ledger.tip().header.height >= 2, 'the value is final', 5_000)
  expect(ledger.header(2)?.header).toMatchObject({ value: value.digest, transactions: 0 })
})
