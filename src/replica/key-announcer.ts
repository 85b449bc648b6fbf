import { fromUtf8, utf8 } from '../base/bytes.js'
import { validityMs } from '../codec/genesis.js'
import { taggedHash } from '../codec/statements.js'
import { encodeTransaction, encodeTransactionBody } from '../codec/transaction.js'
import { governanceKeys, type RegisterRecord } from '../contracts/index.js'
import type { Clock, KeyRing, Ledger } from '../ports.js'
import { REPLICA_CLIENT } from '../types/index.js'
import type { ReplicaContext } from './context.js'
import type { OnOutcome, Submitter } from './submissions.js'

const VALIDITY_MS = 30_000

type Submit = (bytes: Uint8Array, submitter: Submitter, onOutcome: OnOutcome) => void

/**
 * Names the key of the next view while a change of the view is proposed, so that the key of this view can be erased with it
 * (SmartChain's forgetting). A view that comes quicker than that keeps the key.
 */
export class KeyAnnouncer {
  readonly #context: ReplicaContext
  readonly #modules: { readonly clock: Clock; readonly ledger: Ledger; readonly keys: KeyRing }
  readonly #votes: () => boolean
  readonly #submit: Submit
  #waiting = false

  constructor(
    context: ReplicaContext,
    modules: { readonly clock: Clock; readonly ledger: Ledger; readonly keys: KeyRing },
    votes: () => boolean,
    submit: Submit,
  ) {
    this.#context = context
    this.#modules = modules
    this.#votes = votes
    this.#submit = submit
  }

  /** Called when governance has changed something, and now and then, since a submission may fail. */
  check(): void {
    const { self } = this.#context
    const { ledger, keys } = this.#modules
    if (this.#waiting || !this.#votes() || !isChangeOpen(ledger)) return
    if (ledger.get(governanceKeys.nextKey(self)) !== undefined) return
    const consensusKey = keys.next()
    if (consensusKey === undefined) return
    this.#waiting = true
    this.#submit(this.#encode(consensusKey), { client: REPLICA_CLIENT }, () => {
      this.#waiting = false
    })
  }

  #encode(consensusKey: string): Uint8Array {
    const { networkId, organization, sha256, genesis } = this.#context
    const nowMs = this.#modules.clock.nowMs()
    const body = encodeTransactionBody(networkId, {
      organization,
      authentication: { mode: 'vouched', client: REPLICA_CLIENT },
      contract: 'governance',
      method: 'announceKey',
      args: utf8(JSON.stringify({ consensusKey })),
      validUntilMs: nowMs + validityMs(genesis.parameters, VALIDITY_MS),
      nonce: taggedHash(sha256, 'etalon/announcement/1', utf8(`${consensusKey} ${nowMs}`)).subarray(0, 12),
    })
    return encodeTransaction(body, new Uint8Array(0))
  }
}

function isChangeOpen(ledger: Ledger): boolean {
  const text = fromUtf8(ledger.get(governanceKeys.register) ?? new Uint8Array())
  return text !== undefined && text !== '' && (JSON.parse(text) as RegisterRecord).open.length > 0
}
