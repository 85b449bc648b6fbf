import '../src/base/polyfill.js'
import { Command, InvalidArgumentError, Option } from 'commander'
import { printJson, say, sayError } from '../src/cli/output.js'
import { STRATEGIES } from '../src/sim/adversary/strategies.js'

function number(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text)
    if (!Number.isFinite(value) || value < min || value > max) {
      throw new InvalidArgumentError(`a number from ${min} to ${max}`)
    }
    return value
  }
}

interface ClusterFlags {
  readonly auth: 'signed' | 'vouched'
  readonly workload: 'append' | 'refuel'
  readonly clients: number
  readonly payload: number
  readonly replicas: number
  readonly seconds: number
  readonly delay: number
  readonly window: number
  readonly sync: 'on' | 'off'
  readonly workers?: number
  readonly killLeaderAt?: number
  readonly attack?: string
  readonly json?: boolean
}

const program = new Command('npm run bench --').exitOverride().showHelpAfterError()

program
  .command('cluster')
  .description('throughput, latency and CPU time of real replica processes')
  .addOption(
    new Option('--auth <mode>', 'how transactions are authenticated').choices(['signed', 'vouched']).default('signed'),
  )
  .addOption(new Option('--workload <name>', 'what clients do').choices(['append', 'refuel']).default('append'))
  .option('--clients <n>', 'closed-loop clients', number(1, 50_000), 200)
  .option('--payload <bytes>', 'payload of a transaction', number(1, 4_096), 256)
  .option('--replicas <n>', 'replica processes', number(1, 31), 4)
  .option('--seconds <s>', 'measured time', number(0.5, 600), 15)
  .option('--delay <ms>', 'one-way delay between replicas', number(0, 1_000), 0)
  .option('--window <w>', 'open consensus instances', number(1, 64), 8)
  .addOption(new Option('--sync <mode>', 'off gives up durability').choices(['on', 'off']).default('on'))
  .option('--workers <n>', 'threads that verify signatures, per replica', number(0, 64))
  .option('--kill-leader-at <s>', 'kill -9 of the leader after this time; adds gapMs', number(0, 600))
  .addOption(
    new Option('--attack <strategy>', 'the leader of the first regency is Byzantine').choices([...STRATEGIES, 'none']),
  )
  .option('--json', 'the result as one line of JSON')
  .action(async (flags: ClusterFlags) => {
    const { benchCluster } = await import('./cluster.js')
    const { auth, workload, clients, payload, replicas, seconds, window, delay, sync, workers, killLeaderAt } = flags
    const result = await benchCluster(
      {
        ...{ auth, workload, clients, payload, replicas, seconds, window, workers },
        delayMs: delay,
        sync: sync === 'on',
        killLeaderAtSeconds: killLeaderAt,
        ...(flags.attack === undefined ? {} : { attack: flags.attack }),
      },
      say,
    )
    if (flags.json === true) printJson(result)
    else process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`)
    if (result.divergent > 0 || result.finalizedTransactions === 0) process.exitCode = 1
  })

program
  .command('micro')
  .description('CPU time of the building blocks')
  .option('--quick', 'one short round: shows that everything runs, not how fast')
  .option('--json', 'the result as one line of JSON')
  .action(async (flags: { readonly quick?: boolean; readonly json?: boolean }) => {
    const { benchMicro } = await import('./micro.js')
    const micros = await benchMicro(flags.quick === true, say)
    if (flags.json === true) printJson({ micros, quick: flags.quick === true, node: process.versions.node })
  })

try {
  await program.parseAsync()
} catch (error) {
  const { exitCode } = error as { exitCode?: number }
  if (exitCode === undefined) sayError(error)
  process.exitCode = exitCode === undefined ? 1 : exitCode === 0 ? 0 : 2
}
