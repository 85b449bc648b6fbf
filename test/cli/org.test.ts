import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
// The built program, as it is installed: `npm test` builds before it tests.
import { LocalCluster } from '../../dist/src/node/local-cluster.js'
import { CODE_HASHES } from '../../src/contracts/generated/code-hashes.js'
import { inProcess, lastJson, type Outcome, temporaryFolder } from './support.js'

/** `etalon org` against one real replica, that of nmi, so that its vote alone decides. How votes are counted: test/contracts/governance.test.ts. */

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

const adminKey = (organization: string) => join(at('up'), organization, 'admin.key.json')
const org = (...args: readonly string[]) => inProcess('org', ...args)
const by = (organization: string, ...args: readonly string[]) => org(...args, '--key', adminKey(organization))
const append = (key: string) =>
  inProcess('tx', 'submit', 'logbook', 'append', '{"category":"a","subject":"b","payload":"c"}', '--key', key)

interface Answer {
  readonly result: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string }[]
}

async function done(organization: string, ...args: readonly string[]): Promise<Answer> {
  const outcome = await by(organization, ...args, '--json')
  expect([outcome.exit, outcome.stderr], args.join(' ')).toEqual([0, expect.any(String)])
  return lastJson(outcome) as unknown as Answer
}

const proposed = async (organization: string, ...args: readonly string[]) =>
  String((await done(organization, 'propose', ...args)).result.proposal)

async function decided(...args: readonly string[]): Promise<void> {
  const vote = await done('nmi', 'vote', await proposed('maker', ...args), '--approve')
  expect(vote.result).toMatchObject({ status: 'approved', approvals: 1, needed: 1 })
}

function expectRefused(outcome: Outcome, exit: number, text: string): void {
  expect([outcome.exit, outcome.stderr]).toEqual([exit, expect.stringContaining(text)])
}

/** A member's key and its public part. */
async function member(organization: string, name: string, file: string) {
  const files = { key: at(`${file}.key.json`), public: at(`${file}.json`) }
  const args = ['--organization', organization, '--name', name, '--out', files.key, '--public', files.public]
  expect((await inProcess('keys', 'member', ...args)).exit).toBe(0)
  return files
}

async function founder(id: string, ...more: readonly string[]) {
  const args = ['--id', id, '--name', `${id} of the test`, '--roles', 'laboratory', '--out', at(id), ...more]
  expect((await inProcess('init', 'organization', ...args)).exit).toBe(0)
  return { public: at(id, 'public.json'), key: at(id, 'admin.key.json') }
}

const REPLICA = ['--replica-id', '1', '--address', '/ip4/127.0.0.1/tcp/4001'] as const

function edited(path: string, name: string, edit: (document: Record<string, unknown>) => void): string {
  const document = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  edit(document)
  writeFileSync(at(name), JSON.stringify(document))
  return at(name)
}

