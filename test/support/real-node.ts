import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EtalonClient, parseGenesis } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { type NodeConfigFile, readConfig } from '../../src/node/config.js'
import { createNode, type Node } from '../../src/node/create-node.js'
import { freePorts } from '../../src/node/local-cluster.js'
import { createDevelopmentNetwork } from '../../src/node/network-files.js'
import { createSigner } from '../../src/node/signer.js'
import { silent } from './in-process.js'

/** The files of a network of one replica, and the node that runs on them in this process: real disk, real sockets. */
export class RealNode {
  readonly folder = mkdtempSync(join(tmpdir(), 'etalon-node-'))
  readonly #running: Node[] = []

  static async create(): Promise<RealNode> {
    const files = new RealNode()
    const [p2p = 0, api = 0] = await freePorts(2)
    const folder = join(files.folder, 'network')
    await createDevelopmentNetwork({ folder, replicas: 1, ports: [{ p2p, api }], createdMs: Date.now() })
    // The worker of the sources is not compiled here.
    files.configure({ verifyWorkers: 0 })
    return files
  }

  path(...names: string[]): string {
    return join(this.folder, 'network', 'nmi', ...names)
  }

  get genesisPath(): string {
    return join(this.folder, 'network', 'genesis.json')
  }

  config(): NodeConfigFile {
    return JSON.parse(readFileSync(this.path('config.json'), 'utf8')) as NodeConfigFile
  }

  configure(changes: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.path('config.json'), JSON.stringify({ ...this.config(), ...changes }))
  }

  async start(): Promise<Node> {
    const node = await createNode(readConfig(this.path('config.json')), { logger: silent })
    this.#running.push(node)
    return node
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((node) => node.stop()))
  }

  client(node: Node): EtalonClient {
    const key = JSON.parse(readFileSync(this.path('admin.key.json'), 'utf8')) as { seed: string; publicKey: string }
    const { sign } = createSigner(Buffer.from(key.seed, 'hex'))
    const identity = {
      organization: 'nmi',
      signer: { keyType: 'ed25519' as const, publicKey: key.publicKey, sign },
    }
    const genesis = parseGenesis(readFileSync(this.genesisPath, 'utf8'))
    return new EtalonClient({ genesis, urls: [node.url], identity, suite: nativeSuite })
  }

  async append(node: Node, payload: string) {
    return this.client(node).submit('logbook', 'append', { category: 'c', subject: 's', payload })
  }

  async close(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
