import { signedStatement } from '../codec/consensus.js'
import { statementBytes } from '../codec/statements.js'
import { verifyCertificate } from '../consensus/index.js'
import type { Certificate, ReplicaId, Signed, VoteKind } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import type { ViewInForce } from './view-schedule.js'

/** Statements whose certificates were checked lately: two certificates of one statement are worth the same. */
const PROVEN_MAX = 1_024

/** Checks the signatures of replicas: of messages, with all that they nest, and of certificates. */
export class Authenticity {
  readonly #context: ReplicaContext
  /** By what it says and who signed it: a certificate is verified once. */
  readonly #proven = new Set<string>()

  constructor(context: ReplicaContext) {
    this.#context = context
  }

  /** Whether a member of the view, the current one unless another is given, signed the statement. */
  signedBy(
    replica: ReplicaId,
    statement: Uint8Array,
    signature: Uint8Array,
    { members }: ViewInForce = this.#context.views.current,
  ): boolean {
    const member = members.get(replica)
    return member !== undefined && this.#context.suite.verifyEd25519(member.consensusKey, statement, signature)
  }

  /** Says what is wrong with a certificate, or nothing. */
  certificateProblem(
    certificate: Certificate,
    kind: VoteKind,
    inForce: ViewInForce = this.#context.views.current,
  ): string | undefined {
    const fingerprint = fingerprintOf(certificate, inForce)
    if (this.#proven.has(fingerprint)) return undefined
    const statement = statementBytes(this.#context.networkId, certificate)
    const problem = verifyCertificate(certificate, kind, inForce.view, (_, replica, signature) =>
      this.signedBy(replica, statement, signature, inForce),
    )
    if (problem === undefined) this.#remember(fingerprint)
    return problem
  }

  #remember(fingerprint: string): void {
    this.#proven.add(fingerprint)
    if (this.#proven.size <= PROVEN_MAX) return
    const oldest = this.#proven.values().next().value
    if (oldest !== undefined) this.#proven.delete(oldest)
  }

  /** Says what is wrong with what a message nests or carries beside, or nothing. */
  nestedProblem({ message, proofs = [] }: Signed): string | undefined {
    if (message.kind === 'stop-data') return this.#proofsProblem(proofs)
    if (message.kind !== 'sync') return undefined
    for (const signed of message.stopData) {
      const statement = signedStatement(this.#context, signed)
      if (statement === undefined || !this.signedBy(signed.sender, statement, signed.signature)) {
        return `the STOPDATA of replica ${signed.sender} is not signed by it`
      }
    }
    return this.#proofsProblem(message.proofs)
  }

  #proofsProblem(proofs: readonly Certificate[]): string | undefined {
    for (const proof of proofs) {
      const problem = this.certificateProblem(proof, proof.kind)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

/** All of the certificate: one that differs from one that was checked is checked itself. */
function fingerprintOf(certificate: Certificate, { hash }: ViewInForce): string {
  const { kind, view, cid, regency, digest, signatures } = certificate
  const header = certificate.kind === 'accept' ? certificate.header : ''
  const signers = signatures.map(({ replica, signature }) => `${replica}:${Buffer.from(signature).toString('latin1')}`)
  return [hash, kind, view, cid, regency, digest, header, ...signers].join()
}
