#!/usr/bin/env node
import '../base/polyfill.js'
import { Command } from 'commander'
import { EtalonError } from '../base/errors.js'
import { EXIT, sayError } from './output.js'

const program = new Command('etalon')
  .description('BFT consensus node for legal metrology')
  .showHelpAfterError()
  .exitOverride()

program
  .command('up')
  .description('run a network of organizations on this machine, a process each')
  .option('--replicas <n>', 'number of organizations', '4')
  .option('--data <dir>', 'where its files and data are', '.etalon/up')
  .option('--port <port>', 'first port of the APIs; free ones otherwise')
  .option('--for <duration>', 'stop after this time, e.g. 20s')
  .option('--fresh', 'begin anew: removes the data of earlier runs')
  .option('--no-demo', 'without the demo world')
  .option('--json', 'print the result as JSON, the last line of standard output')
  .action(async (options) => {
    const { up } = await import('./up.js')
    process.exitCode = await up(options)
  })

program
  .command('start <config>')
  .description('run one replica')
  .option('--json', 'print where it is as JSON')
  .action(async (config: string, options) => {
    const { startReplica } = await import('./start.js')
    await startReplica(config, options)
  })

try {
  await program.parseAsync()
} catch (error) {
  const usage = error instanceof EtalonError && error.code === 'cli/usage'
  const { exitCode } = error as { exitCode?: number }
  if (exitCode === undefined) sayError(error)
  process.exitCode = exitCode === undefined ? (usage ? EXIT.usage : EXIT.failed) : exitCode === 0 ? EXIT.ok : EXIT.usage
}
