import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Level } from 'level'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { inProcess, lastJson, spawned, temporaryFolder } from './support.js'

const at = temporaryFolder()
const up = at('up')
const genesis = at('up', 'genesis.json')
const ENTRY = JSON.stringify({ category: 'note', subject: 'first', payload: 'hello' })

let cluster: LocalCluster

beforeAll(async () => {
  cluster = await LocalCluster.prepare({ folder: up, replicas: 1 })
  await cluster.start()
  const who = ['--up', up, '--key', cluster.adminKeyFile('nmi')]
  const args = ['tx', 'submit', 'logbook', 'append', ENTRY, ...who]
  expect((await inProcess(...args, '--out', at('receipt.json'))).exit).toBe(0)
  expect((await inProcess(...args)).exit).toBe(0)
  await inProcess('init', '--dev', '--replicas', '1', '--out', at('other'))
})
afterAll(() => cluster?.stop('SIGKILL'))

beforeEach(() => {
  vi.stubEnv('ETALON_URL', '')
  vi.stubEnv('ETALON_GENESIS', '')
})

describe('etalon verify', () => {
  it('says what the receipt proves', async () => {
    const valid = await inProcess('verify', at('receipt.json'), '--genesis', genesis, '--json')
    expect(valid.exit).toBe(0)
    expect(lastJson(valid)).toMatchObject({ valid: true, status: 'done', signers: [{ replica: 0 }] })
    expect((await inProcess('verify', at('receipt.json'), '--genesis', genesis)).stdout).toMatch(/^valid\ntransaction /)
  })

  it('finds a change in any line', async () => {
    const lines = readFileSync(at('receipt.json'), 'utf8').trimEnd().split('\n')
    let tried = 0
    for (const [i, line] of lines.entries()) {
      const last = line.search(/[0-9A-Za-z][^0-9A-Za-z]*$/)
      if (last < 0) continue
      const changed = `${line.slice(0, last)}${line[last] === '1' ? '2' : '1'}${line.slice(last + 1)}`
      writeFileSync(at('tampered.json'), `${lines.with(i, changed).join('\n')}\n`)
      const invalid = await inProcess('verify', at('tampered.json'), '--genesis', genesis)
      expect([invalid.exit, invalid.stderr], changed).toEqual([
        1,
        expect.stringMatching(/^error receipt\/(not-|other-)/),
      ])
      tried += 1
    }
    expect(tried).toBeGreaterThan(20)
  })

  it.each([
    [
      'a receipt of another network',
      () => at('receipt.json'),
      () => at('other', 'genesis.json'),
      1,
      'receipt/other-network',
    ],
    ['what is not a receipt', () => genesis, () => genesis, 1, 'receipt/not-a-receipt'],
    ['what is not JSON', () => at('up', 'nmi', 'client.token'), () => genesis, 1, 'receipt/not-a-receipt'],
    ['a genesis that is none', () => at('receipt.json'), () => at('receipt.json'), 1, 'genesis/invalid'],
    ['a file that is not there', () => at('nowhere.json'), () => genesis, 2, 'cli/unreadable'],
    ['a folder', () => up, () => genesis, 2, 'cli/unreadable'],
  ])('refuses %s', async (_, receipt, founding, exit, code) => {
    const refused = await inProcess('verify', receipt(), '--genesis', founding(), '--json')
    expect(refused.exit).toBe(exit)
    expect(lastJson(refused)).toMatchObject({ error: { code } })
  })
})

