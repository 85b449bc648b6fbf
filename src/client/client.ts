import { fromBase64, fromHex, fromUtf8 } from '../base/bytes.js'
import { EtalonError } from '../base/errors.js'
import { decodeHeader } from '../codec/block.js'
import { formatProvenReceipt, type ProvenReceipt } from '../codec/proven-receipt.js'
import {
  type CertificateDocument,
  readCertificateDocument,
  readViewLink,
  type ViewLinkDocument,
} from '../codec/view-links.js'
import { type CryptoSuite, nobleSuite } from '../crypto/index.js'
import type { Digest, Genesis, Height } from '../types/index.js'
import { Channel, type WebSocketLike } from './channel.js'
import { LightClient } from './light-client.js'
import { type EncodedTransaction, encodeCall, type Identity } from './transaction.js'

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
  /** For environments without a global WebSocket. */
  readonly webSocket?: (url: string, headers: Readonly<Record<string, string>>) => WebSocketLike
}

/** A receipt that was checked against the genesis document. */
export interface VerifiedReceipt {
  readonly transaction: Digest
  readonly height: Height
  readonly timeMs: number
  readonly status: 'done' | 'refused'
  /** Stable refusal code; empty when done. */
  readonly code: string
  readonly detail: string
  /** Parsed JSON. */
  readonly result: unknown
  readonly proven: ProvenReceipt
  /** The receipt as a file that anyone can verify with the genesis document. */
  readonly file: string
}

/** A value (or its absence) that was checked against a final header. */
export interface VerifiedState {
  readonly height: Height
  readonly value: unknown
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

  constructor(options: ClientOptions) {
    this.#options = options
    this.#suite = options.suite ?? nobleSuite
    this.light = new LightClient(options.genesis, this.#suite)
  }

  /** Encodes and signs a call. */
  async encode(contract: string, method: string, args: unknown, validForMs = VALIDITY_MS): Promise<EncodedTransaction> {
    const { identity } = this.#options
    if (identity === undefined) {
      throw new EtalonError('client/no-identity', 'this client has no key or name', 'give the client an identity')
    }
    const network = { networkId: this.light.networkId, sha256: this.#suite.sha256 }
    return encodeCall(network, identity, { contract, method, args, validUntilMs: Date.now() + validForMs })
  }

  /**
   * Submits a call and waits until it is final.
   * @returns the receipt; a domain refusal is a receipt with status `refused`
   * @throws EtalonError with the replica's code where it was not taken, `client/unreachable` or `client/unproven`
   */
  async submit(contract: string, method: string, args: unknown): Promise<VerifiedReceipt> {
    return this.submitEncoded(await this.encode(contract, method, args))
  }

  /** Submits bytes that were encoded before, to one replica after another until one gives a proven receipt. */
  async submitEncoded(transaction: EncodedTransaction): Promise<VerifiedReceipt> {
    const headers = { ...this.#authorization(), 'content-type': 'application/octet-stream' }
    const body = transaction.bytes as Uint8Array<ArrayBuffer>
    return this.#ask('/v1/transactions', { method: 'POST', headers, body }, (text) =>
      this.#receipt(text, transaction.id),
    )
  }

  /** The receipt of a transaction that was final before. */
  async receipt(transaction: Digest): Promise<VerifiedReceipt> {
    return this.#ask(`/v1/transactions/${transaction}`, {}, (text) => this.#receipt(text, transaction))
  }

  #receipt(text: string, id: Digest): VerifiedReceipt {
    const read = this.light.readReceipt(text)
    if ('problem' in read) throw unproven(read.problem)
    const { proven } = read
    const { receipt, sealed } = proven
    if (receipt.transaction !== id) throw unproven('the receipt is of another transaction')
    return {
      transaction: receipt.transaction,
      height: sealed.header.height,
      timeMs: sealed.header.timeMs,
      status: receipt.status,
      code: receipt.code,
      detail: receipt.detail,
      result: receipt.result.length === 0 ? null : JSON.parse(fromUtf8(receipt.result) ?? 'null'),
      proven,
      file: formatProvenReceipt(this.light.networkId, proven),
    }
  }

  /** Asks a contract's query of one replica. The answer is that replica's word; `state` is proven. */
  async query(contract: string, query: string, args: unknown = {}): Promise<unknown> {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(args) }
    return this.#ask(`/v1/query/${contract}/${query}`, init, (text) => (readJson(text) as { value: unknown }).value)
  }

  /**
   * Reads one key of the state with its proof.
   * @param key `<contract>/<key>`
   * @returns the value, parsed, or `undefined` where the proof shows that there is none
   */
  async state(key: string): Promise<VerifiedState> {
    return this.#ask(`/v1/state/${encodeURIComponent(key)}`, {}, (text) => this.#state(key, text))
  }

  #state(key: string, text: string): VerifiedState {
    const document = readJson(text) as unknown as StateDocument
    const bytes = (text: string | null): Uint8Array | undefined => (text === null ? undefined : fromBase64(text))
    const header = bytes(document.header)
    const sealed = header && decodeHeader(this.#suite.sha256, header)
    if (sealed === undefined) throw unproven('the header cannot be read')
    const value = bytes(document.value)
    const certificate = readCertificateDocument(document.certificate, sealed)
    if (certificate.view > this.light.newestView) throw new UnknownView()
    const problem = this.light.stateProblem(sealed, certificate, key, value, proofOf(document))
    if (problem !== undefined) throw unproven(problem)
    const json = value && fromUtf8(value)
    return { height: sealed.header.height, value: json === undefined ? undefined : JSON.parse(json) }
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
      return {
        error: problemError(text, response.status),
        elsewhere: response.status >= 500 || response.status === 429,
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

/** An answer under a view that this client does not know yet. */
class UnknownView extends Error {
  override readonly name = 'UnknownView'
}

type Answer<T> = { readonly value: T } | { readonly error: EtalonError; readonly elsewhere: boolean }

function readJson(text: string): Record<string, unknown> {
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw unproven('the answer is not a document')
  return document as Record<string, unknown>
}

interface StateDocument {
  readonly header: string
  readonly value: string | null
  readonly certificate: CertificateDocument
  readonly proof: {
    readonly siblings: readonly (string | null)[]
    readonly other?: { readonly keyHash: string; readonly valueHash: string }
  }
}

function proofOf({ proof }: StateDocument) {
  const bytes = (hex: string): Uint8Array => fromHex(hex, 32) ?? new Uint8Array()
  const siblings = proof.siblings.map((hex) => (hex === null ? undefined : bytes(hex)))
  if (proof.other === undefined) return { siblings }
  return { siblings, other: { keyHash: bytes(proof.other.keyHash), valueHash: bytes(proof.other.valueHash) } }
}

const unproven = (problem: string): EtalonError =>
  new EtalonError('client/unproven', problem, 'ask another replica, and tell the operator of this one')

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
