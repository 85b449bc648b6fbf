import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { inProcess, lastJson, temporaryFolder } from './support.js'

/** `etalon meter` against a real replica with four organizations. */

const at = temporaryFolder()
let cluster: LocalCluster

beforeAll(async () => {
  cluster = await LocalCluster.prepare({ folder: at('up'), replicas: 1, organizations: 4 })
  const [replica] = await cluster.start()
  vi.stubEnv('ETALON_URL', replica?.url ?? '')
  vi.stubEnv('ETALON_GENESIS', at('up', 'genesis.json'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await cluster?.stop('SIGKILL')
})

const keyFile = (organization: string) => join(at('up'), organization, 'admin.key.json')
const meter = (...args: readonly string[]) => inProcess('meter', ...args)
const by = (organization: string, ...args: readonly string[]) =>
  meter(...args, '--key', keyFile(organization), '--json')
const done = async (organization: string, ...args: readonly string[]) => {
  const outcome = await by(organization, ...args)
  expect([outcome.exit, outcome.stderr], args.join(' ')).toEqual([0, expect.any(String)])
  return lastJson(outcome) as {
    readonly result: Record<string, unknown>
    readonly height: number
    readonly time: string
  }
}

function instrumentKey(name: string, namedCurve?: string): string {
  const pair = namedCurve === undefined ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve })
  const path = at(`${name}.pem`)
  writeFileSync(path, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(at(`${name}.pub`), pair.publicKey.export({ type: 'spki', format: 'pem' }))
  return path
}

async function alive(instrument: string, key: string): Promise<void> {
  await done('maker', 'propose', instrument, '--type', 'energy meter', '--operator', 'utility', '--instrument-key', key)
  await done('notified', 'endorse', instrument)
}

const iso = (ms = Date.now()) => new Date(ms).toISOString()

describe('the life of a key', () => {
  it('goes from a type approval to a proof that is checked offline', async () => {
    writeFileSync(at('certificate.pdf'), 'certificate')
    await done(
      'nmi',
      'approve-type',
      'DE-26-M-1',
      at('certificate.pdf'),
      '--type',
      'energy meter',
      '--manufacturer',
      'maker',
      '--valid-until',
      iso(Date.now() + 1e9),
    )
    const [old, fresh] = [instrumentKey('old', 'P-256'), instrumentKey('fresh')]
    const proposed = await done(
      'maker',
      'propose',
      'm-1',
      '--type',
      'energy meter',
      '--operator',
      'utility',
      '--approval',
      'DE-26-M-1',
      '--serial',
      'SN-1',
      '--seal',
      'A',
      '--seal',
      'B',
      '--usage',
      'measure',
      '--instrument-key',
      old,
    )
    expect(proposed.result).toMatchObject({ status: 'proposed' })
    await done('notified', 'endorse', 'm-1', '--number', '1')
    await done('nmi', 'suspend', 'm-1', '--reason', 'look')
    expect((await meter('status', 'm-1')).stdout).toContain('suspended')
    await done('nmi', 'resume', 'm-1')
    await done('utility', 'break-seal', 'm-1', '--reason', 'repair')
    await done('notified', 'renew-seal', 'm-1', '--seal', 'C')
    const { time } = await done('maker', 'rotate', 'm-1', '--instrument-key', fresh, '--old-key', old)
    const revoked = await done('nmi', 'revoke', 'm-1', '--since', time, '--reason', 'stolen')
    expect((await meter('show', 'm-1')).stdout).toMatch(
      /seals +C\n.*key 1 +p256 +measure +retired\n.*key 2 +ed25519 +measure +revoked/s,
    )
    await done('nmi', 'withdraw-type', 'DE-26-M-1', '--reason', 'over')
    const out = at('proof.json')
    expect((await meter('proof', 'm-1', '--out', out)).exit).toBe(0)
    vi.stubEnv('ETALON_URL', 'http://127.0.0.1:9')
    const check = async (...args: readonly string[]) =>
      lastJson(await meter('check', out, '--at', time, ...args, '--json'))
    expect(await check()).toMatchObject({
      status: 'revoked',
      entitled: false,
      key: 2,
      invalidSinceMs: Date.parse(time),
    })
    expect(await check('--known-at', String(revoked.height - 1))).toMatchObject({ status: 'active', entitled: true })
    expect(await check('--number', '1')).toMatchObject({ status: 'retired', curve: 'p256' })
    expect(await check('--number', '7')).toMatchObject({ status: 'unknown', curve: null })
    const [replica] = cluster.running()
    vi.stubEnv('ETALON_URL', replica?.url ?? '')
  }, 60_000)

  it('refuses proofs that were changed, are of another network, or are none', async () => {
    const key = instrumentKey('prover', 'P-256')
    await alive('m-proof', key)
    const out = at('good.proof.json')
    await meter('proof', 'm-proof', '--out', out)
    const text = readFileSync(out, 'utf8')
    const code = async (changed: string) => {
      const path = at(`changed-${Math.random()}.json`)
      writeFileSync(path, changed)
      const outcome = await meter('check', path, '--json')
      expect(outcome.exit).not.toBe(0)
      return (lastJson(outcome) as { error: { code: string } }).error.code
    }
    const { answer, ...rest } = JSON.parse(text) as { answer: Record<string, unknown>; network: string }
    const record = Buffer.from(answer.value as string, 'base64').toString()
    const withAnswer = (more: object) => JSON.stringify({ ...rest, answer: { ...answer, ...more } })
    const value = (changed: string) => Buffer.from(changed).toString('base64')
    expect(await code(withAnswer({ value: value(record.replace('"activated"', '"retired"')) }))).toBe(
      'proof/not-proven',
    )
    expect(await code(withAnswer({ value: null }))).toBe('proof/not-proven')
    expect(await code(withAnswer({ certificate: null }))).toBe('proof/not-proven')
    expect(await code(withAnswer({ certificate: { view: 3, signatures: [] } }))).toBe('proof/not-proven')
    expect(await code(withAnswer({ header: 'x' }))).toBe('proof/not-proven')
    expect(await code(text.replace('instruments/m-proof', 'instruments/m-other'))).toBe('proof/not-proven')
    expect(await code(text.replace(rest.network, '0'.repeat(64)))).toBe('proof/other-network')
    expect(await code('{}')).toBe('proof/not-a-proof')
    expect(await code('nonsense')).toBe('proof/not-a-proof')
    await meter('proof', 'nobody', '--out', at('absent.json'))
    expect(lastJson(await meter('check', at('absent.json'), '--json'))).toMatchObject({ status: 'unknown', key: 0 })
  }, 60_000)

  it('takes signatures that were made elsewhere', async () => {
    instrumentKey('outside', 'secp384r1')
    const shown = await meter('statement', 'possession', 'm-out', at('outside.pub'), '--organization', 'maker')
    expect(shown.stdout).toMatch(/^etalon pki possession 2\nmaker\nm-out\n04[0-9a-f]{192}$/)
    const asJson = await meter('statement', 'rotation', 'm-out', at('outside.pub'), '--json')
    expect(lastJson(asJson)).toEqual({ statement: shown.stdout.replace('possession 2\nmaker', 'rotation 1') })
    const refused = await by(
      'maker',
      'propose',
      'm-out',
      '--type',
      't',
      '--public-key',
      at('outside.pub'),
      '--possession',
      'AAAA',
    )
    expect([refused.exit, lastJson(refused)]).toEqual([1, expect.objectContaining({ code: 'pki/bad-possession' })])
  })

  it.each<[string, readonly string[]]>([
    ['no key at all', ['propose', 'm', '--type', 't']],
    ['a public key without possession', ['propose', 'm', '--type', 't', '--public-key', 'x']],
    ['a private key and a possession', ['propose', 'm', '--type', 't', '--instrument-key', 'x', '--possession', 'y']],
    ['a time without a zone', ['revoke', 'm', '--since', '2026-01-01T00:00:00', '--reason', 'r']],
    ['a number of zero', ['endorse', 'm', '--number', '0']],
    ['a proof of possession for nobody', ['statement', 'possession', 'm', 'there.pub']],
    ['an unknown statement', ['statement', 'anything', 'm', 'there.pub']],
    ['a height that is none', ['status', 'm', '--known-at', 'x']],
    ['a counter that is none', ['sign', 'm', 'x', '--counter', '-1']],
    ['no counter to sign', ['sign', 'm', 'x', '--instrument-key', 'there.pem']],
    ['a second signature of OCMF', ['sign', 'm', 'x', '--format', 'ocmf', '--instrument-key', 'there.pem']],
  ])('refuses %s as wrong usage', async (_, args) => {
    instrumentKey('there', 'P-256')
    const named = args.map((arg) => (arg.startsWith('there.') ? at(arg) : arg))
    const signed = ['propose', 'revoke', 'endorse'].includes(args[0] ?? '') ? ['--key', keyFile('maker')] : []
    const outcome = await meter(...named, ...signed)
    expect([outcome.exit, outcome.stderr]).toEqual([2, expect.stringContaining('error cli/usage')])
  })

  it('refuses files that are no keys', async () => {
    writeFileSync(at('garbage.pem'), 'garbage', { mode: 0o600 })
    const pem = await by('maker', 'propose', 'm', '--type', 't', '--instrument-key', at('garbage.pem'))
    expect([pem.exit, pem.stderr]).toEqual([1, expect.stringContaining('error keys/invalid')])
    const pub = await meter('statement', 'possession', 'm', at('garbage.pem'))
    expect([pub.exit, pub.stderr]).toEqual([1, expect.stringContaining('error keys/invalid')])
  })
})

describe('records', () => {
  it('are signed, anchored and verified one by one', async () => {
    const key = instrumentKey('one', 'secp256k1')
    await alive('m-2', key)
    const args = [
      'm-2',
      'reading 1',
      '--counter',
      '1',
      '--time',
      iso(),
      '--clock',
      'synchronized',
      '--instrument-key',
      key,
    ]
    const { result } = await done('utility', 'anchor', ...args)
    expect(result).toMatchObject({ cryptographic: { verdict: 'good' }, quality: { findings: [] } })
    const verified = await meter('verify', ...args, '--json')
    expect([verified.exit, lastJson(verified)]).toEqual([0, expect.objectContaining({ key: 1 })])
    const signed = await meter('sign', 'm-2', 'hello', '--format', 'fabpki', '--instrument-key', key)
    const { signature } = JSON.parse(signed.stdout) as { signature: string }
    const other = await meter('verify', 'm-2', 'hullo', '--format', 'fabpki', '--signature', signature, '--json')
    expect([other.exit, lastJson(other)]).toEqual([1, expect.objectContaining({ cryptographic: { verdict: 'bad' } })])
  })

  it('of OCMF are read from a file', async () => {
    const key = instrumentKey('charger', 'P-256')
    await alive('m-3', key)
    const stamp = iso().replace('.', ',').replace('Z', '+0000 S')
    const payload = `{"FV":"1.0","PG":"T5","MS":"1","RD":[{"TM":"${stamp}","RV":1.20,"RI":"1-0:1.8.0","RU":"kWh","ST":"G"}]}`
    const { stdout } = await meter('sign', 'm-3', payload, '--format', 'fabpki', '--instrument-key', key)
    const { signature } = JSON.parse(stdout) as { signature: string }
    writeFileSync(at('record.ocmf'), `OCMF|${payload}|{"SE":"base64","SD":"${signature}"}\n`)
    const { result } = await done('utility', 'anchor', 'm-3', `@${at('record.ocmf')}`, '--format', 'ocmf')
    expect(result).toMatchObject({ counter: 5, readings: { last: { value: '1.20', obis: '1-0:1.8.0*255' } } })
  })

  it('of a batch are handed out with their proof', async () => {
    const key = instrumentKey('many', 'P-256')
    await alive('m-4', key)
    const lines: string[] = []
    for (let i = 1; i <= 5; i++) {
      const { stdout } = await meter(
        'sign',
        'm-4',
        `reading ${i}`,
        '--format',
        'etalon-1',
        '--counter',
        String(i),
        '--instrument-key',
        key,
      )
      lines.push(stdout)
    }
    writeFileSync(at('records'), lines.join(''))
    const receipt = at('batch.json')
    expect(
      (await by('utility', 'anchor-batch', 'm-4', at('records'), '--instrument-key', key, '--out', receipt)).exit,
    ).toBe(0)
    const take = (position: string, out: string) =>
      meter('extract', at('records'), position, '--instrument', 'm-4', '--receipt', receipt, '--out', out)
    expect((await take('4', at('four.json'))).exit).toBe(0)
    expect((await take('6', at('six.json'))).exit).toBe(2)
    const checked = await meter('check-record', at('four.json'), '--json')
    expect(lastJson(checked)).toMatchObject({
      valid: true,
      instrument: 'm-4',
      index: 4,
      count: 5,
      record: { message: 'reading 4' },
    })
    const text = readFileSync(at('four.json'), 'utf8')
    for (const [from, to, code] of [
      ['reading 4', 'reading 5', 'proof/not-proven'],
      ['"index":3', '"index":2', 'proof/not-proven'],
      ['etalon-batch-record-1', 'etalon-batch-record-2', 'proof/not-a-proof'],
    ] as const) {
      writeFileSync(at('forged.json'), text.replace(from, to))
      expect((await meter('check-record', at('forged.json'))).stderr).toContain(`error ${code}`)
    }
    writeFileSync(at('disorder'), [lines[1], lines[0]].join(''))
    writeFileSync(at('broken'), '{"format":"etalon-1"}\n')
    writeFileSync(at('empty'), '\n')
    for (const name of ['disorder', 'broken', 'empty']) {
      const refused = await by('utility', 'anchor-batch', 'm-4', at(name))
      expect([refused.exit, refused.stderr], name).toEqual([1, expect.stringContaining('error records/invalid')])
    }
  }, 60_000)
})
