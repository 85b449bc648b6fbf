import { fromHex } from '../base/bytes.js'
import { decodeEnvelope } from '../codec/consensus.js'
import { statementBytes, transactionStatement } from '../codec/statements.js'
import { type CarriedBatch, decodeBatch, isRefused } from '../codec/transaction.js'
import type { Counters, SignatureJob, SignatureVerifier } from '../ports.js'
import type {
  Batch,
  Certificate,
  FinalityCertificate,
  Message,
  Signed,
  Stop,
  Transaction,
  Verified,
} from '../types/index.js'
import { markVerified } from '../types/verified.js'
import type { Authenticity } from './authenticity.js'
import type { ReplicaContext } from './context.js'
import type { Rejection } from './rejections.js'

/**
 * The one place where `Verified` values are made: bytes from outside are decoded, bounded, and every signature
 * in them is checked, before anything else sees them.
 */
export class Ingress {
  readonly #context: ReplicaContext
  readonly #authenticity: Authenticity
  readonly #verifier: SignatureVerifier
  readonly #counters: Counters

  constructor(context: ReplicaContext, authenticity: Authenticity, verifier: SignatureVerifier, counters: Counters) {
    this.#context = context
    this.#authenticity = authenticity
    this.#verifier = verifier
    this.#counters = counters
  }

  /** Counts why something was not taken. */
  reject(reason: Rejection): undefined {
    this.#counters.add(`rejected.${reason}`)
    return undefined
  }

  /**
   * A consensus message, whoever brought it: what counts is who signed it.
   * @param wants whether the core could use it; asked before any signature is checked
   */
  message(
    bytes: Uint8Array,
    wants: (signed: Signed<Message>) => boolean = () => true,
  ): Verified<Signed<Message>> | undefined {
    const carried = decodeEnvelope(this.#context, bytes)
    if (carried === undefined) return this.reject('malformed-message')
    const { signed, statement } = carried
    const { view, members } = this.#context.views.current
    if (signed.view !== view.id) return this.reject('wrong-view')
    if (!members.has(signed.sender)) return this.reject('unknown-sender')
    if (!wants(signed)) return undefined
    this.#counters.add('signatures-checked')
    if (!this.#authenticity.signedBy(signed.sender, statement, signed.signature)) return this.reject('bad-signature')
    if (this.#authenticity.nestedProblem(signed) !== undefined) return this.reject('bad-certificate')
    return markVerified(signed)
  }

  /** The view that an envelope names, without any check; `undefined` when malformed. */
  viewOf(bytes: Uint8Array): number | undefined {
    return decodeEnvelope(this.#context, bytes)?.signed.view
  }

  /** STOPs that installed a regency; those that do not hold are left out. */
  stops(envelopes: readonly Uint8Array[]): readonly Verified<Signed<Stop>>[] {
    return envelopes.flatMap((bytes) => {
      const signed = this.message(bytes, ({ message }) => message.kind === 'stop')
      return signed === undefined ? [] : [signed as Verified<Signed<Stop>>]
    })
  }

  /** Own messages need no check. */
  own(signed: Signed<Message>): Verified<Signed<Message>> {
    return markVerified(signed)
  }

  /** A certificate of the current view, of either kind. */
  certificate(certificate: Certificate): Verified<Certificate> | undefined {
    if (certificate.view !== this.#context.views.current.view.id) return this.reject('wrong-view')
    if (this.#authenticity.certificateProblem(certificate, certificate.kind) !== undefined) {
      return this.reject('bad-certificate')
    }
    return markVerified(certificate)
  }

  /** Under the view that orders its height, as far as that is known here: what is not known yet is refused. */
  finality(certificate: FinalityCertificate): Verified<FinalityCertificate> | undefined {
    const view = this.#context.views.at(certificate.cid)
    if (this.#authenticity.certificateProblem(certificate, 'accept', view) !== undefined) {
      return this.reject('bad-certificate')
    }
    return markVerified(certificate)
  }

  /** Decodes a batch and checks its author; the transactions are still to be verified. */
  openBatch(bytes: Uint8Array): Batch | undefined {
    const carried = decodeBatch(this.#context, bytes)
    if (isRefused(carried)) return this.reject('bad-batch')
    const { view, members } = this.#context.views.current
    if (carried.view !== view.id) return this.reject('wrong-view')
    const author = members.get(carried.batch.lane)
    if (author === undefined) return this.reject('unknown-sender')
    this.#counters.add('signatures-checked')
    if (!this.#isSigned(carried)) return this.reject('bad-signature')
    const foreign = carried.batch.transactions.some(
      ({ authentication, organization }) =>
        authentication.mode === 'vouched' && organization !== author.info.organization,
    )
    return foreign ? this.reject('foreign-vouching') : carried.batch
  }

  #isSigned({ batch, view, signature }: CarriedBatch): boolean {
    const statement = statementBytes(this.#context.networkId, {
      view,
      kind: 'batch',
      regency: 0,
      cid: 0,
      digest: batch.digest,
    })
    return this.#authenticity.signedBy(batch.lane, statement, signature)
  }

  /** Verifies the clients' signatures of an opened batch. One bad signature spoils the batch: its author vouched for it. */
  async verifyBatch(batch: Batch): Promise<Verified<Batch> | undefined> {
    const jobs = batch.transactions.flatMap((transaction) => {
      const job = signatureJob(transaction)
      return job === undefined ? [] : [job]
    })
    if (jobs.length > 0) {
      const verdicts = await this.#verifier.verify(jobs)
      if (verdicts.includes(false)) return this.reject('bad-signature')
    }
    return markVerified(batch)
  }

  /** A batch that this replica made of transactions that it verified, or that stood in its own log. */
  ownBatch(batch: Batch): Verified<Batch> {
    return markVerified(batch)
  }

  /** Verifies clients' signatures as transactions come in; vouched ones have none. */
  async verifyTransactions(transactions: readonly Transaction[]): Promise<readonly boolean[]> {
    const jobs: SignatureJob[] = []
    const positions: number[] = []
    transactions.forEach((transaction, i) => {
      const job = signatureJob(transaction)
      if (job === undefined) return
      jobs.push(job)
      positions.push(i)
    })
    const verdicts = transactions.map(() => true)
    if (jobs.length === 0) return verdicts
    const checked = await this.#verifier.verify(jobs)
    positions.forEach((position, i) => {
      verdicts[position] = checked[i] === true
    })
    return verdicts
  }
}

function signatureJob(transaction: Transaction): SignatureJob | undefined {
  const { authentication, id, signature } = transaction
  if (authentication.mode === 'vouched') return undefined
  const publicKey = fromHex(authentication.publicKey) as Uint8Array
  const message = transactionStatement(fromHex(id, 32) as Uint8Array)
  return { keyType: authentication.keyType, publicKey, message, signature }
}
