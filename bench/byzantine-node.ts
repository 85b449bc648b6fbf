import '../src/base/polyfill.js'
import { readConfig } from '../src/node/config.js'
import { createNode } from '../src/node/create-node.js'
import { createLogger } from '../src/node/logger.js'
import { systemClock } from '../src/node/system-clock.js'
import { Adversary } from '../src/sim/adversary/adversary.js'
import { STRATEGIES, type Strategy } from '../src/sim/adversary/strategies.js'

/** A replica process that is Byzantine: what it sends passes through a strategy of the simulator, which holds its key. */
async function run(strategy: Strategy, configPath: string): Promise<void> {
  const config = readConfig(configPath)
  const logger = createLogger(config.logLevel ?? 'warn', { replica: config.replica })
  const node = await createNode(config, {
    logger,
    wrapTransport: (transport, context, keys) => {
      const { genesis, self } = context
      const info = genesis.replicas.find(({ id }) => id === self)
      const signer = info && keys.signer(info.consensusKey)
      if (signer === undefined) throw new Error(`replica ${self} has no consensus key of the genesis`)
      const members = genesis.replicas.map(({ id }) => id)
      const adversary = new Adversary({
        strategy,
        seed: 1,
        self,
        members,
        signer,
        codec: context,
        count: () => undefined,
      })
      return adversary.wrap(transport, systemClock)
    },
  })
  process.send?.({ kind: 'started', url: node.url, finalized: node.replica.status().finalized })
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('disconnect', () => resolve())
  })
  await node.stop()
  process.disconnect?.()
}

const [strategy, configPath] = process.argv.slice(2)
const known = STRATEGIES.find((name) => name === strategy)
if (known === undefined || configPath === undefined) process.exit(2)
await run(known, configPath)
