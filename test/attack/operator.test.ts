import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EtalonError } from '../../src/base/errors.js'
import { openWriteAheadLog } from '../../src/ledger/index.js'
import type { Node } from '../../src/node/create-node.js'
import { until } from '../support/in-process.js'
import { RealNode } from '../support/real-node.js'

let node: RealNode

beforeEach(async () => {
  node = await RealNode.create()
})

afterEach(() => node.close())

/** The node does not start, says why with a code and a remedy, and lets go of what it had opened. */
async function expectRefusal(code: string, says: string | RegExp = ''): Promise<void> {
  const error: unknown = await node.start().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof EtalonError)) expect.fail(`instead of ${code}: ${String(error)}`)
  expect(error.code).toBe(code)
  expect(error.message).toMatch(says)
  expect(error.remedy).toMatch(/\S/)
}

/** With what was wrong put right, the node starts on the same data. */
async function expectStart(height = 0): Promise<void> {
  const running = await node.start()
  expect(running.replica.status().finalized).toBeGreaterThanOrEqual(height)
  expect(await node.append(running, 'works')).toMatchObject({ status: 'done' })
}

/** Makes some blocks and stops. */
async function grow(blocks = 3): Promise<number> {
  const running = await node.start()
  for (let i = 0; i < blocks; i++) await node.append(running, `entry ${i}`)
  const { finalized } = running.replica.status()
  await node.stop()
  return finalized
}

describe('the config', () => {
  const write = (text: string) => writeFileSync(node.path('config.json'), text)

  it('must be there and be JSON', async () => {
    const whole = readFileSync(node.path('config.json'), 'utf8')
    write(whole.slice(0, -2))
    await expectRefusal('config/invalid', 'not JSON')
    write('')
    await expectRefusal('config/invalid', 'not JSON')
    rmSync(node.path('config.json'))
    await expectRefusal('config/unreadable')
    mkdirSync(node.path('config.json'))
    await expectRefusal('config/unreadable')
  })

  it('must have every field of its kind, and no field more', async () => {
    const whole = node.config()
    for (const field of ['format', 'replica', 'genesis', 'keys', 'data', 'listen', 'api'] as const) {
      const { [field]: _, ...rest } = whole
      write(JSON.stringify(rest))
      await expectRefusal('config/invalid')
    }
    for (const wrong of [
      { format: 'etalon-config-2' },
      { replica: '0' },
      { replica: -1 },
      { replica: 0.5 },
      { listen: [] },
      { listen: '/ip4/127.0.0.1/tcp/1' },
      { api: { host: '127.0.0.1', port: 65_536 } },
      { api: { host: '127.0.0.1', port: 1, path: '/' } },
      { clients: [{ name: 'Client', tokenHash: '00'.repeat(32) }] },
      { clients: [{ name: 'client', tokenHash: 'token' }] },
      { verifyWorkers: 65 },
      { security: 'none' },
      { logLevel: 'loud' },
      { tokens: [] },
    ]) {
      write(JSON.stringify({ ...whole, ...wrong }))
      await expectRefusal('config/invalid', /wrong at/)
    }
    for (const wrong of ['null', '[]', '1', '"config"']) {
      write(wrong)
      await expectRefusal('config/invalid')
    }
    write(JSON.stringify(whole))
    await expectStart()
  })

  it('must name a replica of the genesis, with its own keys', async () => {
    node.configure({ replica: 1 })
    await expectRefusal('config/not-in-genesis', 'no replica 1')
    node.configure({ replica: 0 })
    const other = await RealNode.create()
    cpSync(other.path('keys.json'), node.path('keys.json'))
    await other.close()
    await expectRefusal('config/wrong-key')
  })

  it('must name keys that nobody else on the machine can read', async () => {
    const keys = node.path('keys.json')
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(keys, mode)
      await expectRefusal('keys/too-open')
    }
    chmodSync(keys, 0o600)
    const whole = readFileSync(keys, 'utf8')
    for (const wrong of [
      '',
      '{',
      '{}',
      'null',
      whole.replace('etalon-keys-1', 'etalon-keys-2'),
      whole.replace(/[0-9a-f]{64}/, 'x'),
    ]) {
      writeFileSync(keys, wrong)
      await expectRefusal('keys/invalid')
    }
    rmSync(keys)
    await expectRefusal('keys/unreadable')
  })

  it('must name a genesis that agrees with itself', async () => {
    const whole = readFileSync(node.genesisPath, 'utf8')
    const genesis = JSON.parse(whole)
    const [organization] = genesis.organizations
    const [replica] = genesis.replicas
    for (const wrong of [
      { format: 'etalon-genesis-2' },
      { organizations: [] },
      { organizations: [organization, organization] },
      { organizations: [{ ...organization, roles: ['king'] }] },
      { organizations: [{ ...organization, members: [...organization.members, ...organization.members] }] },
      { replicas: [] },
      { replicas: [replica, replica] },
      { replicas: [replica, { ...replica, id: 1 }] },
      { replicas: [{ ...replica, organization: 'nobody' }] },
      { replicas: [{ ...replica, consensusKey: 'AB' }] },
      { parameters: { ...genesis.parameters, window: 0 } },
      { parameters: { ...genesis.parameters, dedupWindowMs: 0 } },
      { more: true },
    ]) {
      writeFileSync(node.genesisPath, JSON.stringify({ ...genesis, ...wrong }))
      await expectRefusal('genesis/invalid')
    }
    for (const wrong of ['', '[]', whole.slice(0, -3)]) {
      writeFileSync(node.genesisPath, wrong)
      await expectRefusal('genesis/invalid')
    }
    rmSync(node.genesisPath)
    await expectRefusal('config/unreadable', 'genesis.json')
  })
})

