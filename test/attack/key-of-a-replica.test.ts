import { writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { createApi } from '../../src/api/index.js'
import { EtalonClient } from '../../src/client/index.js'
import { BUILT_IN_CONTRACTS, governanceKeys } from '../../src/contracts/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { readConfig } from '../../src/node/config.js'
import { Chain, ed25519Key, genesisOf, VIEW } from '../contracts/support.js'
import { InProcessNetwork, silent } from '../support/in-process.js'
import { RealNode } from '../support/real-node.js'

/** Whoever could name the next key of a replica would vote in its place, or silence it: no client may, not even its own organization's. */

let close: () => Promise<void> = async () => undefined
afterEach(() => close())

const args = { consensusKey: ed25519Key(31) }

describe('the key of a replica', () => {
  it.each([
    ['a client that its replica vouches for', { client: 'meter-reader' }],
    ['an admin who signs', {}],
  ])('is not named by %s', (_, by) => {
    const chain = new Chain(BUILT_IN_CONTRACTS, genesisOf({ replicas: VIEW }))
    expect(chain.send('governance.announceKey', { from: 'ptb', args, ...by }).code).toBe('governance/not-a-replica')
    expect(chain.send('governance.announceKey', { from: 'ptb', args, client: 'replica' }).code).toBe('')
  })

  it('is not named by whoever an API calls the replica', async () => {
    const network = await InProcessNetwork.start(1)
    const { replica, ledger, runtime, counters } = network.get(0)
    const modules = { replica, context: replica.context, ledger, runtime, logger: silent }
    const api = await createApi(
      { host: '127.0.0.1', port: 0 },
      { ...modules, counters: () => counters.entries(), authenticate: () => 'replica' },
    )
    close = async () => {
      await api.close()
      await network.close()
    }
    const identity = { organization: 'org0', client: 'replica' }
    const options = { genesis: network.genesis, urls: [api.url], suite: nativeSuite, identity, token: 'any' }
    const submitted = new EtalonClient(options).submit('governance', 'announceKey', args)
    await expect(submitted).rejects.toMatchObject({ code: 'api/unauthorized' })
    expect(ledger.get(governanceKeys.nextKey(0))).toBeUndefined()
  })

  it('is not named by a client that the operator calls so: the config is refused', async () => {
    const node = await RealNode.create()
    close = () => node.close()
    const clients = [{ name: 'replica', tokenHash: '00'.repeat(32) }]
    writeFileSync(node.path('config.json'), JSON.stringify({ ...node.config(), clients }))
    expect(() => readConfig(node.path('config.json'))).toThrow(/no client can have the name replica/)
  })
})
