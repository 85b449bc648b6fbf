import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PARAMETERS, parseGenesis } from '../../src/codec/genesis.js'
import { readConfig } from '../../src/node/config.js'
import { inProcess, lastJson, type Outcome, temporaryFolder } from './support.js'

const at = temporaryFolder()
const CREATED = '2026-07-01T12:00:00Z'

function organization(id: string, replica?: number, ...more: readonly string[]): Promise<Outcome> {
  const place =
    replica === undefined ? [] : ['--replica-id', String(replica), '--address', `/dns4/${id}.example/tcp/4001`]
  const names = ['--id', id, '--name', `The ${id}`, '--roles', 'nmi, enroller', '--out', at(id)]
  return inProcess('init', 'organization', ...names, ...place, ...more)
}

const genesis = (out: string, ...args: readonly string[]): Promise<Outcome> =>
  inProcess('init', 'genesis', '--network', 'test', '--out', at(out), ...args)

const publicFile = (id: string): string => at(id, 'public.json')

/** A founder's file with something changed. */
function forged(name: string, id: string, change: (founder: Founder) => void): string {
  const founder = JSON.parse(readFileSync(publicFile(id), 'utf8')) as Founder
  change(founder)
  writeFileSync(at(name), JSON.stringify(founder))
  return at(name)
}

interface Founder {
  organization: { id: string; members: { publicKey: string }[] }
  replica: { id: number; consensusKey: string; peerId: string; addresses: string[] }
}

describe('etalon init --dev', () => {
  it('makes every file of a network whose replicas can be started', async () => {
    const made = await inProcess('init', '--dev', '--replicas', '2', '--out', at('dev'), '--api-port', '9100', '--json')
    expect(made.exit).toBe(0)
    const { replicas, networkId } = lastJson(made) as { replicas: { config: string; url: string }[]; networkId: string }
    expect(networkId).toMatch(/^[0-9a-f]{64}$/)
    expect(replicas.map(({ url }) => url)).toEqual(['http://127.0.0.1:9100', 'http://127.0.0.1:9101'])
    for (const { config } of replicas) expect(readConfig(config).genesisDocument.replicas).toHaveLength(2)
    const again = await inProcess('init', '--dev', '--out', at('dev'))
    expect(again.exit).toBe(2)
    expect(again.stderr).toContain('error init/exists')
  })

  it('says what there is when nothing is said', async () => {
    const bare = await inProcess('init')
    expect(bare.exit).toBe(2)
    expect(bare.stderr).toContain('etalon init organization')
    expect((await inProcess('init', '--dev', '--out', at('x'), '--replicas', '0')).exit).toBe(2)
    expect((await inProcess('init', '--dev', '--out', at('x'), '--p2p-port', '70000')).exit).toBe(2)
  })
})

describe('etalon init organization', () => {
  it('makes keys, config and a public file without secrets', async () => {
    const made = await organization('ptb', 0)
    expect(made.exit).toBe(0)
    expect(readdirSync(at('ptb')).sort()).toEqual(['admin.key.json', 'config.json', 'keys.json', 'public.json'])
    for (const name of ['admin.key.json', 'keys.json']) expect(statSync(at('ptb', name)).mode & 0o777).toBe(0o600)
    const founder = readFileSync(publicFile('ptb'), 'utf8')
    const secrets = ['keys.json', 'admin.key.json'].flatMap((name) =>
      Object.entries(JSON.parse(readFileSync(at('ptb', name), 'utf8')) as Record<string, string>)
        .filter(([field]) => field.toLowerCase().includes('seed'))
        .map(([, secret]) => secret),
    )
    expect(secrets).toHaveLength(3)
    for (const secret of secrets) expect(founder + made.stdout + made.stderr).not.toContain(secret)
    const config = JSON.parse(readFileSync(at('ptb', 'config.json'), 'utf8')) as Record<string, unknown>
    expect(config).toMatchObject({ replica: 0, genesis: 'genesis.json', listen: ['/ip4/0.0.0.0/tcp/4001'] })
  })

  it('makes an organization that runs no replica', async () => {
    expect((await organization('owner')).exit).toBe(0)
    expect(readdirSync(at('owner')).sort()).toEqual(['admin.key.json', 'public.json'])
  })

  it('makes nothing where one of its files exists', async () => {
    expect((await organization('owner')).stderr).toContain('error cli/exists')
  })

  it.each([
    ['an unknown role', ['--roles', 'nmi,king'], 'there is no role king'],
    ['a malformed address', ['--address', 'ptb.example:4001'], 'ptb.example:4001 is not an address'],
    ['a port that is none', ['--address', '/ip4/10.0.0.1/tcp/99999'], 'is not an address'],
    ['a replica without an address', ['--replica-id', '4'], 'a replica without an address'],
    ['an address without a replica', ['--address', '/ip4/10.0.0.1/tcp/1'], 'an address without a replica'],
    ['a malformed id', ['--id', 'P T B'], '--id P T B is not a name'],
  ])('refuses %s', async (_, args, message) => {
    const refused = await organization('wrong', undefined, ...args)
    expect(refused.exit).toBe(2)
    expect(refused.stderr).toContain(message)
    expect(() => statSync(at('wrong'))).toThrow('ENOENT')
  })
})