describe('the data folder', () => {
  it('of another network is refused and left as it is', async () => {
    const height = await grow()
    const other = await RealNode.create()
    renameSync(node.path('data'), other.path('data'))
    const [mine, theirs] = [node, other]
    node = theirs
    await expectRefusal('ledger/other-network')
    node = mine
    renameSync(theirs.path('data'), mine.path('data'))
    await theirs.close()
    await expectStart(height)
  })

  it('that is open already is refused, and what has it open goes on', async () => {
    const running = await node.start()
    await expectRefusal('ledger/locked')
    expect(await node.append(running, 'goes on')).toMatchObject({ status: 'done' })
  })

  it('that is a file, or may not be written, is refused', async () => {
    writeFileSync(node.path('a-file'), 'x')
    node.configure({ data: 'a-file' })
    await expect(node.start()).rejects.toThrow()
    mkdirSync(node.path('half'))
    writeFileSync(node.path('half', 'ledger'), 'x')
    node.configure({ data: 'half' })
    await expectRefusal('ledger/unavailable')
  })
})

describe('a port in use', () => {
  let server: Server

  const occupy = (port: number): Promise<void> => {
    server = createServer()
    return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  }
  const release = () => new Promise((resolve) => server.close(resolve))

  it('for the API is refused, and the node can be started once it is free', async () => {
    const height = await grow()
    await occupy(node.config().api.port)
    await expectRefusal('api/port-in-use', String(node.config().api.port))
    await release()
    await expectStart(height)
  })

  it('for peers is refused, and the node can be started once it is free', async () => {
    const height = await grow()
    await occupy(Number(node.config().listen[0]?.split('/').at(-1)))
    await expectRefusal('p2p/port-in-use')
    await release()
    await expectStart(height)
  })

  it('an address that is not of this machine is refused', async () => {
    node.configure({ listen: ['/ip4/192.0.2.1/tcp/4001'] })
    await expectRefusal('p2p/cannot-listen')
  })
})