describe('members', () => {
  it('are enrolled, take another key by themselves, and are retired', async () => {
    const first = await member('maker', 'anna', 'anna')
    await done('maker', 'enroll', 'anna', '--public', first.public, '--kind', 'operator')
    expect(await append(first.key)).toMatchObject({ exit: 0 })
    const second = await member('maker', 'anna', 'anna-2')
    expect((await org('rotate', 'anna', '--public', second.public, '--key', first.key)).exit).toBe(0)
    expectRefused(await append(first.key), 1, 'identity/unknown-key')
    expect(await append(second.key)).toMatchObject({ exit: 0 })
    const { publicKey } = JSON.parse(readFileSync(second.public, 'utf8')) as { publicKey: string }
    const shown = await org('show', 'maker', '--members')
    expect(shown.stdout).toMatch(/^ {2}anna +operator +ed25519 [0-9a-f]{64} +acts$/m)
    expect(shown.stdout).toContain(publicKey)
    await done('maker', 'retire', 'anna')
    expectRefused(await append(second.key), 1, 'identity/unknown-key')
    expect((await org('show', 'maker', '--members')).stdout).toMatch(/^ {2}anna .* retired at height \d+$/m)
    expectRefused(await by('maker', 'retire', 'anna'), 1, 'identity/already-retired')
  })

  it('are enrolled by the public part of a key file as well', async () => {
    const { key } = await member('maker', 'carl', 'carl')
    expect((await inProcess('keys', 'show', key, '--public', at('carl-shown.json'))).exit).toBe(0)
    await done('maker', 'enroll', 'carl', '--public', at('carl-shown.json'), '--kind', 'client')
  })

  it('are not taken from a public part that is not theirs, or none', async () => {
    const files = await member('maker', 'bert', 'bert')
    const enroll = (organization: string, name: string, path: string, kind = 'operator') =>
      by(organization, 'enroll', name, '--public', path, '--kind', kind)
    expectRefused(await enroll('nmi', 'bert', files.public), 1, 'org/bad-public')
    expectRefused(await enroll('maker', 'berta', files.public), 1, 'it is of the member bert, not of berta')
    expectRefused(await enroll('maker', 'bert', files.public, 'king'), 2, 'the kinds are: admin, operator, client')
    expectRefused(await enroll('maker', 'bert', files.key), 1, 'org/bad-public')
    writeFileSync(at('none.json'), 'no JSON')
    expectRefused(await enroll('maker', 'bert', at('none.json')), 1, 'it is not JSON')
    const small = edited(files.public, 'small.json', (it) => {
      it.publicKey = '0'.repeat(64)
    })
    expectRefused(await enroll('maker', 'bert', small), 1, 'not canonical or of small order')
    expectRefused(await enroll('maker', 'bert', at('nowhere.json')), 2, 'cli/unreadable')
  })
})

describe('organizations', () => {
  it('are listed with roles and replicas', async () => {
    const { organizations } = lastJson(await org('list', '--json')) as { organizations: { id: string }[] }
    expect(organizations.map(({ id }) => id)).toEqual(['maker', 'nmi', 'notified', 'utility'])
    expect(organizations[1]).toMatchObject({ id: 'nmi', replica: 0 })
    expect((await org('list')).stdout).toMatch(/^nmi +replica 0 +nmi/m)
    expectRefused(await org('show', 'nobody'), 1, 'identity/unknown-organization')
  })

  it('are admitted by a vote, from the file that they hand out, and expelled', async () => {
    const late = await founder('late')
    expectRefused(await append(late.key), 1, 'identity/')
    await decided('admit', late.public)
    expect(await append(late.key)).toMatchObject({ exit: 0 })
    expect((await org('show', 'late')).stdout).toMatch(/^ {2}replica +none/m)
    await decided('roles', 'late', 'notified-body,nmi')
    expect(lastJson(await org('show', 'late', '--json'))).toMatchObject({
      roles: ['nmi', 'notified-body'],
      replica: null,
    })
    await decided('expel', 'late')
    expectRefused(await append(late.key), 1, 'identity/organization-expelled')
    expect((await org('show', 'late')).stdout).toMatch(/^ {2}status +expelled at height \d+/m)
    const did = await org('did', 'late')
    expect([JSON.parse(did.stdout), did.stderr]).toEqual([
      expect.objectContaining({ verificationMethod: [] }),
      expect.stringContaining('deactivated'),
    ])
  })

  it('are proposed together with their replica, all or nothing', async () => {
    const { public: path } = await founder('both', ...REPLICA)
    const { result } = await done('utility', 'propose', 'admit', path, '--with-replica', '--title', 'a new one')
    expect(result).toMatchObject({ replicas: [expect.any(Number)] })
    const { proposals } = lastJson(await org('proposals', '--open', '--json')) as { proposals: object[] }
    expect(proposals.at(-1)).toMatchObject({ title: 'a new one', changes: [{ kind: 'admit' }, { kind: 'add' }] })
    await done('utility', 'withdraw', String(result.proposal))
  })

  it('are not admitted by a file with another member, or a replica that is not there', async () => {
    const { public: path } = await founder('bare')
    expectRefused(await by('maker', 'propose', 'admit', path, '--with-replica'), 1, 'bare runs no replica')
    const two = edited(path, 'two.json', (it) => {
      const { members } = it.organization as { members: object[] }
      members.push({ ...members[0], name: 'second' })
    })
    expectRefused(await by('maker', 'propose', 'admit', two), 1, 'org/bad-public')
    expectRefused(await by('maker', 'propose', 'admit', at('up', 'genesis.json')), 1, 'init/bad-founder')
  })

  it('that run a replica are expelled together with it', async () => {
    // It is the only one, so what is left is no view. Without the removal it would be governance/runs-a-replica.
    expectRefused(await by('maker', 'propose', 'expel', 'nmi'), 1, 'governance/no-view')
  })

  it('have roles that there are', async () => {
    expectRefused(await by('maker', 'propose', 'roles', 'utility', 'emperor'), 2, 'there is no role emperor')
  })
})

