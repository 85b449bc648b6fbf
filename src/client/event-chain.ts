import type { Digest } from '../types/index.js'
import type { EtalonClient } from './client.js'
import { unproven } from './state-answer.js'
import type { VerifiedReceipt } from './verified-receipt.js'

/**
 * Events that form a chain: each has the next number and names the transaction of the one before, and a key of the state has the number
 * and transaction of the last. Read backwards from that key, by proofs, none can be left out or put in.
 */
export interface EventChain {
  /** `<contract>/<key>` of the end of the chain: `{ counter, last }`. */
  readonly key: string
  /** The place of an event in this chain; `undefined` for other events. */
  place(name: string, data: Readonly<Record<string, unknown>>): Place | undefined
}

export interface Place {
  /** From 1. */
  readonly counter: number
  /** Transaction of the event before; `null` of the first. */
  readonly previous: Digest | null
}

export interface ChainedEvent extends Place {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
  readonly receipt: VerifiedReceipt
}

export interface ChainEnd {
  readonly counter: number
  readonly last: Digest | null
}

/** End of a chain in the state, proven; counter 0 where there is no event. */
export async function endOfChain(client: EtalonClient, { key }: EventChain): Promise<ChainEnd> {
  return readChainEnd((await client.state(key)).value)
}

export function readChainEnd(value: unknown): ChainEnd {
  if (value === undefined) return { counter: 0, last: null }
  const { counter, last } = value as ChainEnd
  return { counter, last }
}

/**
 * The events of a chain, newest first, each with its proven receipt.
 * @throws EtalonError `client/unproven` where a receipt is not the event that the chain has there; and as `client.receipt`
 */
export async function* eventsOfChain(
  client: EtalonClient,
  chain: EventChain,
  from?: ChainEnd,
): AsyncGenerator<ChainedEvent> {
  const end = from ?? (await endOfChain(client, chain))
  let { counter, last } = end
  while (last !== null) {
    const event = chainedEvent(chain, await client.receipt(last), counter)
    if (event === undefined) throw unproven(`transaction ${last} is not event ${counter} of ${chain.key}`)
    yield event
    last = event.previous
    counter -= 1
  }
  if (counter !== 0) throw unproven(`the chain ${chain.key} ends before its first event`)
}

/** The event of a receipt that has the given place in a chain. */
export function chainedEvent(chain: EventChain, receipt: VerifiedReceipt, counter: number): ChainedEvent | undefined {
  for (const { name, data } of receipt.events) {
    const fields = data as Readonly<Record<string, unknown>>
    const place = chain.place(name, fields)
    if (place !== undefined && place.counter === counter) return { ...place, name, data: fields, receipt }
  }
  return undefined
}
