import { fromHex, toHex } from '../base/bytes.js'
import { viewHash } from '../codec/block.js'
import { genesisView, networkIdOf } from '../codec/genesis.js'
import { type ProvenReceipt, parseProvenReceipt } from '../codec/proven-receipt.js'
import { statementBytes } from '../codec/statements.js'
import { chainProblem, verifyCertificate } from '../consensus/certificates.js'
import { type CryptoSuite, leafHash, nobleSuite, verifyInclusion } from '../crypto/index.js'
import { verifyStateProof } from '../crypto/sparse-merkle.js'
import type { StateProof } from '../ports.js'
import type {
  Digest,
  Finality,
  FinalityCertificate,
  Genesis,
  Height,
  SealedHeader,
  View,
  ViewId,
  ViewLink,
} from '../types/index.js'

/** Header hashes whose certificates were checked; blocks are asked about many times in a row. */
const CHECKED_MAX = 1_024

interface KnownView {
  readonly view: View
  /** First height that it orders. */
  readonly from: Height
  readonly keys: ReadonlyMap<number, Uint8Array>
}

function knownView(view: View, from: Height): KnownView {
  const keys = view.replicas.map(
    ({ id, consensusKey }) => [id, fromHex(consensusKey, 32) ?? new Uint8Array(32)] as const,
  )
  return { view, from, keys: new Map(keys) }
}

/**
 * Checks what replicas say against nothing but the genesis document. Works in browsers; trusts no replica.
 */
export class LightClient {
  readonly genesis: Genesis
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly #suite: CryptoSuite
  /** By id, from the genesis on. */
  readonly #views: KnownView[]
  readonly #genesisHash: Digest | undefined
  readonly #checked = new Map<Digest, string>()

  /**
   * @param suite the primitives; noble's when absent, in Node the native ones are faster
   * @param genesisHash hash of the header of height 0. It follows from the genesis document and the contracts (`genesisHashOf`
   *   of the node's library); without it nothing is believed of the time before the first block.
   */
  constructor(genesis: Genesis, suite: CryptoSuite = nobleSuite, genesisHash?: Digest) {
    this.genesis = genesis
    this.#genesisHash = genesisHash
    this.#suite = suite
    this.networkId = networkIdOf(suite.sha256, genesis)
    this.#views = [knownView(genesisView(genesis), 1)]
  }

  /** Id of the newest view that was proven to this client. */
  get newestView(): ViewId {
    return this.#views.length - 1
  }

  /** The newest view that was proven to this client. */
  get view(): View {
    return (this.#views.at(-1) as KnownView).view
  }

  /**
   * Takes links to further views, in order; known ones are passed over.
   * @returns what is wrong with the first bad one, after which none is taken
   */
  follow(links: readonly ViewLink[]): string | undefined {
    for (const { view, sealed, certificate } of links) {
      if (view.id <= this.newestView) continue
      if (view.id !== this.newestView + 1) return `no link to view ${this.newestView + 1}`
      if (certificate.view !== this.newestView) return `the link to view ${view.id} is not proven by the view before`
      const problem = this.headerProblem(sealed, { certificate, headers: [] })
      if (problem !== undefined) return `the link to view ${view.id}: ${problem}`
      const hash = toHex(viewHash(this.#suite.sha256, view))
      if (sealed.header.view !== hash) return `the header names another view than ${view.id}`
      this.#views.push(knownView(view, sealed.header.height + 1))
    }
    return undefined
  }

  /** The view that certifies a height, as far as this client knows. */
  #viewOf({ view: id, cid }: FinalityCertificate): KnownView | undefined {
    const view = this.#views[id]
    const next = this.#views[id + 1]
    return view !== undefined && cid >= view.from && cid < (next?.from ?? cid + 1) ? view : undefined
  }

  /** Says why a header is not proven final, or nothing. Every signature must be good, and every link up to the certificate. */
  headerProblem(sealed: SealedHeader, finality: Finality): string | undefined {
    return chainProblem(sealed, finality) ?? this.#certificateProblem(finality.certificate)
  }

  #certificateProblem(certificate: FinalityCertificate): string | undefined {
    const { cid, kind, view, regency, signatures } = certificate
    const signers = signatures.map(({ replica, signature }) => `${replica}:${toHex(signature)}`)
    // All of the certificate: one that differs from the one that was checked is checked itself.
    const fingerprint = [cid, kind, view, regency, ...signers].join()
    if (this.#checked.get(certificate.header) === fingerprint) return undefined
    const known = this.#viewOf(certificate)
    if (known === undefined) return `view ${view} is not known to certify height ${cid}`
    const statement = statementBytes(this.networkId, certificate)
    const problem = verifyCertificate(certificate, 'accept', known.view, (_, replica, signature) => {
      const key = known.keys.get(replica)
      return key !== undefined && this.#suite.verifyEd25519(key, statement, signature)
    })
    if (problem === undefined) this.#remember(certificate.header, fingerprint)
    return problem
  }

  #remember(hash: Digest, fingerprint: string): void {
    this.#checked.set(hash, fingerprint)
    if (this.#checked.size <= CHECKED_MAX) return
    const oldest = this.#checked.keys().next().value
    if (oldest !== undefined) this.#checked.delete(oldest)
  }

  /** Says why a receipt is not proven, or nothing. */
  receiptProblem(proven: ProvenReceipt): string | undefined {
    const { sealed, index, path, receiptBytes, views = [] } = proven
    const problem = this.follow(views) ?? this.headerProblem(sealed, proven.finality)
    if (problem !== undefined) return problem
    const { sha256 } = this.#suite
    const root = fromHex(sealed.header.receiptRoot, 32) as Uint8Array
    const leaf = leafHash(sha256, receiptBytes)
    return verifyInclusion(sha256, leaf, index, sealed.header.transactions, path, root)
      ? undefined
      : 'the receipt is not in the block'
  }

  /** Checks a receipt file; every byte of it counts. */
  readReceipt(text: string): { readonly proven: ProvenReceipt } | { readonly problem: string } {
    const proven = parseProvenReceipt(this.#suite.sha256, this.networkId, text)
    if (proven === undefined) return { problem: 'not a receipt file of this network, or changed after it was written' }
    const problem = this.receiptProblem(proven)
    return problem === undefined ? { proven } : { problem }
  }

  #genesisProblem({ header, hash }: SealedHeader): string | undefined {
    if (header.height !== 0) return 'the block comes without a certificate'
    if (this.#genesisHash === undefined)
      return 'nothing is final yet, and the hash of the genesis header is not known here'
    return hash === this.#genesisHash ? undefined : 'the header is not that of the genesis'
  }

  /**
   * Says why a key's value (or absence) is not proven under a final header, or nothing.
   * @param finality none at the genesis
   */
  stateProblem(
    sealed: SealedHeader,
    finality: Finality | undefined,
    key: string,
    value: Uint8Array | undefined,
    proof: StateProof,
  ): string | undefined {
    const problem = finality === undefined ? this.#genesisProblem(sealed) : this.headerProblem(sealed, finality)
    if (problem !== undefined) return problem
    const root = fromHex(sealed.header.stateRoot, 32) as Uint8Array
    return verifyStateProof(this.#suite.sha256, root, key, value, proof) ? undefined : 'the state proof does not fit'
  }
}