describe('replicas', () => {
  it('are proposed by either public file', async () => {
    const { public: path } = await founder('third', ...REPLICA)
    await decided('admit', path)
    const first = await proposed('maker', 'add-replica', path)
    await done('maker', 'withdraw', first)
    const keys = ['--out', at('r.keys.json'), '--organization', 'third', '--public', at('r.json')]
    expect((await inProcess('keys', 'replica', ...keys)).exit).toBe(0)
    expectRefused(await by('maker', 'propose', 'add-replica', at('r.json')), 2, 'a replica without an address')
    const wrong = await by('maker', 'propose', 'add-replica', at('r.json'), '--address', 'localhost')
    expectRefused(wrong, 2, 'localhost is not an address')
    const second = await by('maker', 'propose', 'add-replica', at('r.json'), '--address', '/dns4/r.example/tcp/4001')
    expect(second.stdout).toMatch(/^the config of the new replica says: "replica": \d+$/m)
    const { proposals } = lastJson(await org('proposals', '--open', '--json')) as { proposals: { id: number }[] }
    await done('maker', 'withdraw', String(proposals.at(-1)?.id))
    const peer = edited(at('r.json'), 'peer.json', (it) => {
      it.peerId = 'nobody'
    })
    expectRefused(await by('maker', 'propose', 'add-replica', peer), 1, 'org/bad-public')
  })

  it('are removed, and get keys, by their number', async () => {
    expectRefused(await by('maker', 'propose', 'remove-replica', 'nmi'), 2, 'the number of the replica cannot be nmi')
    expectRefused(await by('maker', 'propose', 'remove-replica', '0'), 1, 'governance/no-view')
    const key = ['--consensus-key', '0'.repeat(64)]
    expectRefused(await by('maker', 'propose', 'rotate-replica', '0', ...key), 1, 'governance/bad-key')
  })
})

describe('rules', () => {
  it('are the parameters of a contract, all of them', async () => {
    writeFileSync(at('values.json'), '{ "cohortSizeMin": 7, "checksPerBlockMax": 2 }')
    await decided('parameters', 'privacy', `@${at('values.json')}`)
    const { stdout } = await inProcess('query', 'governance', 'parameters', '{"contract":"privacy"}', '--json')
    expect(stdout).toContain('"cohortSizeMin":7')
    expectRefused(await by('maker', 'propose', 'parameters', 'privacy', '{}'), 1, 'governance/bad-parameters')
    expectRefused(await by('maker', 'propose', 'parameters', 'privacy', '7'), 2, 'cli/bad-arguments')
  })

  it('are versions of a contract, with the code of this release unless another is named', async () => {
    const { stderr } = await by('maker', 'propose', 'contract', 'privacy', '9.0.0', '--from', '1')
    expect(stderr).toContain('this release has no privacy 9.0.0')
    const [shipped, code = ''] = Object.entries(CODE_HASHES).find(([name]) => name.startsWith('privacy@')) ?? []
    const version = String(shipped).split('@')[1] ?? ''
    const known = await by('maker', 'propose', 'contract', 'privacy', version, '--from', '100000')
    expect([known.exit, known.stderr]).toEqual([0, ''])
    const named = ['contract', 'privacy', '9.0.0', '--from', '100000', '--code', '0'.repeat(64)]
    expect((await by('maker', 'propose', ...named)).stderr).toContain('this release does not have it')
    expectRefused(await by('maker', 'propose', ...named.slice(0, -1), 'x'), 2, '--code cannot be x')
    const { stdout } = await org('proposals', '--open')
    expect(stdout).toContain(`run privacy ${version} from height 100000, code ${code}`)
    expect((await inProcess('contracts', 'privacy')).stdout).toContain(`code ${code}`)
    const { proposals } = lastJson(await org('proposals', '--open', '--json')) as { proposals: { id: number }[] }
    for (const { id } of proposals) await done('maker', 'withdraw', String(id))
    expect((await org('proposals', '--open')).stdout).toBe('no proposals\n')
  })
})

