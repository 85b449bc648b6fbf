import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { fromUtf8 } from '../base/bytes.js'
import { decodeReceipt } from '../codec/block.js'
import { type FinalBlock, loadFinalBlock } from '../replica/index.js'
import type { ApiModules } from './modules.js'
import { ProblemError } from './problems.js'

/** Listeners at a time. */
export const EVENT_STREAMS_MAX = 256
/** Bytes that wait for a listener at most. One that then reads nothing for a while is cut off; it comes back with the last id that it has. */
export const EVENT_BACKLOG_BYTES_MAX = 1024 * 1024
const HEARTBEAT_MS = 15_000
/** A block that is final may not be in the ledger yet: after this it is looked for again, ms. */
const RECHECK_MS = 10

interface Filter {
  readonly contract?: string
  readonly from?: string
}

/**
 * Server-sent events: one message for each final block that has what the listener asked for. The id of a message is its
 * height, so that a listener that comes back continues where it was.
 */
export function eventRoutes(app: FastifyInstance, modules: ApiModules): void {
  let streams = 0
  app.get<{ Querystring: Filter }>(
    '/v1/events',
    {
      schema: {
        summary: 'Final blocks with their events as they come (server-sent events)',
        querystring: Type.Object({
          contract: Type.Optional(Type.String({ maxLength: 64, description: 'events of this contract only' })),
          from: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: 'first height' })),
        }),
      },
    },
    (request, reply) => {
      if (streams >= EVENT_STREAMS_MAX) throw new ProblemError('replica/busy', 'too many event streams', 5_000)
      streams += 1
      reply.hijack()
      const { raw } = reply
      raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' })
      // The listener knows that it is heard before there is anything to tell.
      raw.flushHeaders()
      const { contract, from } = request.query
      const following = follow(modules, firstHeight(request.headers['last-event-id'], from), raw, (block) => {
        raw.write(message(block, contract))
      })
      let stalled = false
      const heartbeat = setInterval(() => {
        if (stalled && following.isPaused()) raw.destroy()
        else raw.write(': still here\n\n')
        stalled = following.isPaused()
      }, HEARTBEAT_MS)
      raw.on('close', () => {
        streams -= 1
        clearInterval(heartbeat)
        following.stop()
      })
    },
  )
}

/** Where a listener continues, which is more than where it once began: a browser repeats the address as it was. */
function firstHeight(lastEventId: unknown, from: string | undefined): number | undefined {
  if (typeof lastEventId === 'string' && /^[0-9]{1,15}$/.test(lastEventId)) return Number(lastEventId) + 1
  return from === undefined ? undefined : Number(from)
}

/**
 * Replays from a height, then follows; each block once and in order. While the listener has much unread, nothing more is
 * loaded for it: it goes on when that was read.
 */
function follow(
  modules: ApiModules,
  from: number | undefined,
  raw: ServerResponse,
  write: (block: FinalBlock) => void,
): { readonly stop: () => void; readonly isPaused: () => boolean } {
  const { ledger, replica, context } = modules
  /** Newest block that is final. It may be written a little later. */
  let newest = replica.status().finalized
  // Genesis has no events.
  let next = Math.max(1, from ?? newest + 1)
  let paused = false
  let recheck: ReturnType<typeof setTimeout> | undefined
  const isFull = (): boolean => {
    if (raw.writableLength <= EVENT_BACKLOG_BYTES_MAX) return false
    paused = true
    raw.once('drain', () => {
      paused = false
      catchUp()
    })
    return true
  }
  const catchUp = (): void => {
    clearTimeout(recheck)
    const oldest = ledger.oldest()
    if (next < oldest) {
      raw.write(`event: pruned\ndata: ${JSON.stringify({ from: next, to: oldest - 1 })}\n\n`)
      next = oldest
    }
    while (next <= newest && !paused && !raw.destroyed && !isFull()) {
      const block = loadFinalBlock(ledger, context.sha256, next)
      if (block === undefined) {
        recheck = setTimeout(catchUp, RECHECK_MS)
        return
      }
      next += 1
      write(block)
    }
  }
  const end = replica.onFinal((block) => {
    newest = block.sealed.header.height
    if (newest === next && !paused && !isFull()) {
      next += 1
      write(block)
    } else catchUp()
  })
  setImmediate(catchUp)
  const stop = () => {
    clearTimeout(recheck)
    end()
  }
  return { stop, isPaused: () => paused }
}

function message({ sealed, receipts }: FinalBlock, contract: string | undefined): string {
  const transactions = receipts.flatMap((bytes) => {
    const receipt = decodeReceipt(bytes)
    if (receipt === undefined) return []
    const events = receipt.events
      .filter(
        ({ name }) => contract === undefined || name.startsWith(`${contract}/`) || name.startsWith(`${contract}.`),
      )
      .map(({ name, data }) => ({ name, data: JSON.parse(fromUtf8(data) ?? 'null') as unknown }))
    if (contract !== undefined && events.length === 0) return []
    return [{ id: receipt.transaction, status: receipt.status, code: receipt.code, events }]
  })
  const { height, timeMs } = sealed.header
  return `id: ${height}\nevent: block\ndata: ${JSON.stringify({ height, timeMs, hash: sealed.hash, transactions })}\n\n`
}