describe('the write-ahead log', () => {
  const wal = () => node.path('data', 'wal')
  const flip = (at: number) => {
    const bytes = readFileSync(wal())
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(wal(), bytes)
  }

  it('damaged before its end is refused, wherever the damage is', async () => {
    await grow(6)
    const whole = readFileSync(wal())
    for (const at of [0, 8, 12, 19, 21, 30, 60, Math.floor(whole.length / 2)]) {
      flip(at)
      await expectRefusal('wal/corrupt')
      writeFileSync(wal(), whole)
    }
    await expectStart()
  })

  it('torn at its end is cut off there', async () => {
    const height = await grow()
    const whole = readFileSync(wal())
    for (const cut of [1, 5, 40]) {
      writeFileSync(wal(), whole.subarray(0, whole.length - cut))
      const running = await node.start()
      expect(running.replica.status().finalized).toBe(height)
      await node.stop()
    }
    await expectStart(height)
  })

  it('of a later version is refused, whether its form or its records are unknown', async () => {
    await grow(1)
    const log = await openWriteAheadLog({ path: wal() })
    log.append(Uint8Array.of(0xfa, 0x01, 0x00))
    await log.sync()
    await log.close()
    await expectRefusal('wal/format', 'record')
  })

  it('that is gone while the key has voted is refused', async () => {
    await grow(1)
    rmSync(wal())
    await expectRefusal('node/votes-lost')
  })
})

describe('the ledger', () => {
  const files = () => readdirSync(node.path('data', 'ledger')).filter((name) => !/^(LOCK|LOG)/.test(name))
  const file = (name: string) => node.path('data', 'ledger', name)

  /** Hashes of the chain, by height. */
  const chainOf = ({ ledger }: Node) =>
    Array.from({ length: ledger.tip().header.height + 1 }, (_, height) => ledger.header(height)?.hash)

  /** Starts on what is there, then puts back what was there before. */
  async function tryToStart(): Promise<{ readonly code?: string; readonly chain?: readonly unknown[] }> {
    try {
      return { chain: chainOf(await node.start()) }
    } catch (error) {
      if (error instanceof EtalonError) return { code: error.code }
      throw error
    } finally {
      await node.stop()
      rmSync(node.path('data'), { recursive: true })
      cpSync(node.path('whole'), node.path('data'), { recursive: true })
      // As at that time: a folder that is older than the last start of its key would be refused for that alone.
      cpSync(node.path('whole.used'), node.path('keys.json.used'))
    }
  }

  async function growAndCopy(): Promise<readonly unknown[]> {
    const running = await node.start()
    for (let i = 0; i < 4; i++) await node.append(running, `entry ${i}`)
    // A receipt comes before its block is written.
    await until(() => running.ledger.tip().header.height === 4, 'all to be written')
    const chain = chainOf(running)
    await node.stop()
    cpSync(node.path('data'), node.path('whole'), { recursive: true })
    cpSync(node.path('keys.json.used'), node.path('whole.used'))
    return chain
  }

  it('with a byte changed is refused, or opens with the beginning of the same chain: never with another', async () => {
    const whole = await growAndCopy()
    let refused = 0
    for (const name of files()) {
      const { size } = statSync(file(name))
      for (let i = 0; i < 8 && i < size; i++) {
        const at = Math.floor((i * size) / 8)
        const bytes = readFileSync(file(name))
        bytes[at] = (bytes[at] ?? 0) ^ 0x40
        writeFileSync(file(name), bytes)
        const { code, chain = [] } = await tryToStart()
        if (code !== undefined) refused += 1
        if (code !== undefined) expect(code, `${name}, byte ${at}`).toMatch(/^ledger\/(corrupt|unavailable)$/)
        else expect(chain, `${name}, byte ${at}`).toEqual(whole.slice(0, chain.length))
      }
    }
    expect(refused).toBeGreaterThan(0)
  })

  it('that lacks one of its files is refused or whole, and never taken for a new one', async () => {
    const whole = await growAndCopy()
    for (const name of files()) {
      rmSync(file(name))
      const { code, chain } = await tryToStart()
      if (code !== undefined) expect(code, name).toMatch(/^ledger\/(corrupt|unavailable)$/)
      else expect(chain, name).toEqual(whole)
    }
    await expectStart(4)
  })
})
