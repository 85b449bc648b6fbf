import { type ChildProcess, fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { parseGenesis } from '../codec/genesis.js'
import { decodeTransportKey, peerIdOf } from '../p2p/keys.js'
import type { Genesis, ReplicaInfo } from '../types/index.js'
import type { NodeConfigFile } from './config.js'
import { type DelayRelay, startDelayRelay } from './delay-relay.js'
import { readReplicaKeys } from './keystore.js'
import { createDevelopmentNetwork, type DevelopmentOptions } from './network-files.js'
import { ed25519PublicKey } from './signer.js'

/** A running replica process. */
export interface ClusterReplica {
  readonly id: number
  readonly organization: string
  readonly url: string
  readonly pid: number
  /** Final height that it had when it started. */
  readonly finalizedAtStart: number
}

export interface ClusterOptions {
  readonly folder: string
  readonly replicas: number
  /** As many as there are replicas when absent; those beyond may start replicas that join. */
  readonly organizations?: number
  /** First port of the APIs; free ones when absent. */
  readonly apiPort?: number
  readonly members?: DevelopmentOptions['members']
  readonly parameters?: DevelopmentOptions['parameters']
  readonly config?: Partial<Omit<NodeConfigFile, 'replica' | 'listen' | 'peers' | 'api'>>
  /** One-way delay of every link between replicas, ms: their traffic goes through relays of this process. */
  readonly linkDelayMs?: number
  /** What runs a replica instead of `etalon start`; for benchmarks. It gets the path of the config as its last argument. */
  readonly program?: (id: number) => { readonly path: URL; readonly args: readonly string[] } | undefined
  /** Where the replicas' logs go: file descriptor. */
  readonly logTo?: number
}

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

interface Slot {
  readonly id: number
  readonly organization: string
  readonly configPath: string
  child: ChildProcess | undefined
  started: ClusterReplica | undefined
}

/** A network of replica processes on this machine: for trying out, tests and benchmarks. */
export class LocalCluster {
  readonly folder: string
  readonly genesis: Genesis
  readonly #slots: readonly Slot[]
  readonly #logTo: number | undefined
  readonly #program: NonNullable<ClusterOptions['program']>
  #relays: readonly DelayRelay[] = []

  private constructor(options: ClusterOptions, genesis: Genesis) {
    this.folder = options.folder
    this.genesis = genesis
    this.#logTo = options.logTo
    this.#program = options.program ?? (() => undefined)
    this.#slots = genesis.organizations.map(({ id: organization }, id) => ({
      id,
      organization,
      configPath: join(options.folder, organization, 'config.json'),
      child: undefined,
      started: undefined,
    }))
  }

  /** Makes the network's files, or takes those of an earlier run with all their data, and gives every replica its ports. */
  static async prepare(options: ClusterOptions): Promise<LocalCluster> {
    const genesisPath = join(options.folder, 'genesis.json')
    const earlier = existsSync(genesisPath)
    const count = earlier ? parseGenesis(readFileSync(genesisPath, 'utf8')).replicas.length : options.replicas
    if (earlier && count !== options.replicas) {
      throw new EtalonError(
        'cluster/other-size',
        `the network in ${options.folder} has ${count} replicas, not ${options.replicas}`,
        'give its own number of replicas, another folder, or --fresh to begin anew',
      )
    }
    const organizations = Math.max(count, options.organizations ?? 0)
    const { p2p, api } = await choosePorts(options, organizations)
    if (!earlier) {
      const ports = p2p.map((port, i) => ({ p2p: port, api: api[i] ?? 0 }))
      const { folder, replicas, members, parameters } = options
      await createDevelopmentNetwork({
        folder,
        replicas,
        organizations,
        ports,
        createdMs: Date.now(),
        ...(members === undefined ? {} : { members }),
        ...(parameters === undefined ? {} : { parameters }),
      })
    }
    const cluster = new LocalCluster(options, parseGenesis(readFileSync(genesisPath, 'utf8')))
    const delayMs = options.linkDelayMs ?? 0
    if (delayMs > 0) cluster.#relays = await Promise.all(p2p.map((port) => startDelayRelay(port, delayMs)))
    const reachedAt = delayMs > 0 ? cluster.#relays.map(({ port }) => port) : p2p
    cluster.#setPorts(p2p, reachedAt, api, options.config)
    return cluster
  }

  #setPorts(
    p2p: readonly number[],
    reachedAt: readonly number[],
    api: readonly number[],
    changes: ClusterOptions['config'],
  ): void {
    const address = (port: number | undefined): string => `/ip4/127.0.0.1/tcp/${port}`
    const peers = Object.fromEntries(this.#slots.map(({ id }, i) => [String(id), [address(reachedAt[i])]]))
    for (const [i, { configPath }] of this.#slots.entries()) {
      const config = JSON.parse(readFileSync(configPath, 'utf8')) as NodeConfigFile
      const listen = [address(p2p[i])]
      const changed = { ...config, ...changes, listen, peers, api: { host: '127.0.0.1', port: api[i] ?? 0 } }
      writeFileSync(configPath, `${JSON.stringify(changed, undefined, 2)}\n`)
    }
  }

  /** Starts all founding replicas at once. @throws EtalonError `cluster/start-failed` */
  async start(): Promise<readonly ClusterReplica[]> {
    return Promise.all(this.genesis.replicas.map(({ id }) => this.startReplica(id)))
  }

  startReplica(id: number): Promise<ClusterReplica> {
    const slot = this.#slot(id)
    const main = new URL('../cli/main.js', import.meta.url)
    const log = this.#logTo ?? 'ignore'
    // A process group of its own: a terminal's Ctrl-C is for this process, which ends its replicas when it has compared them. Where this
    // process dies, the channel to it closes, and they end by themselves.
    const { path, args } = this.#program(id) ?? { path: main, args: ['start'] }
    const child = fork(path, [...args, slot.configPath], {
      stdio: ['ignore', log, log, 'ipc'],
      serialization: 'json',
      detached: true,
    })
    slot.child = child
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer)
        reject(
          new EtalonError(
            'cluster/start-failed',
            `replica ${id}: ${why}`,
            `see the log, or run: etalon start ${slot.configPath}`,
          ),
        )
      }
      const timer = setTimeout(() => fail(`not up within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
      child.once('exit', (code, signal) => {
        slot.child = undefined
        fail(`ended with ${signal ?? `status ${code}`}`)
      })
      child.once('message', (message) => {
        clearTimeout(timer)
        const { url, finalized } = message as { url: string; finalized: number }
        const { organization } = slot
        slot.started = { id, organization, url, pid: child.pid ?? 0, finalizedAtStart: finalized }
        resolve(slot.started)
      })
    })
  }

  /** The replicas that run now. */
  running(): readonly ClusterReplica[] {
    return this.#slots.flatMap(({ child, started }) => (child === undefined || started === undefined ? [] : [started]))
  }

  /** Ends a replica's process, without mercy when asked for SIGKILL; settles when it is gone. */
  stopReplica(id: number, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const { child } = this.#slot(id)
    if (child === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.kill(signal)
    })
  }

  /** Lets a process stand still, or go on. */
  signal(id: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#slot(id).child?.kill(signal)
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await Promise.all(this.#slots.map(({ id }) => this.stopReplica(id, signal)))
    for (const relay of this.#relays) relay.close()
  }

  /** What a proposal to add an organization's replica names. */
  async publicInfo(id: number): Promise<Omit<ReplicaInfo, 'id'>> {
    const { organization, configPath } = this.#slot(id)
    const keys = readReplicaKeys(join(this.folder, organization, 'keys.json'))
    const { peers } = JSON.parse(readFileSync(configPath, 'utf8')) as NodeConfigFile
    return {
      organization,
      consensusKey: toHex(ed25519PublicKey(keys.consensusSeeds[0] as Uint8Array)),
      peerId: peerIdOf(await decodeTransportKey(keys.transportSeed)),
      addresses: peers?.[String(id)] ?? [],
    }
  }

  /** Bearer token of the organization's development client. */
  token(organization: string): string {
    return readFileSync(join(this.folder, organization, 'client.token'), 'utf8').trim()
  }

  adminKeyFile(organization: string): string {
    return join(this.folder, organization, 'admin.key.json')
  }

  #slot(id: number): Slot {
    const slot = this.#slots.find((candidate) => candidate.id === id)
    if (slot === undefined) throw new EtalonError('cluster/no-replica', `no replica ${id}`, 'name one of the genesis')
    return slot
  }
}

async function choosePorts({ apiPort }: ClusterOptions, count: number) {
  // All at once: a port that was let go may be given out again.
  const ports = await freePorts(2 * count)
  const api = apiPort === undefined ? ports.slice(count) : Array.from({ length: count }, (_, i) => apiPort + i)
  return { p2p: ports.slice(0, count), api }
}

/** Below the ports that systems give to outgoing connections, so that none of those takes the port of a replica that is down. */
const PORTS_FROM = 12_000
const PORTS_TO = 32_000
const PORT_TRIES_MAX = 1_000

/** Different ports of the loopback interface that were free a moment ago. @throws EtalonError `cluster/no-port` */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = new Map<number, Server>()
  try {
    for (let tries = 0; servers.size < count; tries++) {
      if (tries >= PORT_TRIES_MAX + count) {
        const range = `${PORTS_FROM} to ${PORTS_TO}`
        throw new EtalonError('cluster/no-port', `no ${count} free ports in ${range}`, 'end what listens at them')
      }
      const port = randomInt(PORTS_FROM, PORTS_TO)
      const server = servers.has(port) ? undefined : await listenAt(port)
      if (server !== undefined) servers.set(port, server)
    }
    return [...servers.keys()]
  } finally {
    await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

function listenAt(port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
