import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  CHANNEL_MESSAGE_BYTES_MAX,
  type ChannelBlock,
  type ChannelReceipt,
  type ChannelRefusal,
  decodeChannelRequest,
  encodeChannelAnswer,
} from '../codec/channel.js'
import { type FinalBlock, type Outcome, viewLinks } from '../replica/index.js'
import type { ViewId, ViewLink } from '../types/index.js'
import { type ApiModules, clientOf } from './modules.js'
import { ProblemError } from './problems.js'

/** Transactions that one channel may have under way. */
export const CHANNEL_PENDING_MAX = 16_384
/** A client that leaves so many bytes of answers unread is not read from. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024
const CHANNELS_MAX = 256
const RESUME_CHECK_MS = 20
const RETRY_AFTER_MS = 250

/** The streaming channel: many transactions under way on one connection, answers grouped by block. */
export function channelServer(server: Server, modules: ApiModules): { close(): void } {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: CHANNEL_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const refuse = (status: string): void => {
      // From the upgrade on nobody else listens, and a client that is gone must not be an uncaught error.
      socket.on('error', () => socket.destroy())
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
    }
    if (request.url !== '/v1/channel') {
      refuse('404 Not Found')
      return
    }
    if (sockets.clients.size >= CHANNELS_MAX) {
      refuse('503 Service Unavailable')
      return
    }
    try {
      const submitter = clientOf(modules, request.headers.authorization)
      sockets.handleUpgrade(request, socket, head, (webSocket) => new ServerChannel(webSocket, modules, submitter))
    } catch (error) {
      refuse(error instanceof ProblemError ? '401 Unauthorized' : '500 Internal Server Error')
    }
  }
  server.on('upgrade', upgrade)
  return {
    close() {
      server.off('upgrade', upgrade)
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

class ServerChannel {
  readonly #socket: WebSocket
  readonly #modules: ApiModules
  readonly #submitter: { readonly client?: string }
  #receipts = new Map<FinalBlock, ChannelReceipt[]>()
  #refusals: ChannelRefusal[] = []
  #pending = 0
  #viewSent: ViewId = 0
  #flushing = false

  constructor(socket: WebSocket, modules: ApiModules, submitter: { readonly client?: string }) {
    this.#socket = socket
    this.#modules = modules
    this.#submitter = submitter
    socket.binaryType = 'nodebuffer'
    socket.on('message', (data, isBinary) => this.#onMessage(isBinary && Buffer.isBuffer(data) ? data : undefined))
    socket.on('error', () => socket.terminate())
  }

  #onMessage(data: Buffer | undefined): void {
    const submissions = data && decodeChannelRequest(data)
    if (submissions === undefined) {
      this.#socket.close(1007, 'not a request of this channel')
      return
    }
    for (const { ref, transaction } of submissions) {
      if (this.#pending >= CHANNEL_PENDING_MAX) {
        const detail = `at most ${CHANNEL_PENDING_MAX} transactions under way on one channel`
        this.#refuse({ ref, code: 'replica/busy', detail, retryAfterMs: RETRY_AFTER_MS })
        continue
      }
      this.#pending += 1
      this.#modules.replica.submit(transaction, this.#submitter, (outcome) => this.#onOutcome(ref, outcome))
    }
  }

  #onOutcome(ref: number, outcome: Outcome): void {
    this.#pending -= 1
    if (outcome.kind === 'refused') {
      const { code, detail, retryAfterMs = 0 } = outcome
      this.#refuse({ ref, code, detail, retryAfterMs })
      return
    }
    const { block, index } = outcome
    const receipts = this.#receipts.get(block) ?? []
    receipts.push({ ref, index, receipt: block.receipts[index] as Uint8Array, path: block.receiptTree.path(index) })
    this.#receipts.set(block, receipts)
    this.#flushSoon()
  }

  #refuse(refusal: ChannelRefusal): void {
    this.#refusals.push(refusal)
    this.#flushSoon()
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    if (this.#socket.readyState !== this.#socket.OPEN) return
    const blocks: ChannelBlock[] = [...this.#receipts].map(([{ sealed, finality }, receipts]) => ({
      sealed,
      finality,
      receipts,
    }))
    const refusals = this.#refusals
    this.#receipts = new Map()
    this.#refusals = []
    this.#socket.send(encodeChannelAnswer({ blocks, refusals, ...this.#newViews(blocks) }))
    if (this.#socket.bufferedAmount > UNREAD_BYTES_MAX) this.#holdBack()
  }

  /** A client starts with the view of the genesis; every later one is proven to it once. */
  #newViews(blocks: readonly ChannelBlock[]): { readonly views?: readonly ViewLink[] } {
    const newest = blocks.reduce((id, { finality }) => Math.max(id, finality.certificate.view), 0)
    if (newest <= this.#viewSent) return {}
    const { context, ledger } = this.#modules
    const views = viewLinks(context, ledger, newest, this.#viewSent)
    this.#viewSent = newest
    return { views }
  }

  /** Reads no more until the client has read what it was sent. */
  #holdBack(): void {
    if (this.#socket.isPaused) return
    this.#socket.pause()
    const check = setInterval(() => {
      if (this.#socket.bufferedAmount > UNREAD_BYTES_MAX / 2 && this.#socket.readyState === this.#socket.OPEN) return
      clearInterval(check)
      this.#socket.resume()
    }, RESUME_CHECK_MS)
  }
}
