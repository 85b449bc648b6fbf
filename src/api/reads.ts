import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { toBase64, toHex } from '../base/bytes.js'
import { decodeReceipt } from '../codec/block.js'
import { finalityDocument, viewLinkDocument } from '../codec/view-links.js'
import { loadFinalBlock, viewLinks } from '../replica/index.js'
import { atLeast, MinHeight, type MinHeightQuery, type RouteModules } from './modules.js'
import { ProblemError } from './problems.js'

/** View links of one answer. */
const LINKS_MAX = 100

/** Blocks, state with proof, queries, and what describes the network. */
export function readRoutes(app: FastifyInstance, modules: RouteModules): void {
  const { context, ledger, runtime } = modules
  blockRoute(app, modules)

  app.get<{ Params: { '*': string }; Querystring: MinHeightQuery & { readonly settled?: 'true' } }>(
    '/v1/state/*',
    {
      schema: {
        summary: 'One key of the contract state with its proof, under a final header or that of the genesis',
        querystring: Type.Object({
          ...MinHeight.properties,
          settled: Type.Optional(
            Type.Literal('true', {
              description: 'wait until all that is executed here is final, a few seconds at most; for quorum reads',
            }),
          ),
        }),
      },
    },
    async ({ params, query }) => {
      await atLeast(modules, query)
      // What this replica has accepted by now may be acknowledged elsewhere already: a quorum read counts on it.
      if (query.settled === 'true') await modules.gate.settled()
      return stateDocument(modules, params['*'])
    },
  )

  app.post<{ Params: { contract: string; query: string }; Body: unknown; Querystring: MinHeightQuery }>(
    '/v1/query/:contract/:query',
    {
      schema: {
        summary: 'Ask a query of a contract; the body holds its arguments',
        params: Type.Object({ contract: Type.String({ maxLength: 64 }), query: Type.String({ maxLength: 64 }) }),
        querystring: MinHeight,
      },
    },
    async ({ params, body, query }) => {
      await atLeast(modules, query)
      const { height } = ledger.tip().header
      const answer = await runtime.query(params.contract, params.query, body ?? {}, ledger, height)
      if (!answer.ok) throw new ProblemError(answer.code, answer.detail)
      return { height, value: answer.value }
    },
  )

  app.get('/v1/contracts', { schema: { summary: 'Methods, queries, schemas, roles and refusal codes' } }, async () =>
    runtime.describe(),
  )
  app.get('/v1/genesis', { schema: { summary: 'The genesis document of this network' } }, async () => context.genesis)
  app.get<{ Querystring: { after?: string } }>(
    '/v1/views',
    {
      schema: {
        summary: 'Links from view to view, each proven by the one before',
        querystring: Type.Object({ after: Type.Optional(Type.String({ pattern: '^[0-9]{1,9}$' })) }),
      },
    },
    async ({ query }) => {
      const { view } = context.views.current
      const links = viewLinks(context, ledger, view.id, Number(query.after ?? 0))
      return { view: view.id, links: links.slice(0, LINKS_MAX).map(viewLinkDocument) }
    },
  )
  app.get('/v1/evidence', { schema: { summary: 'Signed contradictions of replicas' } }, async () => ({
    evidence: modules.replica.evidence().map(({ replica, reason, messages }) => ({
      replica,
      reason,
      messages: messages.map(toBase64),
    })),
  }))
}

function blockRoute(app: FastifyInstance, modules: RouteModules): void {
  const { context, ledger } = modules
  app.get<{ Params: { height: string } }>(
    '/v1/blocks/:height',
    {
      schema: {
        summary: 'A final block: header, certificate and receipts',
        params: Type.Object({ height: Type.String({ pattern: '^(latest|[0-9]{1,15})$' }) }),
      },
    },
    async ({ params }) => {
      await modules.gate.written()
      const height = params.height === 'latest' ? ledger.tip().header.height : Number(params.height)
      refusePruned(modules, height)
      const block = loadFinalBlock(ledger, context.sha256, height)
      if (block === undefined) throw new ProblemError('block/unknown', `no final block at height ${params.height}`)
      const { sealed, finality, receipts } = block
      return {
        hash: sealed.hash,
        ...sealed.header,
        proof: { header: toBase64(sealed.bytes), ...finalityDocument(finality) },
        receipts: receipts.map((bytes) => {
          const receipt = decodeReceipt(bytes)
          return { transaction: receipt?.transaction, status: receipt?.status, code: receipt?.code }
        }),
      }
    },
  )
}

/** @throws ProblemError `block/pruned` */
export function refusePruned({ ledger }: RouteModules, height: number): void {
  const oldest = ledger.oldest()
  if (height === 0 || height >= oldest) return
  throw new ProblemError('block/pruned', `block ${height} was pruned here; the oldest one kept is ${oldest}`)
}

function stateDocument(modules: RouteModules, key: string) {
  const { ledger } = modules
  if (key.length === 0 || key.length > 512) throw new ProblemError('api/invalid-request', 'a key has 1 to 512 bytes')
  const { value, proof } = ledger.prove(key)
  const tip = ledger.tip()
  const { height } = tip.header
  const finality = ledger.finality(height)
  // Genesis needs none: whoever has the genesis document knows its header.
  if (finality === undefined && height > 0) throw new ProblemError('state/not-final', 'not certified yet', 1_000)
  const siblings = proof.siblings.map((sibling) => (sibling === undefined ? null : toHex(sibling)))
  const other = proof.other && { keyHash: toHex(proof.other.keyHash), valueHash: toHex(proof.other.valueHash) }
  return {
    height,
    replica: modules.context.self,
    key,
    value: value === undefined ? null : toBase64(value),
    proof: { siblings, ...(other === undefined ? {} : { other }) },
    header: toBase64(tip.bytes),
    ...(finality === undefined ? { certificate: null } : finalityDocument(finality)),
  }
}
