import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { fromBase64 } from '../base/bytes.js'
import { decodeReceipt } from '../codec/block.js'
import { formatProvenReceipt } from '../codec/proven-receipt.js'
import { type FinalBlock, loadFinalBlock, type Outcome, viewLinks } from '../replica/index.js'
import { LIMITS } from '../types/index.js'
import { atLeast, clientOf, MinHeight, type MinHeightQuery, type RouteModules } from './modules.js'
import { ProblemError, problem } from './problems.js'

/** Transactions of one request. */
export const BATCH_MAX = 500

const Id = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'transaction id' })
const ReceiptDocument = Type.Unsafe<string>(
  Type.Object({}, { additionalProperties: true, description: 'receipt with proof, etalon-receipt-1' }),
)

/** The receipt file of a transaction of a final block. */
export function receiptFile({ context, ledger }: RouteModules, block: FinalBlock, index: number): string {
  const receiptBytes = block.receipts[index] as Uint8Array
  const receipt = decodeReceipt(receiptBytes)
  if (receipt === undefined) throw new Error(`receipt ${index} of height ${block.sealed.header.height} cannot be read`)
  const { sealed, finality } = block
  const { view } = finality.certificate
  const path = block.receiptTree.path(index)
  const proven = { receipt, receiptBytes, index, path, sealed, finality }
  if (view === 0) return formatProvenReceipt(context.networkId, proven)
  const views = viewLinks(context, ledger, view)
  return formatProvenReceipt(context.networkId, { ...proven, views })
}

export function transactionRoutes(app: FastifyInstance, modules: RouteModules): void {
  const { context, replica } = modules
  const submit = (bytes: Uint8Array, submitter: { readonly client?: string }): Promise<Outcome> =>
    new Promise((resolve) => replica.submit(bytes, submitter, resolve))
  const fileOf = (outcome: Extract<Outcome, { kind: 'final' }>): string =>
    receiptFile(modules, outcome.block, outcome.index)

  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })

  app.post(
    '/v1/transactions',
    {
      bodyLimit: LIMITS.transactionBytesMax,
      schema: {
        summary: 'Submit an encoded transaction and wait until it is final',
        consumes: ['application/octet-stream'],
        response: { 200: ReceiptDocument },
      },
      serializerCompiler: () => (text) => text as unknown as string,
    },
    async (request, reply) => {
      if (!(request.body instanceof Uint8Array)) {
        throw new ProblemError('api/invalid-request', 'the body must be application/octet-stream')
      }
      const outcome = await submit(request.body, clientOf(modules, request.headers.authorization))
      if (outcome.kind === 'refused') throw new ProblemError(outcome.code, outcome.detail, outcome.retryAfterMs)
      return reply.type('application/json').send(fileOf(outcome))
    },
  )

  app.post<{ Body: { transactions: string[] } }>(
    '/v1/transactions/batch',
    {
      schema: {
        summary: 'Submit several encoded transactions and wait until each is final or refused',
        body: Type.Object({
          transactions: Type.Array(Type.String({ description: 'base64' }), { minItems: 1, maxItems: BATCH_MAX }),
        }),
      },
    },
    async (request) => {
      const submitter = clientOf(modules, request.headers.authorization)
      const results = request.body.transactions.map(async (text) => {
        const bytes = fromBase64(text)
        if (bytes === undefined) return { problem: problem('transaction/malformed', 'not base64') }
        const outcome = await submit(bytes, submitter)
        if (outcome.kind === 'final') return { receipt: fileOf(outcome) }
        return { problem: problem(outcome.code, outcome.detail, outcome.retryAfterMs) }
      })
      return { results: await Promise.all(results) }
    },
  )

  app.get<{ Params: { id: string }; Querystring: MinHeightQuery }>(
    '/v1/transactions/:id',
    {
      schema: {
        summary: 'The receipt of a final transaction, with proof',
        params: Type.Object({ id: Id }),
        querystring: MinHeight,
        response: { 200: ReceiptDocument },
      },
      serializerCompiler: () => (text) => text as unknown as string,
    },
    async ({ params, query }, reply) => {
      await atLeast(modules, query)
      const location = modules.ledger.locate(params.id)
      if (location === undefined) throw unknownTransaction(modules, params.id)
      await modules.gate.reached(location.height, 'state/not-final')
      const block = loadFinalBlock(modules.ledger, context.sha256, location.height)
      if (block === undefined) throw unknownTransaction(modules, params.id)
      return reply.type('application/json').send(receiptFile(modules, block, location.index))
    },
  )
}

/** Where old blocks were pruned it cannot be told whether the transaction ever was. */
function unknownTransaction({ ledger }: RouteModules, id: string): ProblemError {
  const oldest = ledger.oldest()
  if (oldest === 1) return new ProblemError('transaction/unknown', `no transaction ${id}`)
  return new ProblemError(
    'transaction/not-held',
    `no transaction ${id} in block ${oldest} or above; older ones were pruned here`,
  )
}
