import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readMemberKey } from '../../src/client/index.js'
import { readReplicaKeys } from '../../src/node/keystore.js'
import { tokenHash } from '../../src/node/network-files.js'
import { inProcess, lastJson, temporaryFolder } from './support.js'

const at = temporaryFolder()
const mode = (path: string) => statSync(path).mode & 0o777

/** No secret of a key file may stand in what is printed. */
function expectNoSecrets(text: string, path: string): void {
  const document = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  const secrets = Object.entries(document).filter(([name]) => name.toLowerCase().includes('seed'))
  expect(secrets.length).toBeGreaterThan(0)
  for (const [, secret] of secrets) expect(text).not.toContain(secret)
}

describe('etalon keys replica', () => {
  it('writes secret keys for the owner only, and prints the public part', async () => {
    const made = await inProcess('keys', 'replica', '--out', at('keys.json'), '--organization', 'ptb', '--json')
    expect(made.exit).toBe(0)
    expect(lastJson(made)).toEqual({
      file: at('keys.json'),
      organization: 'ptb',
      consensusKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      peerId: expect.stringMatching(/^12D3Koo/),
    })
    expect(mode(at('keys.json'))).toBe(0o600)
    expect(readReplicaKeys(at('keys.json')).consensusSeeds.map(({ length }) => length)).toEqual([32])
    expectNoSecrets(made.stdout + made.stderr, at('keys.json'))
  })

  it('writes the public part to a file', async () => {
    const made = await inProcess(
      'keys',
      'replica',
      '--out',
      at('two.json'),
      '--public',
      at('two.public.json'),
      '--json',
    )
    const { file: _, ...part } = lastJson(made)
    expect(JSON.parse(readFileSync(at('two.public.json'), 'utf8'))).toEqual(part)
  })

  it('never overwrites a key, nor makes one when the public file is in the way', async () => {
    await inProcess('keys', 'replica', '--out', at('once.json'))
    const before = readFileSync(at('once.json'), 'utf8')
    const again = await inProcess('keys', 'replica', '--out', at('once.json'))
    expect(again.exit).toBe(2)
    expect(again.stderr).toContain('error keys/exists: ')
    expect(again.stderr).toContain('what to do: ')
    expect(readFileSync(at('once.json'), 'utf8')).toBe(before)
    const blocked = await inProcess('keys', 'replica', '--out', at('never.json'), '--public', at('once.json'))
    expect(blocked.exit).toBe(2)
    expect(() => statSync(at('never.json'))).toThrow('ENOENT')
  })

  it('says what the operating system refuses', async () => {
    const refused = await inProcess('keys', 'replica', '--out', at('no-folder', 'keys.json'))
    expect(refused.exit).toBe(1)
    expect(refused.stderr).toContain('error system/refused: ENOENT')
  })
})

describe('etalon keys member', () => {
  it('writes a key that the SDK reads, and says how to enrol it', async () => {
    const args = ['--organization', 'ptb', '--name', 'anna', '--out', at('anna.json')]
    const made = await inProcess('keys', 'member', ...args)
    expect(made.exit).toBe(0)
    expect(mode(at('anna.json'))).toBe(0o600)
    const member = readMemberKey(readFileSync(at('anna.json'), 'utf8'))
    expect(member?.organization).toBe('ptb')
    expect(made.stdout).toContain(member?.signer.publicKey)
    expect(made.stderr).toContain('etalon org enroll anna --public PUBLIC-FILE --kind operator')
    expectNoSecrets(made.stdout + made.stderr, at('anna.json'))
    expect((await inProcess('keys', 'member', ...args)).exit).toBe(2)
  })

  it('refuses what is not a name', async () => {
    const refused = await inProcess('keys', 'member', '--organization', 'PTB', '--name', 'anna', '--out', at('x.json'))
    expect(refused.exit).toBe(2)
    expect(refused.stderr).toContain('--organization PTB is not a name')
  })
})

describe('etalon keys show', () => {
  it('shows the public part of both kinds of key, never the secret', async () => {
    const replica = await inProcess('keys', 'replica', '--out', at('show.json'), '--json')
    const member = await inProcess(
      'keys',
      'member',
      '--organization',
      'o',
      '--name',
      'n',
      '--out',
      at('m.json'),
      '--json',
    )
    for (const made of [replica, member]) {
      const { file, ...part } = lastJson(made)
      const shown = await inProcess('keys', 'show', String(file), '--json')
      expect(shown.exit).toBe(0)
      expect(lastJson(shown)).toMatchObject(part)
      const text = await inProcess('keys', 'show', String(file))
      expectNoSecrets(text.stdout + text.stderr + shown.stdout, String(file))
    }
  })

  it.each([
    ['a missing file', 'missing.json', undefined, 'keys/unreadable'],
    ['a file that is not JSON', 'text.json', 'hello', 'keys/invalid'],
    ['another document', 'other.json', '{"format":"etalon-config-1"}', 'keys/invalid'],
    ['null', 'null.json', 'null', 'keys/invalid'],
  ])('refuses %s', async (_, name, content, code) => {
    if (content !== undefined) writeFileSync(at(name), content, { mode: 0o600 })
    const refused = await inProcess('keys', 'show', at(name), '--json')
    expect(refused.exit).toBe(1)
    expect(lastJson(refused)).toMatchObject({ error: { code } })
  })

  it('refuses a key that others can read, and one whose halves do not fit', async () => {
    await inProcess('keys', 'member', '--organization', 'o', '--name', 'n', '--out', at('open.json'))
    chmodSync(at('open.json'), 0o644)
    const open = await inProcess('keys', 'show', at('open.json'))
    expect(open.exit).toBe(1)
    expect(open.stderr).toContain(`error keys/too-open: ${at('open.json')} can be read by others`)
    expect(open.stderr).toContain(`chmod 600 ${at('open.json')}`)
    const document = JSON.parse(readFileSync(at('open.json'), 'utf8')) as object
    const forged = { ...document, publicKey: '0'.repeat(64) }
    writeFileSync(at('forged.json'), JSON.stringify(forged), { mode: 0o600 })
    expect((await inProcess('keys', 'show', at('forged.json'))).stderr).toContain('not that of the seed')
  })
})

describe('etalon keys token', () => {
  it('prints a token with the line for the config', async () => {
    const made = lastJson(await inProcess('keys', 'token', '--name', 'billing', '--json'))
    expect(made).toEqual({ name: 'billing', token: expect.any(String), tokenHash: tokenHash(String(made.token)) })
  })

  it('writes the token to a file for the owner only, and does not print it then', async () => {
    const made = await inProcess('keys', 'token', '--out', at('client.token'))
    const token = readFileSync(at('client.token'), 'utf8').trim()
    expect(mode(at('client.token'))).toBe(0o600)
    expect(made.stdout).toContain(tokenHash(token))
    expect(made.stdout + made.stderr).not.toContain(token)
    expect((await inProcess('keys', 'token', '--out', at('client.token'))).exit).toBe(2)
  })
})
