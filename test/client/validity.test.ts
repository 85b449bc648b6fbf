import { describe, expect, it } from 'vitest'
import { EtalonClient } from '../../src/client/index.js'
import { networkIdOf } from '../../src/codec/genesis.js'
import { decodeTransaction, isRefused } from '../../src/codec/transaction.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { testGenesis, testSigner } from '../support/in-process.js'

/** How long a call is valid that says nothing of it, ms. */
async function validForMs(dedupWindowMs: number): Promise<number> {
  const genesis = testGenesis(4, { dedupWindowMs })
  const identity = { organization: 'org0', signer: testSigner('client 0') }
  const client = new EtalonClient({ genesis, urls: [], identity, suite: nativeSuite })
  const before = Date.now()
  const { bytes } = await client.encode('logbook', 'append', { category: 'test', subject: 's', payload: 'p' })
  const context = { networkId: networkIdOf(nativeSuite.sha256, genesis), sha256: nativeSuite.sha256 }
  const decoded = decodeTransaction(context, bytes)
  if (isRefused(decoded)) expect.fail()
  return decoded.validUntilMs - before
}

describe('a call that says nothing of its validity', () => {
  it('is valid for 45 s, time enough to send it again to other replicas', async () => {
    expect(Math.abs((await validForMs(60_000)) - 45_000)).toBeLessThan(5_000)
  })

  it('fits the window of its network, with room for clocks that differ', async () => {
    const window = 4_000
    const ms = await validForMs(window)
    expect(ms).toBeLessThan(window)
    expect(ms).toBeGreaterThan(window / 2)
  })
})
