import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ApiModules } from './modules.js'

/** Status, health and metrics, for those who run the replica. */
export function operationRoutes(app: FastifyInstance, modules: ApiModules): void {
  const { replica, context } = modules

  app.get('/v1/status', { schema: { summary: 'Where this replica stands' } }, async () => {
    const { voting, needed, silent: silentMembers, quorum, advice } = replica.network()
    return {
      ...replica.status(),
      network: context.genesis.network,
      contracts: modules.runtime.contractSetHash,
      voting,
      votesNeeded: needed,
      silentMembers,
      quorum,
      ...(advice === undefined ? {} : { advice }),
    }
  })

  app.get(
    '/v1/health',
    { schema: { summary: '200 while it works and sees so many replicas that vote that blocks can become final' } },
    async (_request, reply) => {
      const { health, connected } = replica.status()
      const { voting, needed, silent, quorum, advice } = replica.network()
      const healthy = health === 'running' && quorum === 'present' && advice === undefined
      return reply.code(healthy ? 200 : 503).send({
        healthy,
        health,
        connected: connected.length,
        needed: needed - 1,
        voting,
        votesNeeded: needed,
        silent,
        quorum,
        ...(advice === undefined ? {} : { advice }),
      })
    },
  )

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
  height('voting_replicas', 'Members that vote, as this replica sees it', () => modules.replica.network().voting)
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
