import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { inProcess, lastJson, spawned, temporaryFolder } from './support.js'

const at = temporaryFolder()
const up = at('up')
const PROPOSAL = JSON.stringify({ instrument: 'm-1', type: 'meter', pem: 'x', possession: 'x' })
const ENTRY = JSON.stringify({ category: 'note', subject: 'first', payload: 'hello' })

let cluster: LocalCluster
let url: string
let key: string
let genesis: string

beforeAll(async () => {
  cluster = await LocalCluster.prepare({ folder: up, replicas: 1 })
  const [replica] = await cluster.start()
  url = replica?.url ?? ''
  key = cluster.adminKeyFile('nmi')
  genesis = at('up', 'genesis.json')
})
afterAll(() => cluster?.stop('SIGKILL'))

beforeEach(() => {
  vi.stubEnv('ETALON_URL', '')
  vi.stubEnv('ETALON_GENESIS', '')
})

const submit = (...args: readonly string[]) => inProcess('tx', 'submit', ...args)

describe('before the first transaction', () => {
  it('shows the state of the genesis, proven by the genesis', async () => {
    const early = await inProcess('state', 'identity/organizations/nmi', '--up', up, '--json')
    expect(early.exit).toBe(0)
    expect(lastJson(early)).toMatchObject({ present: true, height: 0, value: { id: 'nmi' } })
    expect(early.stderr).toContain('at height 0, proven by the genesis')
  })
})

