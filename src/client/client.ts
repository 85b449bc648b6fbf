import { toHex } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { validityMs } from '../codec/genesis.js'
import { readViewLink, type ViewLinkDocument } from '../codec/view-links.js'
import { type CryptoSuite, nobleSuite } from '../crypto/index.js'
import type { Digest, Genesis, Height } from '../types/index.js'
import { Channel, type WebSocketLike } from './channel.js'
import { LightClient } from './light-client.js'
import { newestOfQuorum, type QuorumState } from './quorum-read.js'
import { readStateAnswer, type StateAnswer, UnknownView, unproven, type VerifiedState } from './state-answer.js'
import type { StateFile } from './state-file.js'
import { type EncodedTransaction, encodeCall, type Identity } from './transaction.js'
import type { MethodArgs, MethodResult, QueryArgs, QueryResult } from './typed.js'
import { type VerifiedReceipt, verifiedReceipt } from './verified-receipt.js'

export interface ClientOptions {
  readonly genesis: Genesis
  /** Addresses of the APIs of one or more replicas, `http://host:port`; the first is asked first. */
  readonly urls: readonly string[]
  /** Needed to submit, not to read. */
  readonly identity?: Identity
  /** Bearer token, where the organization's replica vouches for this client. */
  readonly token?: string
  /** Noble's when absent. */
  readonly suite?: CryptoSuite
  /** How long one replica may take before the next is asked, ms. */
  readonly timeoutMs?: number
  /**
   * Every read reflects what this client has submitted before: it remembers the height of its newest receipt and asks for no
   * older state, whichever replica answers. Does not cover what goes through a channel.
   */
  readonly readYourWrites?: boolean
  /** Hash of the header of height 0, to read the state of a network without any block yet. */
  readonly genesisHash?: Digest
  /** For environments without a global WebSocket. */
  readonly webSocket?: (url: string, headers: Readonly<Record<string, string>>) => WebSocketLike
}

export interface ReadOptions {
  /** The read reflects at least the block of this height: the replica waits for it, a few seconds at most. */
  readonly minHeight?: Height
}

const DEFAULT_TIMEOUT_MS = 8_000
const VALIDITY_MS = 45_000

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly remedy?: string
  readonly retryAfterMs?: number
}

/**
 * Submits transactions and reads, through any replica and believing none: what comes back is proven or it is an error.
 * A transaction whose replica does not answer in time is sent, the same bytes, to the next.
 */
export class EtalonClient {
  readonly light: LightClient
  readonly #options: ClientOptions
  readonly #suite: CryptoSuite
  /** Height of the newest receipt of an own transaction. */
  #ownHeight: Height = 0

  constructor(options: ClientOptions) {
    this.#options = options
    this.#suite = options.suite ?? nobleSuite
    this.light = new LightClient(options.genesis, this.#suite, options.genesisHash)
  }

  /**
   * Encodes and signs a call.
   * @param validForMs how long it may still be executed, and sent again; 45 s, or three quarters of the network's `dedupWindowMs` where that is less
   */
  async encode(contract: string, method: string, args: unknown, validForMs?: number): Promise<EncodedTransaction> {
    const { identity, genesis } = this.#options
    if (identity === undefined) {
      throw new EtalonError('client/no-identity', 'this client has no key or name', 'give the client an identity')
    }
    const network = { networkId: this.light.networkId, sha256: this.#suite.sha256 }
    const validUntilMs = Date.now() + (validForMs ?? validityMs(genesis.parameters, VALIDITY_MS))
    return encodeCall(network, identity, { contract, method, args, validUntilMs })
  }

  /**
   * Submits a call and waits until it is final.
   * @returns the receipt; a domain refusal is a receipt with status `refused`
   * @throws EtalonError with the replica's code where it was not taken, `client/unreachable` or `client/unproven`
   */
  async submit<const C extends string, const M extends string>(
    contract: C,
    method: M,
    args: MethodArgs<C, M>,
  ): Promise<VerifiedReceipt<MethodResult<C, M>>> {
    const receipt = await this.submitEncoded(await this.encode(contract, method, args))
    return receipt as VerifiedReceipt<MethodResult<C, M>>
  }

  /** Submits bytes that were encoded before, to one replica after another until one gives a proven receipt. */
  async submitEncoded(transaction: EncodedTransaction): Promise<VerifiedReceipt> {
    const headers = { ...this.#authorization(), 'content-type': 'application/octet-stream' }
    const body = transaction.bytes as Uint8Array<ArrayBuffer>
    const receipt = await this.#ask('/v1/transactions', { method: 'POST', headers, body }, (text) =>
      this.#receipt(text, transaction.id),
    )
    this.#ownHeight = Math.max(this.#ownHeight, receipt.height)
    return receipt
  }

  /** The receipt of a transaction that was final before. */
  async receipt(transaction: Digest, options: ReadOptions = {}): Promise<VerifiedReceipt> {
    const path = `/v1/transactions/${transaction}${this.#minHeight(options).query}`
    return this.#ask(path, {}, (text) => this.#receipt(text, transaction))
  }

  #minHeight({ minHeight = 0 }: ReadOptions): { readonly least: Height; readonly query: string } {
    const least = Math.max(minHeight, this.#options.readYourWrites === true ? this.#ownHeight : 0)
    return { least, query: least === 0 ? '' : `?minHeight=${least}` }
  }

  #receipt(text: string, id: Digest): VerifiedReceipt {
    const read = this.light.readReceipt(text)
    if ('problem' in read) throw unproven(read.problem)
    const { proven } = read
    if (proven.receipt.transaction !== id) throw unproven('the receipt is of another transaction')
    return verifiedReceipt(this.light.networkId, proven)
  }

  /** Asks a contract's query of one replica. The answer is that replica's word; `state` is proven. */
  async query<const C extends string, const Q extends string>(
    contract: C,
    query: Q,
    args: QueryArgs<C, Q>,
    options: ReadOptions = {},
  ): Promise<QueryResult<C, Q>> {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(args) }
    const path = `/v1/query/${contract}/${query}${this.#minHeight(options).query}`
    return this.#ask(path, init, (text) => (readJson(text) as { value: QueryResult<C, Q> }).value)
  }

