import '../base/polyfill.js'
import { readConfig } from '../node/config.js'
import { createNode } from '../node/create-node.js'
import { createLogger } from '../node/logger.js'
import { EXIT, printJson, say, sayError } from './output.js'

/**
 * Runs one replica until it is told to stop. With a parent process it reports over its channel; otherwise it prints where it is.
 */
export async function startReplica(path: string, options: { readonly json?: boolean }): Promise<void> {
  const config = readConfig(path)
  const organization =
    config.genesisDocument.replicas.find(({ id }) => id === config.replica)?.organization ?? config.organization
  const logger = createLogger(config.logLevel ?? 'info', { replica: config.replica })
  const node = await createNode(config, { logger })
  node.replica.onHalt = () => {
    process.exitCode = EXIT.failed
  }
  const { finalized } = node.replica.status()
  const started = { kind: 'started', replica: config.replica, organization, url: node.url, finalized, pid: process.pid }
  process.send?.(started)
  if (options.json === true) printJson(started)
  else say(`replica ${config.replica} of ${organization} at ${node.url}, finalized height ${finalized}`)
  await stopSignal()
  await node.stop()
  process.disconnect?.()
}

/** Resolves when the process is asked to end, or the parent that started it is gone. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
    process.once('disconnect', () => resolve())
  })
}

process.on('unhandledRejection', (error) => {
  sayError(error)
  process.exit(EXIT.failed)
})