describe('etalon start', () => {
  it('refuses a key that has voted when the log of its votes is gone', { timeout: 60_000 }, async () => {
    cpSync(at('up', 'nmi'), at('up', 'amnesia'), { recursive: true })
    rmSync(at('up', 'amnesia', 'data'), { recursive: true })
    const wiped = await spawned(['start', at('up', 'amnesia', 'config.json')])
    expect([wiped.exit, wiped.stderr]).toEqual([1, expect.stringContaining('error node/votes-lost')])
  })

  it('says that its ports, and its data, are in use', { timeout: 60_000 }, async () => {
    const locked = await spawned(['start', at('up', 'nmi', 'config.json')])
    expect([locked.exit, locked.stderr]).toEqual([1, expect.stringContaining('error ledger/locked')])
    cpSync(at('up', 'nmi'), at('up', 'copy'), { recursive: true })
    rmSync(at('up', 'copy', 'data'), { recursive: true })
    rmSync(at('up', 'copy', 'keys.json.used'))
    const peers = await spawned(['start', at('up', 'copy', 'config.json')])
    expect([peers.exit, peers.stderr]).toEqual([1, expect.stringContaining('error p2p/port-in-use')])
    const config = JSON.parse(readFileSync(at('up', 'copy', 'config.json'), 'utf8')) as object
    const changed = { ...config, listen: ['/ip4/127.0.0.1/tcp/0'] }
    writeFileSync(at('up', 'copy', 'config.json'), JSON.stringify(changed))
    const api = await spawned(['start', at('up', 'copy', 'config.json')])
    expect([api.exit, api.stderr]).toEqual([1, expect.stringContaining('error api/port-in-use')])
  })
})

describe('etalon ledger verify', () => {
  const config = () => at('up', 'nmi', 'config.json')

  it('leaves the ledger of a running replica alone', async () => {
    const locked = await inProcess('ledger', 'verify', '--config', config())
    expect([locked.exit, locked.stderr]).toEqual([1, expect.stringContaining('error ledger/locked')])
  })

  it('holds after the replica has stopped, executed anew as well', async () => {
    await cluster.stop()
    const holds = await inProcess('ledger', 'verify', '--config', config())
    expect(holds.exit).toBe(0)
    expect(holds.stdout).toMatch(/^the ledger holds\n/)
    const args = ['--data', at('up', 'nmi', 'data'), '--genesis', genesis, '--replay', '--json']
    const replayed = await spawned(['ledger', 'verify', ...args])
    expect(replayed.exit).toBe(0)
    expect(replayed.stderr).toMatch(/^checking /)
    const { blocks, certified, transactions } = lastJson(replayed)
    expect(lastJson(replayed)).toMatchObject({ holds: true, replayed: true, problems: [] })
    expect(blocks).toBe(certified)
    expect(transactions).toBe(2)
  })

  it('finds a single damaged bit, and says where', async () => {
    cpSync(at('up', 'nmi', 'data'), at('damaged'), { recursive: true })
    await flipBit(at('damaged', 'ledger'))
    const damaged = await inProcess('ledger', 'verify', '--data', at('damaged'), '--genesis', genesis)
    expect(damaged.exit).toBe(1)
    expect(damaged.stdout).toMatch(/^the ledger does not hold\n/)
    expect(damaged.stdout).toMatch(/^ {4}ledger\/corrupt/m)
    const json = await inProcess('ledger', 'verify', '--data', at('damaged'), '--genesis', genesis, '--json')
    expect(lastJson(json)).toMatchObject({ holds: false, problems: expect.arrayContaining([expect.anything()]) })
  })

  it('refuses the genesis of another network, and a folder without a ledger', async () => {
    const data = ['--data', at('up', 'nmi', 'data')]
    const other = await inProcess('ledger', 'verify', ...data, '--genesis', at('other', 'genesis.json'))
    expect([other.exit, other.stderr]).toEqual([1, expect.stringContaining('error ledger/other-network')])
    const nothing = await inProcess('ledger', 'verify', '--data', at('up'), '--genesis', genesis)
    expect([nothing.exit, nothing.stderr]).toEqual([2, expect.stringContaining('error cli/no-ledger')])
    expect(() => statSync(at('up', 'ledger'))).toThrow('ENOENT')
    expect((await inProcess('ledger', 'verify')).exit).toBe(2)
    expect((await inProcess('ledger', 'verify', ...data)).exit).toBe(2)
  })
})

/** Changes one bit of the last row. */
async function flipBit(path: string): Promise<void> {
  const database = new Level<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  const [row] = await database.iterator({ reverse: true, limit: 1 }).all()
  if (row === undefined) throw new Error('the ledger is empty')
  const [key, value] = row
  await database.put(key, Buffer.from(value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte))))
  await database.close()
}
