import type { Command } from 'commander'
import { collect, type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands of the contract logbook. */
export function declareLog(program: Command, session: Session): void {
  const log = program.command('log').description('the immutable log, and the registry of calibration certificates')
  withSubmitter(log.command('append'))
    .description('append an entry that is listed by subject, category and time')
    .argument('<category>', 'category of the entry')
    .argument('<subject>', 'what it is about, such as an instrument')
    .argument('[payload]', 'text of the entry; it stays in the transaction')
    .option('--file <file>', 'file whose SHA-256 is recorded in place of a text')
    .option('--quantities <json>', 'list of D-SI quantities as JSON; @FILE reads a file')
    .option('--reference <text>', 'what the entry refers to; may be repeated', collect)
    .option('--unlisted', 'by the method append: it costs no state, and is found by its transaction id only')
    .action(async (category: string, subject: string, payload: string | undefined, options) => {
      const { append } = await import('./commands/log.js')
      session.exit = await append(category, subject, payload, options)
    })
  withChain(log.command('list'))
    .description('list entries of a subject or a category, newest first, with proofs and without a gap')
    .option('--limit <n>', 'entries at most', '20')
    .option('--json', 'print it as JSON')
    .action(async (options) => {
      const { list } = await import('./commands/log.js')
      session.exit = await list(options)
    })
  withChain(log.command('export'))
    .description('write all entries of a subject or a category to a file that proves itself')
    .requiredOption('--out <file>', 'file to write')
    .option('--json', 'print what was written as JSON')
    .action(async (options) => {
      const { exportEntries } = await import('./commands/log.js')
      session.exit = await exportEntries(options)
    })
  withGenesis(log.command('verify-export'))
    .description('check an export against the genesis, offline: every entry, and that none is missing')
    .argument('<file>', 'export')
    .option('--json', 'print it as JSON')
    .action(async (file: string, options) => {
      const { verifyExport } = await import('./commands/log.js')
      session.exit = verifyExport(file, options)
    })
  declareDcc(log.command('dcc').description('digital calibration certificates (DCC 2.4 to 3.3)'), session)
}

function withChain(command: Command): Command {
  return withGenesis(withUrls(command))
    .option('--subject <subject>', 'entries of this subject')
    .option('--category <category>', 'entries of this category')
    .option('--from <time>', 'not before this time, such as 2026-11-25 or 2026-11-25T10:00:00Z')
    .option('--to <time>', 'not after this time')
}

function declareDcc(dcc: Command, session: Session): void {
  withSubmitter(dcc.command('register'))
    .description('register a certificate by the hash of its file')
    .argument('<file>', 'XML file of the certificate')
    .option('--supersedes <identifier>', 'certificate that it replaces; else the one that the file says it replaces')
    .action(async (file: string, options) => {
      const { register } = await import('./commands/log-dcc.js')
      session.exit = await register(file, options)
    })
  withSubmitter(dcc.command('revoke'))
    .description('revoke a certificate')
    .argument('<identifier>', 'its unique identifier')
    .argument('<reason>', 'why')
    .action(async (identifier: string, reason: string, options) => {
      const { revoke } = await import('./commands/log-dcc.js')
      session.exit = await revoke(identifier, reason, options)
    })
  withGenesis(withUrls(dcc.command('check')))
    .description(
      'tell whether a certificate is valid, superseded, revoked, altered or unknown, and whether its signature holds',
    )
    .argument('<file>', 'XML file of the certificate')
    .option('--json', 'print it as JSON')
    .action(async (file: string, options) => {
      const { check } = await import('./commands/log-dcc.js')
      session.exit = await check(file, options)
    })
}