describe('etalon tx submit', () => {
  it('waits for finality, shows the receipt and writes it', async () => {
    const out = at('receipt.json')
    const done = await submit(
      'logbook',
      'append',
      ENTRY,
      '--url',
      url,
      '--genesis',
      genesis,
      '--key',
      key,
      '--out',
      out,
    )
    expect(done.exit).toBe(0)
    expect(done.stdout).toMatch(/^transaction [0-9a-f]{64}\n {2}outcome +done\n/)
    expect(done.stdout).toContain('signed by  replica 0 of nmi, National Metrology Institute')
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ format: 'etalon-receipt-1', status: 'done' })
  })

  it('takes arguments from a file, and the network from the environment', async () => {
    writeFileSync(at('args.json'), ENTRY)
    vi.stubEnv('ETALON_URL', `http://127.0.0.1:1, ${url}/`)
    vi.stubEnv('ETALON_GENESIS', genesis)
    const done = await submit('logbook', 'append', `@${at('args.json')}`, '--key', key, '--json')
    expect(done.exit).toBe(0)
    expect(lastJson(done)).toMatchObject({ status: 'done', signers: [{ replica: 0, organization: 'nmi' }] })
  })

  it('takes arguments from standard input, and a client that the replica vouches for', async () => {
    const who = ['--organization', 'nmi', '--client', 'client', '--token-file', at('up', 'nmi', 'client.token')]
    const args = ['tx', 'submit', 'logbook', 'append', '-', '--up', up, ...who, '--json']
    const done = await spawned(args, { input: ENTRY })
    expect(done.exit).toBe(0)
    expect(done.stdout.trim().split('\n')).toHaveLength(1)
    expect(lastJson(done)).toMatchObject({
      status: 'done',
      events: [{ data: { organization: 'nmi', member: 'client' } }],
    })
  })

  it('exits 1 with the code where the contract refuses, and still proves it', async () => {
    const args = JSON.stringify({ category: 'note', subject: 'empty' })
    const refused = await submit(
      'logbook',
      'append',
      args,
      '--up',
      up,
      '--key',
      key,
      '--json',
      '--out',
      at('refused.json'),
    )
    expect(refused.exit).toBe(1)
    expect(lastJson(refused)).toMatchObject({ status: 'refused', code: 'logbook/empty' })
    expect(refused.stderr).toContain('error logbook/empty: ')
    const proven = await inProcess('verify', at('refused.json'), '--up', up)
    expect(proven.exit).toBe(0)
    expect(proven.stdout).toContain('refused with logbook/empty')
  })

  it.each([
    ['a method that is not there', ['logbook', 'apend', ENTRY], 1, 'runtime/unknown-method'],
    ['arguments that do not fit', ['logbook', 'append', '{}'], 1, 'runtime/invalid-arguments'],
    ['a role that is missing', ['pki', 'propose', PROPOSAL], 1, 'identity/not-authorized'],
    ['arguments that are not JSON', ['logbook', 'append', '{category: "note"}'], 2, 'cli/bad-arguments'],
    ['arguments that are a list', ['logbook', 'append', '[]'], 2, 'cli/bad-arguments'],
    ['a file of arguments that is not there', ['logbook', 'append', '@nowhere.json'], 2, 'cli/unreadable'],
  ])('refuses %s', async (_, call, exit, code) => {
    const refused = await submit(...call, '--up', up, '--key', key, '--json')
    expect(refused.exit).toBe(exit)
    expect(lastJson(refused)).toMatchObject({ error: { code } })
  })

  it('refuses keys that nobody enrolled, that others can read, or that are of a replica', async () => {
    await inProcess('keys', 'member', '--organization', 'nmi', '--name', 'eve', '--out', at('eve.json'))
    const unknown = await submit('logbook', 'append', ENTRY, '--up', up, '--key', at('eve.json'))
    expect([unknown.exit, unknown.stderr]).toEqual([1, expect.stringContaining('error identity/unknown-key')])
    copyFileSync(key, at('open.json'))
    chmodSync(at('open.json'), 0o644)
    const open = await submit('logbook', 'append', ENTRY, '--up', up, '--key', at('open.json'))
    expect([open.exit, open.stderr]).toEqual([1, expect.stringContaining('error keys/too-open')])
    const replica = await submit('logbook', 'append', ENTRY, '--up', up, '--key', at('up', 'nmi', 'keys.json'))
    expect([replica.exit, replica.stderr]).toEqual([1, expect.stringContaining("is a replica's key file")])
  })

  it('refuses a wrong token, half a client, and both a client and a key', async () => {
    await inProcess('keys', 'token', '--out', at('wrong.token'))
    const client = ['--organization', 'nmi', '--client', 'client']
    const wrong = await submit('logbook', 'append', ENTRY, '--up', up, ...client, '--token-file', at('wrong.token'))
    expect([wrong.exit, wrong.stderr]).toEqual([1, expect.stringContaining('error api/unauthorized')])
    expect((await submit('logbook', 'append', ENTRY, '--up', up, ...client)).exit).toBe(2)
    expect((await submit('logbook', 'append', ENTRY, '--up', up, ...client, '--key', key)).exit).toBe(2)
  })

  it('submits nothing where the receipt cannot be kept', async () => {
    const before = lastJson(await inProcess('status', '--up', up, '--json'))
    const refused = await submit('logbook', 'append', ENTRY, '--up', up, '--key', key, '--out', at('receipt.json'))
    expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining('error cli/exists')])
    expect(lastJson(await inProcess('status', '--up', up, '--json'))).toEqual(before)
  })

  it('refuses a genesis of another network, and says when nobody answers', async () => {
    await inProcess('init', '--dev', '--replicas', '1', '--out', at('other'))
    const args = ['logbook', 'append', ENTRY, '--key', key]
    const other = await submit(...args, '--url', url, '--genesis', at('other', 'genesis.json'))
    expect([other.exit, other.stderr]).toEqual([1, expect.stringContaining('error transaction/wrong-network')])
    const nobody = await submit(...args, '--url', 'http://127.0.0.1:1', '--genesis', genesis)
    expect([nobody.exit, nobody.stderr]).toEqual([1, expect.stringContaining('error client/unreachable')])
    const noGenesis = await submit(...args, '--url', url, '--genesis', at('nowhere.json'))
    expect([noGenesis.exit, noGenesis.stderr]).toEqual([2, expect.stringContaining('error cli/unreadable')])
    const noUrl = await submit(...args, '--url', 'localhost', '--genesis', genesis)
    expect([noUrl.exit, noUrl.stderr]).toEqual([2, expect.stringContaining('is not the address of a replica')])
  })
})

