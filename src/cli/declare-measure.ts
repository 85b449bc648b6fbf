import type { Command } from 'commander'
import { type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands of the contract measuring. */
export function declareMeasure(program: Command, session: Session): void {
  const measure = program.command('measure').description('approved measuring software, its systems and their results')
  measure
    .command('algorithms')
    .description('list the algorithms that this version ships, with the hashes of their code')
    .option('--json', 'print it as JSON')
    .action(async (options) => {
      const { algorithms } = await import('./commands/measure.js')
      session.exit = algorithms(options)
    })
  declareVersions(measure, session)
  withSubmitter(measure.command('run'))
    .description('compute a result from raw data, under one version of the software of a system')
    .argument('<system>', 'name of the measuring system')
    .argument('<version>', 'version of its software')
    .argument('<inputs>', 'raw data as JSON; @FILE reads a file, - standard input')
    .action(async (system: string, version: string, inputs: string, options) => {
      const { run } = await import('./commands/measure.js')
      session.exit = await run(system, version, inputs, options)
    })
  withUrls(measure.command('identify'))
    .description('identify the software of a system: versions, hashes, approvals, and what is in force')
    .argument('<system>', 'name of the measuring system')
    .option('--json', 'print it as JSON')
    .action(async (system: string, options) => {
      const { identify } = await import('./commands/measure.js')
      session.exit = await identify(system, options)
    })
  withGenesis(withUrls(measure.command('log')))
    .description('read the event log of a system backwards, with proofs and without a gap')
    .argument('<system>', 'name of the measuring system')
    .option('--limit <n>', 'events at most', '20')
    .option('--json', 'print it as JSON')
    .action(async (system: string, options) => {
      const { showLog } = await import('./commands/measure.js')
      session.exit = await showLog(system, options)
    })
  withGenesis(withUrls(measure.command('reevaluate')))
    .description('compute the result of a receipt again from its raw data, on this machine')
    .argument('<receipt>', 'receipt file of the result')
    .argument('<inputs>', 'raw data as JSON; @FILE reads a file, - standard input')
    .option('--json', 'print it as JSON')
    .action(async (receipt: string, inputs: string, options) => {
      const { reevaluate } = await import('./commands/measure-reevaluate.js')
      session.exit = await reevaluate(receipt, inputs, options)
    })
}

function declareVersions(measure: Command, session: Session): void {
  withSubmitter(measure.command('propose'))
    .description('propose a version of software: an algorithm with its parameters')
    .argument('<software>', 'name of the software')
    .argument('<version>', 'version, such as 1.0.0')
    .argument('<parameters>', 'parameters as JSON; @FILE reads a file, - standard input')
    .requiredOption('--algorithm <name>', 'shipped algorithm, such as brake-2')
    .requiredOption('--certificate <reference>', 'reference of the certificate of approval')
    .option('--certificate-file <file>', 'the certificate itself; its SHA-256 is recorded')
    .option('--supersedes <version>', 'version that this one replaces')
    .option('--allowed-from <height>', 'first height at which it may be used')
    .action(async (software: string, version: string, parameters: string, options) => {
      const { propose } = await import('./commands/measure.js')
      session.exit = await propose(software, version, parameters, options)
    })
  withSubmitter(measure.command('approve'))
    .description('approve a version, after checking that its algorithm is the one of this installation')
    .argument('<software>', 'name of the software')
    .argument('<version>', 'version')
    .action(async (software: string, version: string, options) => {
      const { approve } = await import('./commands/measure.js')
      session.exit = await approve(software, version, options)
    })
}
