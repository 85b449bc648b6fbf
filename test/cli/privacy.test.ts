import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { inProcess, lastJson, temporaryFolder } from './support.js'

/** docs/contracts/privacy.md runs as a whole against four replicas (test/docs); here is what goes wrong. */

const at = temporaryFolder()
const up = at('up')
const secret = at('sum.key.json')

let cluster: LocalCluster
let key: string

beforeAll(async () => {
  cluster = await LocalCluster.prepare({ folder: up, replicas: 1 })
  await cluster.start()
  key = cluster.adminKeyFile('nmi')
  // the keys of test/vectors/paillier: making one takes a while
  const vectors = JSON.parse(readFileSync('test/vectors/paillier/phe.json', 'utf8')) as {
    keys: readonly { p: string; q: string }[]
  }
  const [first] = vectors.keys
  writeFileSync(secret, JSON.stringify({ format: 'etalon-paillier-1', p: first?.p, q: first?.q }), { mode: 0o600 })
})
afterAll(() => cluster?.stop('SIGKILL'))

const privacy = (...args: readonly string[]) => inProcess('privacy', ...args, '--up', up)
const fails = (code: string, exit = 1) => ({ exit, stderr: expect.stringContaining(`error ${code}`) })

describe('etalon privacy, sums', () => {
  it('makes a key of full length, for its owner alone', async () => {
    const out = at('new.key.json')
    const made = await inProcess('privacy', 'keygen', '--out', out, '--json')
    const { n } = lastJson(made) as { n: string }
    expect(BigInt(`0x${n}`).toString(2)).toHaveLength(2_048)
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(await inProcess('privacy', 'keygen', '--out', out)).toMatchObject(fails('keys/exists', 2))
  })

  it('registers a key with its proof, and shows a sum that is not there yet', async () => {
    const registered = await privacy('register-key', 'sums', '--secret', secret, '--key', key, '--json')
    expect(lastJson(registered)).toMatchObject({ result: { outcome: 'registered' } })
    const cohort = { cohort: 'c-1', key: 'sums', minimum: 5, valueMax: 100, unit: '\\watt\\hour' }
    await inProcess('tx', 'submit', 'privacy', 'createCohort', JSON.stringify(cohort), '--key', key, '--up', up)
    const shown = await privacy('verify-sum', 'c-1', '--json')
    expect([shown.exit, lastJson(shown)]).toEqual([1, expect.objectContaining({ holds: false, sum: null })])
    expect(await privacy('open', 'c-1', '--secret', secret, '--key', key)).toMatchObject(
      fails('privacy/cohort-not-closed'),
    )
  })

  it('tells wrong names, values and keys', async () => {
    const meterKey = at('meter.pem')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(meterKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    const contribute = (cohort: string, value: string, file = meterKey) =>
      privacy('contribute', cohort, 'm-1', value, '--meter-key', file, '--key', key)
    expect(await contribute('c-9', '1')).toMatchObject(fails('sums/unknown-cohort'))
    expect(await contribute('c-1', '101')).toMatchObject(fails('cli/usage', 2))
    expect(await contribute('c-1', '-1')).toMatchObject(fails('cli/usage', 2))
    expect(await contribute('c-1', '1', secret)).toMatchObject(fails('keys/invalid'))
    expect(await contribute('c-1', '1')).toMatchObject(fails('privacy/unknown-meter'))
    expect(await privacy('open', 'c-1', '--secret', meterKey, '--key', key)).toMatchObject(fails('keys/invalid'))
  })
})

describe('etalon privacy, documents', () => {
  const own = at('nmi.recipient.json')
  const envelope = at('envelope.json')
  const seal = (document: string, fields: string, ...rest: readonly string[]) =>
    privacy('seal', document, fields, '--key', key, ...rest)

  it('seals, reads, discloses and checks', async () => {
    expect((await privacy('recipient', '--secret', own, '--key', key)).exit).toBe(0)
    const sealed = await seal(
      'd-1',
      '{"a":"1","b":"2"}',
      '--to',
      'nmi/admin',
      '--envelope',
      envelope,
      '--on-ledger',
      '--json',
    )
    expect(lastJson(sealed)).toMatchObject({ result: { document: 'd-1', onLedger: true } })
    const read = await privacy('unseal', envelope, '--secret', own, '--json')
    expect(lastJson(read)).toMatchObject({
      published: true,
      fields: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    })
    const out = at('a.json')
    expect((await privacy('disclose', envelope, '--secret', own, '--field', 'a', '--out', out)).exit).toBe(0)
    expect(lastJson(await privacy('verify-disclosure', out, '--json'))).toMatchObject({
      document: 'd-1',
      organization: 'nmi',
      fields: [{ name: 'a', value: '1' }],
    })
    writeFileSync(at('b.json'), readFileSync(out, 'utf8').replace('"1"', '"3"'))
    expect(await privacy('verify-disclosure', at('b.json'))).toMatchObject(fails('confidential/not-proven'))
  })

  it('tells an envelope that is not the published one', async () => {
    const later = at('later.json')
    expect(await seal('d-1', '{"a":"1"}', '--to', 'nmi/admin', '--envelope', later)).toMatchObject(
      fails('privacy/document-exists'),
    )
    const read = await privacy('unseal', later, '--secret', own)
    expect([read.exit, read.stderr]).toEqual([1, expect.stringContaining('NOT what is on the ledger')])
  })

  it('tells wrong calls and files', async () => {
    const target = ['--envelope', at('x.json')] as const
    expect(await seal('d-2', '{"a":1}', ...target)).toMatchObject(fails('cli/usage', 2))
    expect(await seal('d-2', '{}', ...target)).toMatchObject(fails('cli/usage', 2))
    expect(await seal('d-2', '{"a":"1"}', '--envelope', envelope)).toMatchObject(fails('cli/exists', 2))
    expect(await seal('d-2', '{"a":"1"}', ...target, '--to', 'nmi/nobody')).toMatchObject(
      fails('confidential/unknown-recipient'),
    )
    expect(await privacy('unseal', envelope, '--secret', secret)).toMatchObject(fails('keys/invalid'))
    expect(await privacy('unseal', own, '--secret', own)).toMatchObject(fails('confidential/malformed'))
    const disclose = (...fields: readonly string[]) =>
      privacy('disclose', envelope, '--secret', own, '--out', at('y.json'), ...fields)
    expect(await disclose()).toMatchObject(fails('cli/usage', 2))
    expect(await disclose('--field', 'z')).toMatchObject(fails('cli/usage', 2))
    for (const text of ['{', '{}', 'null', '{"format":"etalon-disclosure-1","document":"d-1","fields":[{"name":1}]}']) {
      writeFileSync(at('z.json'), text)
      expect(await privacy('verify-disclosure', at('z.json'))).toMatchObject(fails('confidential/not-a-disclosure'))
    }
  })
})
