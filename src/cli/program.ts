import { existsSync, readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { declareChecks } from './declare-checks.js'
import { declareFuel } from './declare-fuel.js'
import { declareLog } from './declare-log.js'
import { declareMeasure } from './declare-measure.js'
import { declareMeter } from './declare-meter.js'
import { declareNetwork } from './declare-network.js'
import { declareOrg } from './declare-org.js'
import { declarePrivacy } from './declare-privacy.js'
import { declareSetup } from './declare-setup.js'
import type { Session } from './options.js'
import { EXIT, errorDocument, exitOf, printJson, sayError } from './output.js'

const AFTER_HELP = `
A first look:
  etalon up                                   run four organizations on this machine
  etalon status                               where their replicas stand
  etalon contracts logbook                    what can be submitted
  etalon tx submit logbook append '{"category":"note","subject":"first","payload":"hello"}' \\
    --key .etalon/up/maker/admin.key.json --out receipt.json
  etalon verify receipt.json                  check the receipt, offline

Exit status: 0 it holds, 1 something did not hold, 2 wrong usage. docs/cli.md has every command.`

/** The whole command line. Actions load what they need when they are called, so that help is fast. */
export function createProgram(session: Session): Command {
  const program = new Command('etalon')
    .description('BFT consensus node for legal metrology')
    .version(ownVersion())
    // `init` and the commands below it have options of the same names
    .enablePositionalOptions()
    .showHelpAfterError('(add --help to see what there is)')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
  declareSetup(program, session)
  declareNetwork(program, session)
  declareOrg(program, session)
  declareMeasure(program, session)
  declareLog(program, session)
  declarePrivacy(program, session)
  declareMeter(program, session)
  declareFuel(program, session)
  declareChecks(program, session)
  return program
}

/**
 * Runs one command line.
 * @param args without the program's own name
 * @returns the exit status; `undefined` leaves it as the command set it
 */
export async function run(args: readonly string[]): Promise<number | undefined> {
  const session: Session = { exit: undefined }
  let json = false
  const program = createProgram(session)
  program.hook('preAction', (_, action) => {
    json = action.opts<{ json?: boolean }>().json === true
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return session.exit
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    sayError(error)
    if (json) printJson({ error: errorDocument(error) })
    return exitOf(error)
  }
}

/** From package.json, which stands above the sources as well as above what is built of them. */
function ownVersion(): string {
  const candidates = ['../../package.json', '../../../package.json'].map((path) => new URL(path, import.meta.url))
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found === undefined) return 'unknown'
  return (JSON.parse(readFileSync(found, 'utf8')) as { version: string }).version
}
