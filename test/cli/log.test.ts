import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { inProcess, lastJson, temporaryFolder } from './support.js'

/** docs/contracts/logbook.md runs as a whole against four replicas (test/docs); here is what goes wrong. */

const at = temporaryFolder()
const up = at('up')
const vector = (name: string): string => `test/vectors/dcc/${name}.xml`

let cluster: LocalCluster
let key: string

beforeAll(async () => {
  cluster = await LocalCluster.prepare({ folder: up, replicas: 1 })
  await cluster.start()
  key = cluster.adminKeyFile('nmi')
  for (const [category, subject] of [
    ['check', 'scale'],
    ['repair', 'scale'],
    ['check', 'meter'],
    ['check', 'scale'],
  ] as const) {
    await log('append', category, subject, 'text', '--key', key)
  }
})
afterAll(() => cluster?.stop('SIGKILL'))

const log = (...args: readonly string[]) => inProcess('log', ...args, '--up', up)

interface Entry {
  readonly counter: number
  readonly time: string
  readonly category: string
  readonly subject: string
}
const entriesOf = (outcome: Awaited<ReturnType<typeof log>>) =>
  (lastJson(outcome) as { entries: readonly Entry[] }).entries

describe('etalon log list', () => {
  it('lists by subject, by category and by time', async () => {
    const bySubject = entriesOf(await log('list', '--subject', 'scale', '--json'))
    expect(bySubject.map(({ counter, category }) => [counter, category])).toEqual([
      [3, 'check'],
      [2, 'repair'],
      [1, 'check'],
    ])
    const byCategory = entriesOf(await log('list', '--category', 'check', '--json'))
    expect(byCategory.map(({ subject }) => subject)).toEqual(['scale', 'meter', 'scale'])
    const time = bySubject[1]?.time ?? ''
    const at2 = entriesOf(await log('list', '--subject', 'scale', '--from', time, '--to', time, '--json'))
    expect(at2.map(({ counter }) => counter)).toContain(2)
    expect(entriesOf(await log('list', '--subject', 'scale', '--to', '2020-01-01', '--json'))).toEqual([])
    expect((await log('list', '--subject', 'scale', '--limit', '1')).stderr).toContain('1 entries, proven')
    expect((await log('list', '--subject', 'nothing')).stdout).toBe('no entries\n')
  })

  it.each([[[]], [['--subject', 'a', '--category', 'b']], [['--subject', 'a', '--from', 'yesterday']]])(
    'is called in a wrong way: %j',
    async (args) => {
      expect(await log('list', ...args)).toMatchObject({ exit: 2, stderr: expect.stringContaining('cli/usage') })
    },
  )
})

