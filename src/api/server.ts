import swagger from '@fastify/swagger'
import fastify, { type FastifyError, type FastifyReply } from 'fastify'
import { EtalonError } from '../base/errors.js'
import { channelServer } from './channel.js'
import { eventRoutes } from './events.js'
import { HeightGate } from './height-gate.js'
import type { ApiModules, ApiOptions } from './modules.js'
import { operationRoutes } from './operations.js'
import { type Problem, ProblemError, problem } from './problems.js'
import { readRoutes } from './reads.js'
import { transactionRoutes } from './transactions.js'

export interface Api {
  /** `http://host:port` with the real port. */
  readonly url: string
  close(): Promise<void>
}

/** Bytes of a request body, where a route does not say less. */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024

/**
 * Serves the API of one replica: HTTP with OpenAPI, server-sent events, and the streaming channel.
 * @throws EtalonError `api/port-in-use`
 */
export async function createApi(options: ApiOptions, modules: ApiModules): Promise<Api> {
  const app = fastify({
    bodyLimit: REQUEST_BYTES_MAX,
    forceCloseConnections: true,
    // A wrong type is an error of the caller, not something to be made fit.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    frameworkErrors: (error, _request, reply) => send(reply, problem('api/invalid-request', error.message)),
  })
  app.setErrorHandler((error: FastifyError, _request, reply) => send(reply, problemOf(error, modules)))
  app.setNotFoundHandler((request, reply) => send(reply, problem('api/not-found', `${request.method} ${request.url}`)))
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'etalon replica', version: '1', description: 'docs/api.md' } },
  })
  const gate = new HeightGate(modules.replica, modules.ledger)
  transactionRoutes(app, { ...modules, gate })
  readRoutes(app, { ...modules, gate })
  eventRoutes(app, modules)
  operationRoutes(app, modules)
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  const channel = channelServer(app.server, modules)
  try {
    const url = await app.listen(options)
    return {
      url,
      async close() {
        channel.close()
        gate.close()
        await app.close()
      },
    }
  } catch (error) {
    gate.close()
    await app.close()
    throw listenError(error, options)
  }
}

function send(reply: FastifyReply, body: Problem): FastifyReply {
  if (body.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(body.retryAfterMs / 1_000))
  return reply.code(body.status).type('application/problem+json').send(JSON.stringify(body))
}

function problemOf(error: FastifyError | ProblemError, { logger }: ApiModules): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error.statusCode === 413) return problem('api/too-large', error.message)
  if (error.statusCode !== undefined && error.statusCode < 500) return problem('api/invalid-request', error.message)
  logger.error({ problem: error.message }, 'a request failed')
  return problem('api/internal', 'the request could not be answered')
}

function listenError(error: unknown, { host, port }: ApiOptions): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    const remedy = 'choose another port in the config (`api.port`), or end what uses this one'
    return new EtalonError('api/port-in-use', `port ${port} of ${host} is in use`, remedy, { cause: error })
  }
  return error
}