  /**
   * Reads one key of the state with its proof.
   * @param key `<contract>/<key>`
   * @returns the value, parsed, or `undefined` where the proof shows that there is none
   */
  async state(key: string, options: ReadOptions = {}): Promise<VerifiedState> {
    const { least, query } = this.#minHeight(options)
    return this.#ask(`/v1/state/${encodeURIComponent(key)}${query}`, {}, (text) => {
      const { height, value } = this.#state(key, text)
      if (height < least) throw unproven(`the answer is of height ${height}, older than was asked for`)
      return { height, value }
    })
  }

  /** Reads one key with its proof, as a file that can be checked offline at any later time; `readStateFile` reads it. */
  async stateFile(key: string, options: ReadOptions = {}): Promise<string> {
    const { least, query } = this.#minHeight(options)
    const answer = await this.#ask(`/v1/state/${encodeURIComponent(key)}${query}`, {}, (text) => {
      const { height } = this.#state(key, text)
      if (height < least) throw unproven(`the answer is of height ${height}, older than was asked for`)
      return readJson(text)
    })
    const { view = 0 } = (answer.certificate ?? {}) as { view?: number }
    const views = await this.#linksTo(view)
    const file: StateFile = { format: 'etalon-state-1', network: toHex(this.light.networkId), key, answer, views }
    return `${JSON.stringify(file)}\n`
  }

  /** Links from the view of the genesis to another. */
  async #linksTo(view: number): Promise<readonly ViewLinkDocument[]> {
    const links: ViewLinkDocument[] = []
    while (links.length < view) {
      const page = await this.#ask(`/v1/views?after=${links.length}`, {}, (text) => {
        const { links: found } = readJson(text) as { links: readonly ViewLinkDocument[] }
        if (found.length === 0) throw unproven(`no link to view ${links.length + 1}`)
        return found
      })
      links.push(...page)
    }
    return links.slice(0, view)
  }

  /**
   * Reads one key so that every write acknowledged before the read began is reflected, whoever made it. All addresses are asked at
   * once, each answer is proven, and the newest of a vote quorum Q of distinct replicas counts.
   *
   * Why: a write is acknowledged with a finality certificate, so Q replicas had accepted its block before. Any two quorums share a
   * correct replica, and a correct replica that is asked so answers once every block is final that it has executed. So one of the Q
   * answers is of that block's height or above, and the newest is too.
   *
   * What is trusted: that of the replicas behind the given addresses at most f lie, and that an address leads to the replica whose
   * operator gave it out (TLS). Which replica answered is its own word. A liar can pass for one replica by each address that it
   * serves, no more: it counts among the f either way. No liar can forge a value, only hold back newer ones.
   * @throws EtalonError `client/no-quorum`
   */
  async quorumState(key: string): Promise<QuorumState> {
    const path = `/v1/state/${encodeURIComponent(key)}?settled=true`
    const answers = this.#options.urls.map(async (base) => {
      const answer = await this.#askOne(base, path, {}, (text) => this.#state(key, text))
      if ('value' in answer) return answer.value
      throw answer.error
    })
    return newestOfQuorum(() => this.light.view, answers)
  }

  #state(key: string, text: string): StateAnswer {
    return readStateAnswer(this.light, this.#suite.sha256, key, readJson(text))
  }

  /** Where a replica stands. */
  async status(): Promise<Record<string, unknown>> {
    return this.#ask('/v1/status', {}, readJson)
  }

  /** Opens a streaming channel to the first replica that can be reached. */
  async channel(): Promise<Channel> {
    let last: unknown
    for (const base of this.#options.urls) {
      const url = `${base.replace(/^http/, 'ws')}/v1/channel`
      try {
        const socket = await this.#socket(url)
        return await Channel.connect(socket, url, this.light, this.#suite.sha256)
      } catch (error) {
        last = error
      }
    }
    throw last ?? new EtalonError('client/unreachable', 'no address was given', 'name at least one replica')
  }

  async #socket(url: string): Promise<WebSocketLike> {
    const headers = this.#authorization()
    if (this.#options.webSocket !== undefined) return this.#options.webSocket(url, headers)
    const { default: WebSocket } = await import('ws')
    return new WebSocket(url, { headers, perMessageDeflate: false }) as unknown as WebSocketLike
  }

  #authorization(): Record<string, string> {
    const { token } = this.#options
    return token === undefined ? {} : { authorization: `Bearer ${token}` }
  }

  /**
   * Asks one replica after another. A refusal that another would repeat ends the round; an answer that is not proven, or
   * none at all, does not.
   */
  async #ask<T>(path: string, init: RequestInit, read: (text: string) => T): Promise<T> {
    let last: EtalonError | undefined
    for (const base of this.#options.urls) {
      const answer = await this.#askOne(base, path, init, read)
      if ('value' in answer) return answer.value
      last = answer.error
      if (!answer.elsewhere) break
    }
    throw last ?? new EtalonError('client/unreachable', 'no address was given', 'name at least one replica')
  }

  /** Where an answer is under a newer view, the links to it are asked for first. */
  async #readFollowing<T>(base: string, text: string, read: (text: string) => T): Promise<T> {
    try {
      return read(text)
    } catch (error) {
      if (!(error instanceof UnknownView)) throw error
    }
    await this.#follow(base)
    return read(text)
  }

  async #follow(base: string): Promise<void> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    for (let known = -1; known < this.light.newestView; ) {
      known = this.light.newestView
      const response = await fetch(`${base}/v1/views?after=${known}`, { signal })
      const { links } = (await response.json()) as { links: readonly ViewLinkDocument[] }
      const problem = this.light.follow(links.flatMap((link) => readViewLink(this.#suite.sha256, link) ?? []))
      if (problem !== undefined) throw unproven(problem)
    }
  }

  async #askOne<T>(base: string, path: string, init: RequestInit, read: (text: string) => T): Promise<Answer<T>> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    let response: Response
    let text: string
    try {
      response = await fetch(`${base}${path}`, { ...init, signal })
      text = await response.text()
    } catch (cause) {
      const remedy = 'check that the replica runs and that the address is right'
      const error = new EtalonError('client/unreachable', `${base} does not answer`, remedy, { cause })
      return { error, elsewhere: true }
    }
    if (!response.ok) {
      const error = problemError(text, response.status)
      return {
        error,
        elsewhere: isElsewhere(response.status) || error.code === 'transaction/not-held',
      }
    }
    try {
      return { value: await this.#readFollowing(base, text, read) }
    } catch (error) {
      return {
        error: error instanceof EtalonError ? error : unproven(`${base} gave an answer of another form`),
        elsewhere: true,
      }
    }
  }
}

/** What another replica may answer better: this one fails, is busy, or has pruned it. */
const isElsewhere = (status: number): boolean => status >= 500 || status === 429 || status === 410

type Answer<T> = { readonly value: T } | { readonly error: EtalonError; readonly elsewhere: boolean }

function readJson(text: string): Record<string, unknown> {
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw unproven('the answer is not a document')
  return document as Record<string, unknown>
}

function problemError(text: string, status: number): EtalonError {
  let problem: Problem = {}
  try {
    problem = JSON.parse(text) as Problem
  } catch {
    // Not a problem document: something else than a replica answered.
  }
  const code = problem.code ?? 'client/unexpected-answer'
  return new EtalonError(code, problem.detail ?? `HTTP status ${status}`, problem.remedy ?? 'see docs/errors.md')
}
