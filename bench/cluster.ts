import { fork } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from '../src/cli/compare.js'
import { type ClusterReplica, LocalCluster } from '../src/node/local-cluster.js'
import { developmentOrganization } from '../src/node/network-files.js'
import type { Member } from '../src/types/index.js'
import { clientPublicKey, type LoadOrder, type LoadResult, REFUEL_PARTIES } from './load.js'
import { processUsage } from './process-usage.js'

export interface ClusterBenchOptions {
  readonly auth: 'signed' | 'vouched'
  readonly workload: LoadOrder['workload']
  readonly clients: number
  readonly payload: number
  readonly replicas: number
  readonly seconds: number
  readonly delayMs: number
  readonly window: number
  readonly sync: boolean
  readonly workers: number | undefined
  readonly killLeaderAtSeconds: number | undefined
  /** The leader of the first regency is Byzantine, in this way; clients are at the others, and nothing is measured apart from the start. */
  readonly attack?: string
}

export interface ClusterBenchResult {
  readonly tps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMicrosPerTxReplica: number
  readonly cpuMicrosPerTxClient: number
  readonly verifyMicros: number
  readonly fsyncs: number
  readonly rssMiBMax: number
  readonly finalizedTransactions: number
  readonly divergent: number
  readonly gapMs?: number
  readonly [detail: string]: unknown
}

const WARM_UP_MS = 4_000
/** Leads the first regency. */
const ATTACKER = 1
const LOG_TAIL_CHARACTERS = 4_000

const round = (value: number, digits = 1): number => Number(value.toFixed(digits))

