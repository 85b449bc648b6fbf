import { expect } from 'vitest'
import { eventually, type Processes } from './processes.js'

/** Proposes a change as organization 0, and has the organizations of these replicas vote until it is approved. */
export async function changeView(
  processes: Processes,
  changes: readonly object[],
  voters: readonly number[],
  founders: readonly number[],
): Promise<void> {
  const args = { title: 'a change', changes, expiresMs: Date.now() + 3_600_000 }
  const { proposal } = await govern(processes, 0, 'propose', args)
  // Replicas name their next keys when a change is proposed; a vote that is quicker lets them keep the old ones.
  for (const id of founders) await eventually(() => hasNextKey(processes, id), `next key of replica ${id}`)
  for (const voter of voters) {
    const { status } = await govern(processes, voter, 'vote', { proposal, approve: true })
    if (status === 'approved') return
  }
  throw new Error('the votes do not make a quorum')
}

async function hasNextKey(processes: Processes, replica: number): Promise<boolean> {
  const key = `governance/next-keys/${String(replica).padStart(8, '0')}`
  return (await processes.client(0).state(key)).value !== undefined
}

async function govern(processes: Processes, voter: number, method: string, args: unknown) {
  const receipt = await processes.client(voter).submit<string, string>('governance', method, args)
  expect(receipt.code).toBe('')
  return receipt.result as { readonly proposal: number; readonly status?: string }
}

/** Waits until replicas are in a view. */
export const inView = (processes: Processes, ids: readonly number[], view: number) =>
  eventually(
    async () => (await Promise.all(ids.map((id) => processes.status(id)))).every((status) => status.view === view),
    `view ${view} at replicas ${ids.join()}`,
  )
