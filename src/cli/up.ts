import { existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterReplica, LocalCluster } from '../node/local-cluster.js'
import { compare, finalizedHeight } from './compare.js'
import { DemoWorld } from './demo-world.js'
import { EXIT, printJson, readDuration, readInteger, say } from './output.js'

export interface UpOptions {
  readonly replicas: string
  readonly data: string
  readonly port?: string
  readonly for?: string
  readonly fresh?: boolean
  readonly demo: boolean
  readonly json?: boolean
}

const REPLICAS_MAX = 31
const PORT_MAX = 65_535
const REPORT_MS = 5_000

/** Runs a network of organizations on this machine, a process each, until Ctrl-C or for a given time. */
export async function up(options: UpOptions): Promise<number> {
  const replicas = readInteger('--replicas', options.replicas, 1, REPLICAS_MAX)
  const port = options.port === undefined ? undefined : readInteger('--port', options.port, 1, PORT_MAX - REPLICAS_MAX)
  const forMs = options.for === undefined ? undefined : readDuration(options.for)
  if (options.fresh === true && existsSync(join(options.data, 'genesis.json'))) {
    rmSync(options.data, { recursive: true })
  }
  mkdirSync(options.data, { recursive: true, mode: 0o700 })
  const log = join(options.data, 'replicas.log')
  const cluster = await LocalCluster.prepare({
    folder: options.data,
    replicas,
    logTo: openSync(log, 'a'),
    ...(port === undefined ? {} : { apiPort: port }),
  })
  const ended = endOf(forMs)
  try {
    return await run(cluster, options, ended)
  } finally {
    await cluster.stop()
  }
}

async function run(cluster: LocalCluster, options: UpOptions, ended: Promise<void>): Promise<number> {
  say(`starting ${cluster.genesis.replicas.length} replicas of network ${cluster.genesis.network}`)
  const started = await cluster.start()
  const restarted = Math.max(...started.map(({ finalizedAtStart }) => finalizedAtStart))
  welcome(cluster, started, options, restarted)
  const demo = options.demo ? new DemoWorld(cluster, 1) : undefined
  demo?.start()
  const report = setInterval(() => void reportHeights(cluster, demo), REPORT_MS)
  await ended
  clearInterval(report)
  await demo?.stop()
  const { finalizedHeight, divergent } = await compare(cluster.running())
  const receipt = demo?.lastReceipt
  if (receipt !== undefined) writeFileSync(join(options.data, 'last-receipt.json'), receipt.file)
  const result = {
    replicas: started.length,
    finalizedHeight,
    transactions: demo?.finalized ?? 0,
    divergent,
    restarted,
    dashboard: null,
  }
  say(`final height ${finalizedHeight}, ${result.transactions} transactions in this run, ${divergent} replicas diverge`)
  if (options.json === true) printJson(result)
  return divergent === 0 && finalizedHeight >= restarted ? EXIT.ok : EXIT.failed
}

function welcome(
  cluster: LocalCluster,
  started: readonly ClusterReplica[],
  options: UpOptions,
  restarted: number,
): void {
  const names = new Map(cluster.genesis.organizations.map(({ id, name }) => [id, name]))
  for (const { id, organization, url } of started) {
    say(`  replica ${id}  ${organization.padEnd(10)} ${(names.get(organization) ?? '').padEnd(34)} ${url}`)
  }
  say(`  genesis    ${join(options.data, 'genesis.json')}`)
  say(`  keys       ${join(options.data, '<organization>')}/*.json, tokens in client.token`)
  say(`  logs       ${join(options.data, 'replicas.log')}`)
  if (restarted > 0) say(`continuing at height ${restarted}`)
}

/** Resolves when the time is up, or a person or the system asks for the end. */
function endOf(forMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = forMs === undefined ? undefined : setTimeout(resolve, forMs)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearTimeout(timer)
        resolve()
      })
    }
  })
}

async function reportHeights(cluster: LocalCluster, demo: DemoWorld | undefined): Promise<void> {
  const heights = await Promise.all(cluster.running().map(({ url }) => finalizedHeight(url)))
  const shown = heights.map((height) => height ?? 'down').join(' ')
  say(`finalized heights ${shown}${demo === undefined ? '' : `, ${demo.finalized} readings proven`}`)
}
