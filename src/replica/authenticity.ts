import { signedStatement } from '../codec/consensus.js'
import { statementBytes } from '../codec/statements.js'
import { verifyCertificate } from '../consensus/index.js'
import type { Certificate, ReplicaId, Signed, StopData, VoteKind } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import type { ViewInForce } from './view-schedule.js'

/** Checks the signatures of replicas: of messages, with all that they nest, and of certificates. */
export class Authenticity {
  readonly #context: ReplicaContext

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
    const statement = statementBytes(this.#context.networkId, certificate)
    return verifyCertificate(certificate, kind, inForce.view, (_, replica, signature) =>
      this.signedBy(replica, statement, signature, inForce),
    )
  }

  /** Says what is wrong with the signatures inside a message, or nothing. */
  nestedProblem({ message }: Signed): string | undefined {
    if (message.kind === 'stop-data') return this.#stopDataProblem(message)
    if (message.kind !== 'sync') return undefined
    for (const signed of message.stopData) {
      const statement = signedStatement(this.#context, signed)
      if (statement === undefined || !this.signedBy(signed.sender, statement, signed.signature)) {
        return `the STOPDATA of replica ${signed.sender} is not signed by it`
      }
      const problem = this.#stopDataProblem(signed.message)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #stopDataProblem(message: StopData): string | undefined {
    if (message.finality !== undefined) {
      const problem = this.certificateProblem(message.finality, 'persist')
      if (problem !== undefined) return problem
    }
    for (const prepared of message.prepared) {
      const problem = this.certificateProblem(prepared, 'write')
      if (problem !== undefined) return problem
    }
    return undefined
  }
}
