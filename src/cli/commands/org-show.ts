import { toHex } from '../../base/bytes.js'
import type { EtalonClient } from '../../client/index.js'
import type { AuditEntry } from '../../contracts/audit.js'
import type { MemberRecord, OrganizationRecord } from '../../contracts/identity/records.js'
import type { NetworkOptions } from '../network.js'
import { rolesText } from '../org-change.js'
import { EXIT, printResult, say, usage } from '../output.js'
import { allPages } from '../pages.js'
import { readerOf } from '../submit-call.js'
import { card, columns, indent } from '../table.js'
import { shownTime } from '../times.js'

interface Options extends NetworkOptions {
  readonly json?: boolean
}

/** What a network knows of its organizations. Answers are the word of one replica. */

export async function list(options: Options): Promise<number> {
  const { client } = readerOf(options)
  const organizations = await allPages<OrganizationRecord, string>(
    (page) => client.query('identity', 'organizations', page),
    ({ id }) => id,
  )
  const replicas = await replicasOf(client)
  const rows = organizations.map((it) => [
    it.id,
    replicas.has(it.id) ? `replica ${replicas.get(it.id)}` : '-',
    rolesText(it.roles),
    it.ended === undefined ? it.name : `${it.name}; ${endedText(it.ended)}`,
  ])
  const text = columns([['organization', 'votes by', 'roles', 'name'], ...rows])
  printResult(options.json, { organizations: organizations.map((it) => withReplica(it, replicas)) }, text)
  return EXIT.ok
}

export async function show(id: string, options: Options & { readonly members?: true }): Promise<number> {
  const { client } = readerOf(options)
  const organization = await client.query('identity', 'organization', { id })
  const replicas = await replicasOf(client)
  const did = `${didPrefix(client)}${id}`
  const members = options.members === true ? await membersOf(client, id) : undefined
  const text = card(`${id}, ${organization.name}`, [
    ['roles', rolesText(organization.roles)],
    ['replica', replicas.has(id) ? `${replicas.get(id)} of the newest view` : 'none, so it has no vote'],
    ['admins', String(organization.admins)],
    ['did', did],
    ...(organization.ended === undefined ? [] : [['status', endedText(organization.ended)] as const]),
  ])
  const table = members === undefined ? '' : `\n${indent(membersText(members))}`
  const more = members === undefined ? {} : { members }
  printResult(options.json, { ...withReplica(organization, replicas), did, ...more }, text + table)
  return EXIT.ok
}

/** Numbers of the replicas of the newest view, by organization. */
async function replicasOf(client: EtalonClient): Promise<ReadonlyMap<string, number>> {
  const { replicas } = await client.query('governance', 'view', {})
  return new Map(replicas.map(({ organization, id }) => [organization, id]))
}

const withReplica = (organization: OrganizationRecord, replicas: ReadonlyMap<string, number>) => ({
  ...organization,
  replica: replicas.get(organization.id) ?? null,
})

const membersOf = (client: EtalonClient, organization: string): Promise<readonly MemberRecord[]> =>
  allPages<MemberRecord, string>(
    (page) => client.query('identity', 'members', { organization, ...page }),
    ({ name }) => name,
  )

function membersText(members: readonly MemberRecord[]): string {
  const rows = members.map(({ name, kind, keyType, publicKey, retired }) => [
    name,
    kind,
    `${keyType} ${publicKey}`,
    retired === null ? 'acts' : `retired at height ${retired.height}`,
  ])
  return columns([['member', 'kind', 'key', 'status'], ...rows])
}

const endedText = ({ height, timeMs }: { readonly height: number; readonly timeMs: number }): string =>
  `expelled at height ${height}, ${shownTime(timeMs)}`

const didPrefix = (client: EtalonClient): string => `did:etalon:${toHex(client.light.networkId)}:`

/** Resolves a DID, or the name of an organization or `organization:member` of this network. */
export async function did(name: string, options: Options): Promise<number> {
  const { client } = readerOf(options)
  const id = name.startsWith('did:') ? name : didPrefix(client) + name
  const first = await client.query('identity', 'did', { id })
  let { next } = first
  const document = { ...(first.didDocument as DidDocument) }
  while (next !== null) {
    const page = await client.query('identity', 'did', { id, after: next })
    const more = page.didDocument as DidDocument
    for (const list of LISTS) document[list] = [...document[list], ...more[list]]
    next = page.next
  }
  const { didDocumentMetadata } = first
  printResult(options.json, { didDocument: document, didDocumentMetadata }, JSON.stringify(document, undefined, 2))
  if (didDocumentMetadata.deactivated) say('the DID is deactivated: nobody acts under it any more')
  return EXIT.ok
}

const LISTS = ['verificationMethod', 'authentication', 'assertionMethod'] as const
type DidDocument = Record<(typeof LISTS)[number], readonly unknown[]>

const LOGS = ['identity', 'governance'] as const

/** What changed power or parameters, oldest first. */
export async function audit(log: string | undefined, options: Options): Promise<number> {
  const logs = LOGS.filter((known) => log === undefined || known === log)
  if (logs.length === 0) throw usage(`there is no log of ${log}`, `the logs are those of: ${LOGS.join(', ')}`)
  const { client } = readerOf(options)
  const entries: AuditEntry[] = []
  for (const contract of logs) {
    const ask = (page: { limit: number; after?: number }) => client.query(contract, 'audit', page)
    entries.push(...(await allPages(ask, ({ index }) => index)))
  }
  entries.sort((a, b) => a.height - b.height)
  const text = columns(entries.map(auditRow))
  printResult(options.json, { entries }, text === '' ? 'nothing has changed since the genesis' : text)
  return EXIT.ok
}

const auditRow = ({ height, timeMs, organization, member, event, data }: AuditEntry): readonly string[] => [
  String(height),
  shownTime(timeMs),
  `${organization}/${member}`,
  event,
  dataText(organization, member, data),
]

const VALUE_LENGTH_MAX = 24

/** Simple values of an event that are not said already; keys and the like cut short, lists left to `--json`. */
function dataText(organization: string, member: string, data: AuditEntry['data']): string {
  return Object.entries((data ?? {}) as Readonly<Record<string, unknown>>)
    .filter(
      ([name, value]) => !(name === 'by' && value === member) && !(name === 'organization' && value === organization),
    )
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name} ${cut(String(value))}`)
    .join(', ')
}

const cut = (text: string): string =>
  text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX - 1)}…` : text