describe('etalon log append', () => {
  it('records the hash of a file, and references', async () => {
    const file = at('note.txt')
    writeFileSync(file, 'abc')
    const done = await log(
      'append',
      'note',
      'box',
      '--file',
      file,
      '--reference',
      'a',
      '--reference',
      'b',
      '--key',
      key,
      '--json',
    )
    expect(lastJson(done)).toMatchObject({
      // FIPS 180-2, B.1
      result: { payloadHash: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
      events: [{ name: 'logbook/recorded', data: { references: ['a', 'b'] } }],
    })
  })

  it('appends without a listing where that is asked for', async () => {
    const done = await log('append', 'note', 'box-2', 'text', '--unlisted', '--key', key, '--json')
    expect(lastJson(done)).toMatchObject({ events: [{ name: 'logbook/appended' }] })
    expect((await log('list', '--subject', 'box-2')).stdout).toBe('no entries\n')
  })

  it.each([[['text', '--file', 'x']], [['--quantities', '[]', '--unlisted']]])(
    'is called in a wrong way: %j',
    async (args) => {
      expect(await log('append', 'a', 'b', ...args, '--key', key)).toMatchObject({ exit: 2 })
    },
  )
})

describe('etalon log export', () => {
  const verify = (text: string) => {
    const file = at(`export-${Math.random()}.json`)
    writeFileSync(file, text)
    return inProcess('log', 'verify-export', file, '--genesis', at('up', 'genesis.json'), '--json')
  }
  const exported = async (...filter: readonly string[]): Promise<string> => {
    const file = at(`out-${Math.random()}.json`)
    const done = await log('export', '--subject', 'scale', '--out', file, ...filter)
    expect(done.exit).toBe(0)
    return readFileSync(file, 'utf8')
  }
  interface Document {
    receipts: unknown[]
    filter: { toMs?: number; fromMs?: number }
    chain: { by: string; name: string }
    end?: object
  }
  const edited = (text: string, edit: (document: Document) => void): string => {
    const document = JSON.parse(text) as Document
    edit(document)
    return JSON.stringify(document)
  }

  it('proves itself offline', async () => {
    const whole = await verify(await exported())
    expect([whole.exit, entriesOf(whole).map(({ counter }) => counter)]).toEqual([0, [3, 2, 1]])
  })

  it('of a time has the entries that border on it, as proof and not as content', async () => {
    const [, second] = entriesOf(await log('list', '--subject', 'scale', '--json'))
    const text = await exported('--from', second?.time ?? '', '--to', second?.time ?? '')
    const read = await verify(text)
    expect(entriesOf(read).map(({ time }) => time)).toEqual(entriesOf(read).map(() => second?.time))
    expect(entriesOf(read).map(({ counter }) => counter)).toContain(2)
    expect((JSON.parse(text) as Document).receipts.length).toBeGreaterThan(entriesOf(read).length - 1)
  })

  it('of nothing shows that there is nothing', async () => {
    const file = at('nothing.json')
    await log('export', '--subject', 'nobody', '--out', file)
    expect(entriesOf(await verify(readFileSync(file, 'utf8')))).toEqual([])
  })

  it.each<[string, (document: Document) => void]>([
    ['the newest entry left out', ({ receipts }) => receipts.shift()],
    ['an entry left out', ({ receipts }) => receipts.splice(1, 1)],
    ['the oldest entry left out', ({ receipts }) => receipts.pop()],
    ['all left out', ({ receipts }) => receipts.splice(0)],
    ['an entry twice', ({ receipts }) => receipts.push(receipts[2])],
    ['entries in another order', ({ receipts }) => receipts.reverse()],
    ['no end', (document) => delete document.end],
    [
      'the name of another subject',
      ({ chain }) => {
        chain.name = 'meter'
      },
    ],
    [
      'another receipt',
      ({ receipts }) => {
        receipts[0] = {}
      },
    ],
    ['the end of another chain', ({ end }) => Object.assign(end ?? {}, { key: 'logbook/subjects/meter' })],
    [
      'a changed proof of the end',
      ({ end }) => Object.assign((end as { answer: object }).answer, { value: 'bnVsbA==' }),
    ],
  ])('does not hold with %s', async (_, edit) => {
    const refused = await verify(edited(await exported(), edit))
    expect([refused.exit, refused.stderr]).toEqual([1, expect.stringContaining('error log/not-proven')])
  })

  it('is not any other file', async () => {
    for (const text of ['', '[]', '{}', '{"format":"etalon-log-export-1","chain":{},"filter":{}}']) {
      expect((await verify(text)).stderr).toContain('error log/not-proven')
    }
  })
})

describe('etalon log dcc', () => {
  const check = async (file: string) => lastJson(await log('dcc', 'check', file, '--json'))

  it('registers, and tells valid, superseded, revoked, altered and unknown', async () => {
    expect(await check(vector('dcc-3.3.0'))).toMatchObject({ status: 'unknown', record: null })
    const signed = await log('dcc', 'register', vector('dcc-3.3.0'), '--key', key)
    expect([signed.exit, signed.stderr]).toEqual([0, expect.stringContaining('signature: the file has none')])
    expect(await check(vector('dcc-3.3.0'))).toMatchObject({ status: 'valid', signature: { state: 'none' } })
    const altered = at('altered.xml')
    writeFileSync(altered, readFileSync(vector('dcc-3.3.0'), 'utf8').replace('10.05', '10.50'))
    const told = await log('dcc', 'check', altered)
    expect([told.exit, told.stdout]).toEqual([1, expect.stringContaining('CLN-2026-330: altered')])
    // the file says what it substitutes
    await log('dcc', 'register', vector('dcc-3.3.0-substitute'), '--key', key)
    expect(await check(vector('dcc-3.3.0'))).toMatchObject({ status: 'superseded' })
    await log('dcc', 'revoke', 'CLN-2026-330-1', 'wrong reference', '--key', key)
    expect(await check(vector('dcc-3.3.0-substitute'))).toMatchObject({ status: 'revoked' })
  })

  it('says whether the signature holds', async () => {
    await log('dcc', 'register', vector('signed-p256'), '--key', key)
    const shown = await log('dcc', 'check', vector('signed-p256'))
    expect([shown.exit, shown.stdout]).toEqual([0, expect.stringContaining('holds, over the whole file, by C=DE')])
    const broken = at('broken.xml')
    writeFileSync(broken, readFileSync(vector('signed-p256'), 'utf8').replace('10.05', '10.50'))
    expect((await log('dcc', 'check', broken)).stdout).toContain('DOES NOT HOLD')
  })

  it('refuses what is no certificate before anything is submitted', async () => {
    const bomb = at('bomb.xml')
    writeFileSync(bomb, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    expect(await log('dcc', 'register', bomb, '--key', key)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('error dcc/document-type'),
    })
  })
})
