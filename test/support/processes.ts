import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// The built program, as it is installed: `npm test` builds before it tests.
import { type ClusterOptions, LocalCluster } from '../../dist/src/node/local-cluster.js'
import { EtalonClient, type Identity } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { createSigner } from '../../src/node/signer.js'

const LOG_TAIL_LENGTH = 4_000

/** What GET /v1/status gives, as far as tests look at it. */
export interface StatusDocument {
  readonly replica: number
  readonly view: number
  readonly regency: number
  readonly phase: string
  readonly leader: number
  readonly executed: number
  readonly finalized: number
  /** First block that is held; 1 where all are. */
  readonly oldest: number
  readonly health: string
  readonly problem?: string
}

/** What GET /v1/blocks/:height gives. */
export interface BlockDocument {
  readonly height: number
  readonly hash: string
  readonly previous: string
  readonly proof: { readonly certificate: { readonly signatures: readonly { readonly replica: number }[] } }
  readonly receipts: readonly { readonly transaction: string; readonly status: string }[]
}

/** Replica processes of one test, with their folder and their log. */
export class Processes {
  readonly cluster: LocalCluster
  readonly #folder: string

  private constructor(cluster: LocalCluster, folder: string) {
    this.cluster = cluster
    this.#folder = folder
  }

  static async start(replicas: number, options: Partial<ClusterOptions> = {}): Promise<Processes> {
    const folder = mkdtempSync(join(tmpdir(), 'etalon-process-'))
    const logTo = openSync(join(folder, 'replicas.log'), 'a')
    const cluster = await LocalCluster.prepare({ folder, replicas, logTo, ...options })
    const processes = new Processes(cluster, folder)
    try {
      await cluster.start()
    } catch (error) {
      await processes.close(true)
      throw error
    }
    return processes
  }

  /** Ends every process by its handle and removes the folder. Prints the end of the log when the test failed. */
  async close(failed: boolean): Promise<void> {
    for (const { id } of this.cluster.running()) this.cluster.signal(id, 'SIGCONT')
    if (failed) {
      const statuses = await Promise.allSettled(this.cluster.running().map(({ id }) => this.status(id)))
      const shown = statuses.map((status) => JSON.stringify(status.status === 'fulfilled' ? status.value : 'no answer'))
      process.stderr.write(`replicas:\n${shown.join('\n')}\nend of their log:\n${this.logTail()}\n`)
    }
    await this.cluster.stop('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  logTail(): string {
    return readFileSync(join(this.#folder, 'replicas.log'), 'utf8').slice(-LOG_TAIL_LENGTH)
  }

  url(id: number): string {
    const replica = this.cluster.running().find((running) => running.id === id)
    if (replica === undefined) throw new Error(`replica ${id} is not running`)
    return replica.url
  }

  /** Signs as the administrator of a replica's organization. */
  identity(id: number): Identity {
    return adminIdentity(this.cluster, id)
  }

  /** A client that asks one replica only. */
  client(id: number): EtalonClient {
    const { genesis } = this.cluster
    return new EtalonClient({ genesis, urls: [this.url(id)], identity: this.identity(id), suite: nativeSuite })
  }

  status(id: number): Promise<StatusDocument> {
    return this.#get(id, '/v1/status')
  }

  block(id: number, height: number): Promise<BlockDocument> {
    return this.#get(id, `/v1/blocks/${height}`)
  }

  async evidence(id: number): Promise<readonly unknown[]> {
    return (await this.#get<{ readonly evidence: readonly unknown[] }>(id, '/v1/evidence')).evidence
  }

  async #get<T>(id: number, path: string): Promise<T> {
    const response = await fetch(`${this.url(id)}${path}`, { signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`replica ${id}: ${path} gives ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  /** Highest final height of the replicas that run. */
  async height(): Promise<number> {
    const statuses = await Promise.all(this.cluster.running().map(({ id }) => this.status(id)))
    return Math.max(...statuses.map(({ finalized }) => finalized))
  }

  /** Waits until the replica is final at a height. */
  async reaches(id: number, height: number, timeoutMs = 20_000): Promise<void> {
    await eventually(
      async () => (await this.status(id)).finalized >= height,
      `replica ${id} at height ${height}`,
      timeoutMs,
    )
  }
}

function adminIdentity(cluster: LocalCluster, id: number): Identity {
  const organization = cluster.genesis.organizations[id]?.id ?? ''
  const file = JSON.parse(readFileSync(cluster.adminKeyFile(organization), 'utf8')) as {
    readonly seed: string
    readonly publicKey: string
  }
  const { sign } = createSigner(Buffer.from(file.seed, 'hex'))
  return { organization, signer: { keyType: 'ed25519', publicKey: file.publicKey, sign } }
}

/** Waits until a condition holds, asking again and again. A rejection counts as no. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const end = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      if (await condition()) return
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
