import { askReplica } from '../ask.js'
import { endpointsOf, type NetworkOptions } from '../network.js'
import { EXIT, errorDocument, printResult } from '../output.js'
import { columns } from '../table.js'

/** The part of a replica's status that is shown. */
interface Status {
  readonly replica: number
  readonly organization: string
  readonly network: string
  readonly health: string
  readonly problem?: string
  readonly executed: number
  readonly finalized: number
  readonly oldest: number
  readonly regency: number
  readonly leader: number
  readonly waiting: number
  readonly connected: readonly number[]
  /** Why it casts no votes, and above which final height it does again. */
  readonly silent?: string
  readonly silentUntil?: number
  readonly voting: number
  readonly votesNeeded: number
  readonly quorum: 'present' | 'forming' | 'lost'
  readonly advice?: string
}

type Row = { readonly url: string; readonly status: Status } | { readonly url: string; readonly error: string }

/** Shows where replicas stand; holds when each answers, runs and sees a quorum that votes. */
export async function status(options: NetworkOptions & { readonly json?: boolean }): Promise<number> {
  const rows = await Promise.all(endpointsOf(options).map(({ url }) => statusOf(url)))
  const healthy = rows.every((row) => 'status' in row && row.status.health === 'running' && isServing(row.status))
  const replicas = rows.map((row) => ('status' in row ? { url: row.url, ...row.status } : row))
  const advice = [...new Set(rows.flatMap((row) => ('status' in row ? (row.status.advice ?? []) : [])))]
  const text = [columns([HEADINGS, ...rows.map(cells)]), ...advice].join('\n')
  printResult(options.json, { healthy, replicas }, text)
  return healthy ? EXIT.ok : EXIT.failed
}

const isServing = ({ quorum, advice }: Status): boolean => quorum === 'present' && advice === undefined

async function statusOf(url: string): Promise<Row> {
  try {
    return { url, status: (await askReplica(url, '/v1/status')) as Status }
  } catch (error) {
    return { url, error: errorDocument(error).code }
  }
}

const HEADINGS = [
  'replica',
  'organization',
  'health',
  'final',
  'executed',
  'oldest',
  'regency',
  'leader',
  'peers',
  'votes',
  'waiting',
  'address',
]

function cells(row: Row): readonly string[] {
  if ('error' in row) return ['-', '-', row.error, '-', '-', '-', '-', '-', '-', '-', '-', row.url]
  const { replica, organization, health, problem, finalized, executed, oldest, regency, leader, connected, waiting } =
    row.status
  const peers = connected.length === 0 ? 'none' : connected.join(' ')
  return [
    String(replica),
    organization,
    problem === undefined ? health : `${health}: ${problem}`,
    ...[finalized, executed, oldest, regency, leader].map(String),
    peers,
    votesText(row.status),
    String(waiting),
    row.url,
  ]
}

/** Whether it votes, and how many members do as it sees them. */
function votesText({ silent, silentUntil = 0, voting, votesNeeded }: Status): string {
  const count = `${voting} of ${votesNeeded}`
  if (silent === undefined) return count
  return silentUntil > 0 ? `${count}, ${silent} until ${silentUntil}` : `${count}, ${silent}`
}