describe('etalon init genesis', () => {
  it('gives all founders the same bytes, and a network id to compare', async () => {
    await organization('b', 1)
    await organization('c', 2)
    const files = ['ptb', 'b', 'c', 'owner'].map(publicFile)
    const first = await genesis('one.json', '--created', CREATED, '--json', ...files)
    const second = await genesis('two.json', '--created', '2026-07-01T14:00:00+02:00', '--json', ...files.reverse())
    expect([first.exit, second.exit]).toEqual([0, 0])
    expect(readFileSync(at('one.json'))).toEqual(readFileSync(at('two.json')))
    expect(lastJson(first).networkId).toBe(lastJson(second).networkId)
    const document = parseGenesis(readFileSync(at('one.json'), 'utf8'))
    expect(document.organizations.map(({ id }) => id)).toEqual(['b', 'c', 'owner', 'ptb'])
    expect(document.replicas.map(({ organization: id }) => id)).toEqual(['ptb', 'b', 'c'])
    const shown = await inProcess('genesis', at('one.json'))
    expect(shown.stdout).toContain(String(lastJson(first).networkId))
  })

  it('takes the time of now and the parameters that are given', async () => {
    const before = Date.now()
    const bounds = [
      '--proposal-transactions-max',
      '600',
      '--proposal-bytes-max',
      '600000',
      '--proposal-cost-max',
      '700',
    ]
    expect((await genesis('now.json', '--endorsements', '2', ...bounds, publicFile('ptb'))).exit).toBe(0)
    const { createdMs, parameters } = parseGenesis(readFileSync(at('now.json'), 'utf8'))
    expect(createdMs).toBeGreaterThanOrEqual(before)
    expect(parameters).toEqual({
      ...DEFAULT_PARAMETERS,
      endorsements: 2,
      proposalTransactionsMax: 600,
      proposalBytesMax: 600_000,
      proposalCostMax: 700,
    })
  })

  it('refuses an output that exists, a missing file and a time without its zone', async () => {
    expect((await genesis('one.json', publicFile('ptb'))).stderr).toContain('error cli/exists')
    expect((await genesis('x.json', at('nowhere.json'))).stderr).toContain('error cli/unreadable')
    const local = await genesis('x.json', '--created', '2026-07-01T12:00:00', publicFile('ptb'))
    expect(local.exit).toBe(2)
    expect(local.stderr).toContain('is not a time')
  })

  it.each([
    ['another file', () => at('ptb', 'config.json'), 'init/bad-founder'],
    ['an unknown field', () => forged('f1', 'b', (it) => Object.assign(it, { seed: '00' })), 'init/bad-founder'],
    [
      'a key that is none',
      () => forged('f2', 'b', (it) => Object.assign(it.replica, { consensusKey: 'ff'.repeat(32) })),
      'init/bad-founder',
    ],
    [
      'a peer id that is none',
      () => forged('f3', 'b', (it) => Object.assign(it.replica, { peerId: 'Qm' })),
      'init/bad-founder',
    ],
    ['an organization twice', () => publicFile('ptb'), 'init/founders-disagree'],
    [
      'a replica number twice',
      () => forged('f4', 'b', (it) => Object.assign(it.replica, { id: 0 })),
      'init/founders-disagree',
    ],
    [
      'an id that is none',
      () => forged('f5', 'b', (it) => Object.assign(it.organization, { id: 'B B' })),
      'init/founders-disagree',
    ],
  ])('refuses %s', async (_, file, code) => {
    const refused = await genesis('never.json', '--json', publicFile('ptb'), file())
    expect(refused.exit).toBe(1)
    expect(lastJson(refused)).toMatchObject({ error: { code } })
    expect(() => statSync(at('never.json'))).toThrow('ENOENT')
  })

  it('refuses a network without a replica', async () => {
    expect((await genesis('never.json', publicFile('owner'))).stderr).toContain('error init/founders-disagree')
  })
})
