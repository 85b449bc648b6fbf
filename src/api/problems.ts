/**
 * What a client may be told when something is not done: problem documents of RFC 9457 with a stable code. Codes of
 * contracts come with their own text; docs/errors.md lists all, held together with this table by a test.
 */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly remedy: string
  readonly retryAfterMs?: number
}

interface Meaning {
  readonly status: number
  readonly title: string
  readonly remedy: string
}

export const API_PROBLEMS: Readonly<Record<string, Meaning>> = {
  'transaction/malformed': {
    status: 400,
    title: 'The transaction cannot be read',
    remedy: 'encode it with the SDK of this version',
  },
  'transaction/too-large': {
    status: 413,
    title: 'The transaction is too large',
    remedy: 'anchor a hash of large data instead; docs/limits.md names the bound',
  },
  'transaction/wrong-network': {
    status: 422,
    title: 'The transaction was made for another network',
    remedy: 'use the genesis file of this network (GET /v1/genesis)',
  },
  'transaction/bad-signature': {
    status: 401,
    title: 'The signature is wrong',
    remedy: 'sign the transaction with the key that it names',
  },
  'transaction/expired': {
    status: 422,
    title: 'The transaction has expired',
    remedy: 'check the clock, and submit a new one',
  },
  'transaction/valid-too-long': {
    status: 422,
    title: 'The transaction is valid for too long',
    remedy: 'let it expire within the dedup window of the network',
  },
  'transaction/over-cost': {
    status: 422,
    title: 'The transaction costs more than a block may',
    remedy: 'do less in one transaction; docs/limits.md names the bound',
  },
  'transaction/foreign-vouching': {
    status: 403,
    title: 'Another organization vouches for this client',
    remedy: "submit it to the replica of the client's organization, or sign it",
  },
  'transaction/unknown': {
    status: 404,
    title: 'No such transaction is final here',
    remedy: 'check the id; a transaction just submitted becomes final within a moment',
  },
  'replica/busy': {
    status: 429,
    title: 'The replica is busy',
    remedy: 'try again after the time given, or ask another',
  },
  'replica/stopping': { status: 503, title: 'The replica is shutting down', remedy: 'ask another replica' },
  'replica/halted': {
    status: 503,
    title: 'The replica has halted',
    remedy: 'ask another replica, and tell the operator',
  },
  'api/unauthorized': {
    status: 401,
    title: 'Not authenticated as this client',
    remedy: 'send the bearer token that the organization gave to this client',
  },
  'api/invalid-request': {
    status: 400,
    title: 'The request is wrong',
    remedy: 'compare it with /openapi.json',
  },
  'api/too-large': { status: 413, title: 'The request is too large', remedy: 'docs/limits.md names the bounds' },
  'api/not-found': { status: 404, title: 'There is nothing here', remedy: 'see /openapi.json for what there is' },
  'api/internal': { status: 500, title: 'The replica failed', remedy: 'tell the operator; the log has the cause' },
  'block/unknown': { status: 404, title: 'No final block at this height', remedy: 'ask for a lower height' },
  'block/pruned': {
    status: 410,
    title: 'The block was pruned here',
    remedy: 'ask a replica that keeps all blocks (an archive: `oldest` is 1 in its status)',
  },
  'transaction/not-held': {
    status: 404,
    title: 'No such transaction is held here, where old blocks were pruned',
    remedy: 'ask a replica that keeps all blocks (an archive: `oldest` is 1 in its status)',
  },
  'state/not-final': { status: 503, title: 'The state is not yet final', remedy: 'try again in a moment' },
  'read/behind': {
    status: 503,
    title: 'This replica has not come to that height yet',
    remedy: 'try again after the time given, or ask another replica',
  },
  'query/refused': { status: 422, title: 'The query was refused', remedy: 'see the detail' },
}

/** A code that stands in no table is a contract's: known to the client by the contract's own description. */
const FROM_CONTRACT: Meaning = {
  status: 422,
  title: 'The contract refuses',
  remedy: 'the code is explained in the description of the contract (GET /v1/contracts)',
}

const IDENTITY_STATUS = 403

export function problem(code: string, detail: string, retryAfterMs?: number): Problem {
  const meaning = API_PROBLEMS[code] ?? FROM_CONTRACT
  const status = code.startsWith('identity/') ? IDENTITY_STATUS : meaning.status
  return {
    type: `urn:etalon:problem:${code}`,
    title: meaning.title,
    status,
    code,
    detail,
    remedy: meaning.remedy,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** Thrown by a route; the error handler writes it out. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(code: string, detail: string, retryAfterMs?: number) {
    super(detail)
    this.problem = problem(code, detail, retryAfterMs)
  }
}
