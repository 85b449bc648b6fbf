import { EtalonClient } from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { endpointsOf, genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, say } from '../output.js'

/** Reads one key of the state and checks its proof, of presence or of absence. */
export async function state(key: string, options: NetworkOptions & { readonly json?: boolean }): Promise<number> {
  const genesis = genesisOf(options)
  const urls = endpointsOf(options).map(({ url }) => url)
  const client = new EtalonClient({ genesis, urls, suite: nativeSuite })
  const { height, value } = await client.state(key)
  const present = value !== undefined
  const result = { key, present, ...(present ? { value } : {}), height, network: genesis.network }
  printResult(options.json, result, present ? JSON.stringify(value, undefined, 2) : 'absent')
  say(`${present ? 'present' : 'absent'} at height ${height}, proven by the signatures of a quorum`)
  return EXIT.ok
}
