import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { quorumOf } from '../consensus/index.js'
import type { ApiModules } from './modules.js'

/** Status, health and metrics, for those who run the replica. */
export function operationRoutes(app: FastifyInstance, modules: ApiModules): void {
  const { replica, context } = modules

  app.get('/v1/status', { schema: { summary: 'Where this replica stands' } }, async () => ({
    ...replica.status(),
    network: context.genesis.network,
    contracts: modules.runtime.contractSetHash,
  }))

  app.get('/v1/health', { schema: { summary: '200 while it works and sees a quorum' } }, async (_request, reply) => {
    const { health, connected } = replica.status()
    const { votes } = quorumOf(context.views.current.view.replicas.length)
    const healthy = health === 'running' && connected.length + 1 >= votes
    return reply.code(healthy ? 200 : 503).send({ healthy, health, connected: connected.length, needed: votes - 1 })
  })

  const registry = metricsOf(modules)
  app.get('/metrics', { schema: { summary: 'Prometheus metrics' } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

function metricsOf(modules: ApiModules): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'etalon_' })
  const height = (name: string, help: string, read: () => number) => {
    new Gauge({
      name: `etalon_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  const status = () => modules.replica.status()
  height('finalized_height', 'Highest final height', () => status().finalized)
  height('executed_height', 'Highest executed height', () => status().executed)
  height('regency', 'Regency in force', () => status().regency)
  height('connected_peers', 'Peers with an open connection', () => status().connected.length)
  height('pending_batches', 'Batches that wait to be ordered', () => status().pendingBatches)
  height('waiting_transactions', 'Transactions whose outcome clients await', () => status().waiting)
  height('running', '1 while the replica works', () => (status().health === 'running' ? 1 : 0))
  new Counter({
    name: 'etalon_events_total',
    help: 'Counts by name: transactions, refusals, rejected messages, frames',
    labelNames: ['name'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [name, count] of modules.counters()) this.inc({ name }, count)
    },
  })
  return registry
}