/** Real replica processes, and one process of closed-loop clients that keeps them busy. */
export async function benchCluster(
  options: ClusterBenchOptions,
  say: (text: string) => void,
): Promise<ClusterBenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'etalon-bench-'))
  const log = join(folder, 'replicas.log')
  const cluster = await LocalCluster.prepare({
    folder,
    replicas: options.replicas,
    members: membersOf(options),
    parameters: { window: options.window },
    linkDelayMs: options.delayMs,
    program: (id) =>
      options.attack === undefined || options.attack === 'none' || id !== ATTACKER
        ? undefined
        : { path: new URL('./byzantine-node.js', import.meta.url), args: [options.attack] },
    logTo: openSync(log, 'a'),
    config: {
      logLevel: 'warn',
      sync: options.sync,
      ...(options.workers === undefined ? {} : { verifyWorkers: options.workers }),
    },
  })
  try {
    say(`starting ${options.replicas} replicas`)
    const replicas = await cluster.start()
    return await measure(cluster, replicas, options, say)
  } catch (error) {
    say(`the replicas said last:\n${readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARACTERS)}`)
    throw error
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The keys of signing clients, spread over the organizations. */
function membersOf({ auth, workload, clients, replicas }: ClusterBenchOptions): Record<string, Member[]> {
  const members: Record<string, Member[]> = {}
  if (auth === 'vouched') return members
  for (let index = 0; index < clients; index++) {
    // a refuel takes a signature of whoever enrolled the vehicle and one of the dispenser's owner
    const own = workload === 'refuel' ? Object.values(REFUEL_PARTIES) : [developmentOrganization(index % replicas).id]
    for (const id of own) {
      const publicKey = clientPublicKey(index, id)
      members[id] = [...(members[id] ?? []), { name: `bench-${index}`, keyType: 'ed25519', publicKey, kind: 'client' }]
    }
  }
  return members
}

async function measure(
  cluster: LocalCluster,
  replicas: readonly ClusterReplica[],
  options: ClusterBenchOptions,
  say: (text: string) => void,
): Promise<ClusterBenchResult> {
  const order: LoadOrder = {
    genesis: join(cluster.folder, 'genesis.json'),
    replicas: replicas
      .filter(({ id }) => options.attack === undefined || id !== ATTACKER)
      .map(({ organization, url }) => ({ organization, url, token: cluster.token(organization) })),
    auth: options.auth,
    workload: options.workload,
    clients: options.clients,
    payloadBytes: options.payload,
    // What clients wait for in the first moments of an attack counts.
    warmUpMs: options.attack === undefined ? WARM_UP_MS : 0,
    measureMs: options.seconds * 1_000,
  }
  say(`${options.clients} clients, ${options.auth}, ${describe(options)}, for ${options.seconds} s`)
  const before = { ...NOTHING }
  const after = { ...NOTHING }
  let rssMiB = 0
  const result = await runLoad(order, {
    begin: async () => Object.assign(before, await totals(replicas)),
    end: async () => {
      Object.assign(after, await totals(cluster.running()))
      rssMiB = Math.max(...cluster.running().map(({ pid }) => processUsage(pid).rssPeakMiB))
    },
    ...(options.killLeaderAtSeconds === undefined
      ? {}
      : { at: { seconds: options.killLeaderAtSeconds, run: () => killLeader(cluster, say) } }),
  })
  const { divergent } = await compare(
    cluster.running().filter(({ id }) => options.attack === undefined || id !== ATTACKER),
  )
  const { finalized } = result
  const blocks = Math.max(1, (after.blocks - before.blocks) / options.replicas)
  const perBlock = (name: keyof Totals): number => round((after[name] - before[name]) / blocks)
  return {
    tps: round(finalized / result.seconds),
    p50Ms: round(result.latenciesMs.p50),
    p99Ms: round(result.latenciesMs.p99),
    cpuMicrosPerTxReplica: round((after.cpu - before.cpu) / finalized / options.replicas),
    cpuMicrosPerTxClient: round(result.cpuMicros / finalized),
    verifyMicros: round(result.verifyMicros),
    fsyncs: after.fsyncs - before.fsyncs,
    rssMiBMax: round(rssMiB),
    finalizedTransactions: finalized,
    divergent,
    ...(options.killLeaderAtSeconds === undefined ? {} : { gapMs: round(result.gapMs) }),
    refused: result.refused,
    transactionsPerBlock: round(finalized / blocks),
    // Over all replicas; under load several blocks share votes and syncs.
    perBlock: {
      frames: perBlock('frames'),
      bytes: perBlock('bytes'),
      signaturesMade: perBlock('made'),
      signaturesChecked: perBlock('checked'),
      logSyncs: perBlock('logSyncs'),
      ledgerSyncs: perBlock('ledgerSyncs'),
    },
    maxMs: round(result.latenciesMs.max),
    ...options,
    node: process.versions.node,
  }
}

const describe = ({ workload, payload }: ClusterBenchOptions): string =>
  workload === 'refuel' ? 'refuels' : `payload ${payload} B`

interface LoadHooks {
  readonly begin: () => Promise<unknown>
  readonly end: () => Promise<unknown>
  readonly at?: { readonly seconds: number; readonly run: () => Promise<void> }
}

function runLoad(order: LoadOrder, hooks: LoadHooks): Promise<LoadResult> {
  const child = fork(new URL('./load.js', import.meta.url), ['load'], { stdio: ['ignore', 2, 2, 'ipc'] })
  return new Promise((resolve, reject) => {
    let ended: Promise<unknown> = Promise.resolve()
    child.on('message', (message: { kind: string; result?: LoadResult }) => {
      if (message.kind === 'begin') {
        ended = hooks.begin()
        if (hooks.at !== undefined) setTimeout(() => void hooks.at?.run(), hooks.at.seconds * 1_000)
      }
      if (message.kind === 'end') ended = ended.then(hooks.end)
      const { result } = message
      if (result !== undefined) ended.then(() => resolve(result), reject)
    })
    child.on('exit', (code) => {
      if (code !== 0) reject(new Error(`the clients ended with status ${code}`))
    })
    child.send(order)
  })
}

async function killLeader(cluster: LocalCluster, say: (text: string) => void): Promise<void> {
  const [first] = cluster.running()
  if (first === undefined) return
  const { leader } = (await (await fetch(`${first.url}/v1/status`)).json()) as { leader: number }
  say(`kill -9 of the leader, replica ${leader}`)
  await cluster.stopReplica(leader, 'SIGKILL')
}

const NOTHING = { cpu: 0, fsyncs: 0, blocks: 0, frames: 0, bytes: 0, made: 0, checked: 0, logSyncs: 0, ledgerSyncs: 0 }

type Totals = typeof NOTHING

/** CPU time from the operating system, and counters from the replicas, over all of them. */
async function totals(replicas: readonly ClusterReplica[]): Promise<Totals> {
  let cpu = 0
  for (const { pid } of replicas) cpu += processUsage(pid).cpuMicros
  const counted = await Promise.all(replicas.map(({ url }) => counters(url)))
  const sum = (name: string): number => counted.reduce((total, counts) => total + (counts.get(name) ?? 0), 0)
  const votes = ['envelope', 'certificate', 'installation', 'batch', 'fetch', 'reply']
  const logSyncs = sum('wal-syncs')
  const ledgerSyncs = sum('ledger-syncs')
  return {
    cpu,
    fsyncs: logSyncs + ledgerSyncs,
    blocks: sum('blocks'),
    frames: votes.reduce((total, kind) => total + sum(`frames.${kind}`), 0),
    bytes: sum('bytes.sent'),
    made: sum('signatures-made'),
    checked: sum('signatures-checked'),
    logSyncs,
    ledgerSyncs,
  }
}

async function counters(url: string): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const counts = new Map<string, number>()
  for (const [, name, count] of text.matchAll(/^etalon_events_total\{name="([^"]+)"\} (\S+)$/gm)) {
    if (name !== undefined) counts.set(name, Number(count))
  }
  return counts
}
