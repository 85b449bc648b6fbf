import { EtalonClient } from '../../client/index.js'
import { nativeSuite } from '../../crypto/native.js'
import { genesisHashOf } from '../../node/create-node.js'
import { endpointsOf, genesisOf, type NetworkOptions } from '../network.js'
import { EXIT, printResult, say, usage } from '../output.js'

export interface StateOptions extends NetworkOptions {
  readonly minHeight?: string
  readonly quorum?: boolean
  readonly json?: boolean
}

/** Reads one key of the state and checks its proof, of presence or of absence. */
export async function state(key: string, options: StateOptions): Promise<number> {
  const genesis = genesisOf(options)
  const urls = endpointsOf(options).map(({ url }) => url)
  const client = new EtalonClient({ genesis, urls, suite: nativeSuite, genesisHash: genesisHashOf(genesis) })
  const { height, value, replicas } = await read(client, key, options)
  const present = value !== undefined
  const of = replicas === undefined ? {} : { replicas }
  const result = { key, present, ...(present ? { value } : {}), height, ...of, network: genesis.network }
  printResult(options.json, result, present ? JSON.stringify(value, undefined, 2) : 'absent')
  const proof = height === 0 ? 'by the genesis' : 'by the signatures of a quorum'
  const newest = replicas === undefined ? '' : `; the newest answer of replicas ${replicas.join(', ')}`
  say(`${present ? 'present' : 'absent'} at height ${height}, proven ${proof}${newest}`)
  return EXIT.ok
}

async function read(client: EtalonClient, key: string, { minHeight, quorum }: StateOptions) {
  if (quorum === true) {
    if (minHeight !== undefined) throw usage('both --quorum and --min-height are given', 'give one of them')
    return await client.quorumState(key)
  }
  if (minHeight !== undefined && !/^[0-9]{1,15}$/.test(minHeight)) {
    throw usage(`${minHeight} is not a height`, 'give a whole number, such as --min-height 42')
  }
  const state = await client.state(key, minHeight === undefined ? {} : { minHeight: Number(minHeight) })
  return { ...state, replicas: undefined }
}
