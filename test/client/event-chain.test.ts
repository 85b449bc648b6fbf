import { describe, expect, it } from 'vitest'
import { type EtalonClient, eventsOfChain, measuringLog } from '../../src/client/index.js'

/** docs/contracts/measuring.md, "Systems and their event log": who reads backwards is shown neither too little nor too much. */

interface Event {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
}

const event = (counter: number, previous: string | null, system = 's'): Event => ({
  name: 'measuring/measured',
  data: { system, counter, previous },
})

/** Three events in the transactions a, b and c, and whatever is changed about them. */
function clientOf(changes: Readonly<Record<string, readonly Event[]>> = {}, end: unknown = { counter: 3, last: 'c' }) {
  const receipts: Readonly<Record<string, readonly Event[]>> = {
    a: [event(1, null)],
    b: [event(2, 'a')],
    c: [{ name: 'measuring/approved', data: {} }, event(3, 'b')],
    ...changes,
  }
  const client: Pick<EtalonClient, 'state' | 'receipt'> = {
    state: async () => ({ height: 9, value: end ?? undefined }),
    receipt: async (id) => ({ transaction: id, events: receipts[id] ?? [] }) as never,
  }
  return client as EtalonClient
}

async function read(client: EtalonClient): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { receipt } of eventsOfChain(client, measuringLog('s'))) ids.push(receipt.transaction)
  return ids
}

describe('eventsOfChain', () => {
  it('reads from the end in the state to the first event', async () => {
    expect(await read(clientOf())).toEqual(['c', 'b', 'a'])
    expect(await read(clientOf({}, null))).toEqual([])
  })

  it.each<[string, EtalonClient]>([
    ['an event left out', clientOf({ c: [event(3, 'a')] })],
    ['a chain that ends early', clientOf({ b: [event(2, null)] })],
    ['a receipt without the event', clientOf({ b: [] })],
    ['an event of another chain', clientOf({ b: [event(2, 'a', 'other')] })],
    ['an end that names an older event', clientOf({}, { counter: 3, last: 'b' })],
    [
      'a place that is malformed',
      clientOf({ b: [{ name: 'measuring/measured', data: { system: 's', counter: '2', previous: 'a' } }] }),
    ],
  ])('notices %s', async (_, client) => {
    await expect(read(client)).rejects.toMatchObject({ code: 'client/unproven' })
  })
})