describe('votes', () => {
  it('are for or against', async () => {
    expectRefused(await by('nmi', 'vote', '0'), 2, 'give either --approve or --reject')
    expectRefused(await by('nmi', 'vote', '0', '--approve', '--reject'), 2, 'give either --approve or --reject')
    expectRefused(await by('nmi', 'vote', 'first', '--approve'), 2, 'cli/usage')
    const id = await proposed('maker', 'roles', 'utility', 'owner')
    expectRefused(await by('maker', 'vote', id, '--approve'), 1, 'governance/no-vote')
    const vote = await by('nmi', 'vote', id, '--reject')
    expect(vote.stdout).toContain(`proposal ${id} is rejected: 0 for, 1 against; 1 needed`)
    expectRefused(await by('maker', 'withdraw', id), 1, 'governance/not-open')
    const { stdout } = await org('proposals')
    expect(stdout).toMatch(new RegExp(`^proposal ${id}: make utility owner\\n {2}status +rejected$`, 'm'))
  })

  it('for a version of a contract that this release does not have are not given by mistake', async () => {
    const unseen = ['contract', 'privacy', '9.0.0', '--from', '99999999', '--code', '0'.repeat(64)]
    const id = await proposed('maker', ...unseen)
    expectRefused(await by('nmi', 'vote', id, '--approve'), 1, 'org/version-unseen')
    expect((await by('nmi', 'vote', id, '--reject')).stdout).toContain('is rejected')
    const again = await proposed('maker', ...unseen)
    expect((await by('nmi', 'vote', again, '--approve', '--unseen')).stdout).toContain('is approved')
    expectRefused(await by('nmi', 'vote', '9999', '--approve'), 1, 'governance/unknown-proposal')
  })

  it('are taken for a time', async () => {
    const propose = (expires: string) => by('maker', 'propose', 'roles', 'utility', 'owner', '--expires', expires)
    expectRefused(await propose('soon'), 2, 'soon is not a duration')
    expectRefused(await propose('91d'), 1, 'governance/bad-expiry')
  })
})

describe('what is on record', () => {
  it('is listed for each contract and both', async () => {
    const events = async (...log: string[]) => {
      const { entries } = lastJson(await org('audit', ...log, '--json')) as { entries: { event: string }[] }
      return new Set(entries.map(({ event }) => event.split('/')[0]))
    }
    expect([...(await events('identity'))]).toEqual(['identity'])
    expect([...(await events('governance'))]).toEqual(['governance'])
    expect([...(await events())].sort()).toEqual(['governance', 'identity'])
    expect((await org('audit')).stdout).toMatch(/maker\/admin +identity\/enrolled .*kind operator, name anna/)
    expectRefused(await org('audit', 'logbook'), 2, 'there is no log of logbook')
  })

  it('has DIDs, by their full form or by the names in them', async () => {
    const { did } = lastJson(await org('show', 'maker', '--json')) as { did: string }
    const full = lastJson(await org('did', `${did}:admin`, '--json'))
    expect(full).toMatchObject({ didDocument: { controller: did }, didDocumentMetadata: { deactivated: false } })
    expect(lastJson(await org('did', 'maker:admin', '--json'))).toEqual(full)
    expect(JSON.parse((await org('did', 'maker')).stdout)).toMatchObject({ id: did })
    expectRefused(await org('did', 'did:web:example.org'), 1, 'identity/bad-did')
    expectRefused(await org('did', 'maker:nobody'), 1, 'identity/unknown-member')
  })
})