describe('etalon query', () => {
  it('prints the answer, and whose word it is', async () => {
    const answer = await inProcess(
      'query',
      'identity',
      'organization',
      '{"id":"nmi"}',
      '--url',
      'http://127.0.0.1:1',
      '--url',
      url,
    )
    expect(answer.exit).toBe(0)
    expect(JSON.parse(answer.stdout)).toMatchObject({ id: 'nmi' })
    expect(answer.stderr).toContain(`on the word of ${url}`)
  })

  it.each([
    ['a query that is not there', ['identity', 'organisations'], 'runtime/unknown-query'],
    ['a contract that is not there', ['../status', 'x'], 'runtime/unknown-contract'],
    ['what the contract refuses', ['identity', 'organization', '{"id":"nobody"}'], 'identity/unknown-organization'],
  ])('refuses %s', async (_, call, code) => {
    const refused = await inProcess('query', ...call, '--up', up, '--json')
    expect(refused.exit).toBe(1)
    expect(lastJson(refused)).toMatchObject({ error: { code } })
  })
})

describe('etalon state', () => {
  it('proves presence and absence', async () => {
    const present = await inProcess('state', 'identity/organizations/nmi', '--up', up, '--json')
    expect(present.exit).toBe(0)
    expect(lastJson(present)).toMatchObject({ present: true, value: { id: 'nmi' } })
    const absent = await inProcess('state', 'identity/organizations/nobody', '--up', up)
    expect([absent.exit, absent.stdout]).toEqual([0, 'absent\n'])
    expect(absent.stderr).toContain('proven by the signatures of a quorum')
  })

  it('takes the newest answer of a quorum, and waits for a height', async () => {
    const quorum = await inProcess('state', 'identity/organizations/nmi', '--up', up, '--quorum', '--json')
    expect(quorum.exit).toBe(0)
    const { height, replicas } = lastJson(quorum) as { height: number; replicas: number[] }
    expect(replicas).toEqual([0])
    const key = 'identity/organizations/nmi'
    const least = await inProcess('state', key, '--up', up, '--min-height', String(height), '--json')
    expect((lastJson(least) as { height: number }).height).toBeGreaterThanOrEqual(height)
    expect((await inProcess('state', key, '--up', up, '--min-height', '-3')).exit).toBe(2)
    expect((await inProcess('state', key, '--up', up, '--min-height', '1', '--quorum')).exit).toBe(2)
  })

  it('believes no replica of another network', async () => {
    const other = await inProcess(
      'state',
      'identity/organizations/nmi',
      '--url',
      url,
      '--genesis',
      at('other', 'genesis.json'),
    )
    expect([other.exit, other.stderr]).toEqual([1, expect.stringContaining('error client/unproven')])
  })
})

describe('etalon status', () => {
  it('holds where every replica runs', async () => {
    const fine = await inProcess('status', '--up', up)
    expect(fine.exit).toBe(0)
    expect(fine.stdout).toMatch(/^replica {2}organization {2}health {3}final/)
    expect(fine.stdout).toMatch(/^0 {8}nmi {11}running/m)
  })

  it('does not where one is away, or is something else', async () => {
    const server = await htmlServer()
    const { port } = server.address() as AddressInfo
    const urls = [url, 'http://127.0.0.1:1', `http://127.0.0.1:${port}`].flatMap((each) => ['--url', each])
    const away = await inProcess('status', ...urls, '--json')
    server.close()
    expect(away.exit).toBe(1)
    expect(lastJson(away)).toMatchObject({
      healthy: false,
      replicas: [{ health: 'running' }, { error: 'client/unreachable' }, { error: 'client/unexpected-answer' }],
    })
  })
})

function htmlServer(): Promise<Server> {
  const server = createServer((_, response) => response.end('<html>hello</html>'))
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
