import { EtalonError } from '../../base/errors.js'
import { CODE_HASHES } from '../../contracts/generated/code-hashes.js'
import type { ProposalRecord } from '../../contracts/governance/records.js'
import { quorumOf } from '../../types/quorum.js'
import type { NetworkOptions } from '../network.js'
import { changeDetail } from '../org-change.js'
import { EXIT, printResult, readInteger, usage } from '../output.js'
import { allPages } from '../pages.js'
import { readerOf, type SubmitOptions, submitCall } from '../submit-call.js'
import { card } from '../table.js'
import { shownTime } from '../times.js'

const PROPOSAL_MAX = 99_999_999

const readProposal = (text: string): number => readInteger('the number of the proposal', text, 0, PROPOSAL_MAX)

export async function vote(
  id: string,
  options: SubmitOptions & { readonly approve?: true; readonly reject?: true; readonly unseen?: true },
): Promise<number> {
  const proposal = readProposal(id)
  const { approve = false, reject = false, unseen = false } = options
  if (approve === reject) throw usage('it is not said how to vote', 'give either --approve or --reject')
  if (approve && !unseen) await demandSeen(proposal, options)
  return await submitCall('governance', 'vote', { proposal, approve }, options, ({ result }) => {
    const counted = result as Readonly<Record<'approvals' | 'rejections' | 'needed', number>> & { status: string }
    return `proposal ${proposal} is ${counted.status}: ${counted.approvals} for, ${counted.rejections} against; ${counted.needed} needed`
  })
}

/** A version that no release has would stop every replica, with no way back: no votes are ordered any more. */
async function demandSeen(id: number, options: NetworkOptions): Promise<void> {
  const { changes } = (await readerOf(options).client.query('governance', 'proposal', { id })) as ProposalRecord
  for (const change of changes) {
    if (change.kind !== 'contract') continue
    const { contract, version, code, from } = change
    if (CODE_HASHES[`${contract}@${version}`] === code) continue
    throw new EtalonError(
      'org/version-unseen',
      `this release does not have ${contract} ${version} with the code ${code}, and replicas that do not either stop at height ${from}`,
      'install the release with it and vote with that; or give --unseen if you know what you do',
    )
  }
}

export async function withdraw(id: string, options: SubmitOptions): Promise<number> {
  return await submitCall('governance', 'withdraw', { proposal: readProposal(id) }, options)
}

export async function proposals(
  options: NetworkOptions & { readonly open?: true; readonly json?: boolean },
): Promise<number> {
  const { client } = readerOf(options)
  const all = await allPages<ProposalRecord, number>(
    (page) => client.query('governance', 'proposals', page),
    ({ id }) => id,
  )
  const now = Date.now()
  const shown = options.open === true ? all.filter((it) => it.status === 'open' && it.expiresMs >= now) : all
  const { replicas } = await client.query('governance', 'view', {})
  const { votes } = quorumOf(replicas.length)
  const text = shown.map((it) => proposalText(it, votes, now)).join('\n')
  printResult(options.json, { proposals: shown, votesNeeded: votes }, text === '' ? 'no proposals' : text)
  return EXIT.ok
}

function proposalText(it: ProposalRecord, votes: number, now: number): string {
  const open = it.status === 'open'
  const until = shownTime(it.expiresMs)
  const status = open ? (it.expiresMs < now ? `ended at ${until}` : `open until ${until}`) : it.status
  const names = (list: readonly string[]) => (list.length === 0 ? 'none' : list.join(', '))
  return card(`proposal ${it.id}: ${it.title}`, [
    ['status', status],
    ['proposed', `by ${it.organization} at height ${it.proposed.height}, ${shownTime(it.proposed.timeMs)}`],
    ...it.changes.map((change): [string, string] => ['change', changeDetail(change)]),
    ['for', names(it.approvals) + (open ? ` (${votes} needed)` : '')],
    ['against', names(it.rejections)],
  ])
}
