import { join } from 'node:path'
import { parseGenesis } from '../../codec/genesis.js'
import { createDevelopmentNetwork } from '../../node/network-files.js'
import { readTextFile } from '../files.js'
import { genesisSummary } from '../genesis-text.js'
import { EXIT, printResult, readInteger, usage } from '../output.js'
import { columns, indent } from '../table.js'

export interface DevOptions {
  readonly dev?: boolean
  readonly replicas: string
  readonly out?: string
  readonly p2pPort: string
  readonly apiPort: string
  readonly json?: boolean
}

const REPLICAS_MAX = 31

/** Makes all files of a development network, every private key included. */
export async function initDev(options: DevOptions): Promise<number> {
  const { dev, out } = options
  if (dev !== true || out === undefined) {
    const remedy =
      '`etalon init --dev --out DIR` makes a development network; ' +
      '`etalon init organization` and `etalon init genesis` found a real one'
    throw usage('it is not said what to make', remedy)
  }
  const replicas = readInteger('--replicas', options.replicas, 1, REPLICAS_MAX)
  const p2pPort = readInteger('--p2p-port', options.p2pPort, 1, 65_535 - replicas)
  const apiPort = readInteger('--api-port', options.apiPort, 1, 65_535 - replicas)
  const ports = Array.from({ length: replicas }, (_, i) => ({ p2p: p2pPort + i, api: apiPort + i }))
  const network = await createDevelopmentNetwork({ folder: out, replicas, ports, createdMs: Date.now() })
  const summary = genesisSummary(parseGenesis(readTextFile(network.genesis)))
  const made = network.replicas.map(({ organization, config, adminKey, tokenFile }, i) => {
    return { organization, config, adminKey, tokenFile, url: `http://127.0.0.1:${ports[i]?.api}` }
  })
  const text = [
    `development network ${summary.network}, id ${summary.networkId}`,
    indent(columns(made.map(({ organization, config, url }) => [organization, config, url]))),
    `genesis: ${network.genesis}; keys and tokens: ${join(out, 'ORGANIZATION')}/`,
    'start each replica in a terminal of its own:',
    indent(made.map(({ config }) => `etalon start ${config}`).join('\n')),
  ].join('\n')
  const { networkId } = summary
  printResult(options.json, { network: summary.network, networkId, genesis: network.genesis, replicas: made }, text)
  return EXIT.ok
}
