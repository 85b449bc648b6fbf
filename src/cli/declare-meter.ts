import type { Command } from 'commander'
import { KEY_USAGES } from '../formats/pki-status.js'
import { KEY_CURVES } from '../formats/public-key.js'
import { declareMeterRecords } from './declare-meter-records.js'
import { collect, type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands of the contract pki: instruments, their keys, and what they signed. */
export function declareMeter(program: Command, session: Session): void {
  const meter = program.command('meter').description('keys of measuring instruments, and the records that they sign')
  declareNewKeys(meter, session)
  declareEvents(meter, session)
  declareSeals(meter, session)
  declareApprovals(meter, session)
  declareStatus(meter, session)
  declareMeterRecords(meter, session)
}

const INSTRUMENT = ['<instrument>', 'id of the instrument'] as const
const NUMBER = ['--number <n>', 'number of the key; the current measuring key if absent'] as const
const REASON = ['--reason <text>', 'reason, for people'] as const

function withNewKey(command: Command): Command {
  return withSubmitter(command)
    .argument(...INSTRUMENT)
    .option('--instrument-key <file>', "the instrument's new private key (PEM): signs the proof of possession")
    .option('--public-key <file>', 'its public key in any form, where the private one stays in the instrument')
    .option('--curve <name>', `curve of a bare point: ${KEY_CURVES.join(', ')}`)
    .option('--possession <base64>', 'signature over the text of `etalon meter statement possession`')
    .option('--valid-until <time>', 'end of its validity')
}

const withUsages = (command: Command): Command =>
  command.option(
    '--usage <usage>',
    `what it may sign, may be repeated: ${KEY_USAGES.join(', ')} (measure if absent)`,
    collect,
  )

function declareNewKeys(meter: Command, session: Session): void {
  withUsages(withNewKey(meter.command('propose')))
    .description('register an instrument with its key')
    .requiredOption('--type <type>', 'type of the instrument')
    .option('--operator <organization>', 'who runs it; the manufacturer if absent')
    .option('--approval <id>', 'its type approval')
    .option('--serial <text>', 'serial number that its records carry')
    .option('--seal <number>', 'number of a seal on it; may be repeated', collect)
    .action(async (instrument: string, options) => {
      const { propose } = await import('./commands/meter-life.js')
      session.exit = await propose(instrument, options)
    })
  withUsages(withNewKey(meter.command('add-key')))
    .description('propose a further key of a registered instrument')
    .action(async (instrument: string, options) => {
      const { addKey } = await import('./commands/meter-life.js')
      session.exit = await addKey(instrument, options)
    })
  withNewKey(meter.command('rotate'))
    .description('replace a key by a new one that the old key has signed')
    .option(...NUMBER)
    .option('--old-key <file>', 'the old private key (PEM): signs the new one')
    .option('--co-signature <base64>', 'signature of the old key over the text of `etalon meter statement rotation`')
    .action(async (instrument: string, options) => {
      const { rotate } = await import('./commands/meter-life.js')
      session.exit = await rotate(instrument, options)
    })
  withNewKey(meter.command('emergency-rotate'))
    .description('replace, as the authority, a key that is no longer to be trusted')
    .option(...NUMBER)
    .requiredOption('--since <time>', 'from when on the old key is not to be trusted')
    .requiredOption(...REASON)
    .action(async (instrument: string, options) => {
      const { emergencyRotate } = await import('./commands/meter-life.js')
      session.exit = await emergencyRotate(instrument, options)
    })
  meter
    .command('statement')
    .description('print the exact text that a key has to sign, for signatures made elsewhere')
    .argument('<what>', 'possession (the new key signs) or rotation (the old key signs)')
    .argument(...INSTRUMENT)
    .argument('<public-key>', 'file with the new public key in any form')
    .option('--organization <id>', 'of possession: id of the organization that brings the key')
    .option('--curve <name>', 'curve of a bare point')
    .option('--json', 'print it as JSON')
    .action(async (what: string, instrument: string, path: string, options) => {
      const { statement } = await import('./commands/meter-life.js')
      session.exit = statement(what, instrument, path, options)
    })
}

function declareEvents(meter: Command, session: Session): void {
  const events = [
    ['endorse', 'endorse', "give the organization's vote for a proposed key", false],
    ['suspend', 'suspend', 'suspend a key, or without --number the instrument', true],
    ['resume', 'resume', 'end a suspension', false],
    ['retire', 'retire', 'end the use of a key', false],
  ] as const
  for (const [name, method, description, hasSince] of events) {
    const command = withSubmitter(meter.command(name))
      .description(description)
      .argument(...INSTRUMENT)
      .option('--number <n>', 'number of the key')
    if (name === 'suspend') command.requiredOption(...REASON)
    else if (name !== 'endorse') command.option(...REASON)
    if (hasSince) command.option('--since <time>', 'since when; the time of the block if absent')
    command.action(async (instrument: string, options) => {
      const { event } = await import('./commands/meter-life.js')
      session.exit = await event(method, instrument, options)
    })
  }
  withSubmitter(meter.command('revoke'))
    .description('revoke a key since a time at or before now')
    .argument(...INSTRUMENT)
    .option(...NUMBER)
    .requiredOption('--since <time>', 'from when on it is not to be trusted')
    .requiredOption(...REASON)
    .action(async (instrument: string, options) => {
      const { revoke } = await import('./commands/meter-life.js')
      session.exit = await revoke(instrument, options)
    })
}

function declareSeals(meter: Command, session: Session): void {
  withSubmitter(meter.command('break-seal'))
    .description('record that the seal of an instrument is broken')
    .argument(...INSTRUMENT)
    .requiredOption(...REASON)
    .option('--since <time>', 'since when; the time of the block if absent')
    .action(async (instrument: string, options) => {
      const { event } = await import('./commands/meter-life.js')
      session.exit = await event('breakSeal', instrument, options)
    })
  withSubmitter(meter.command('renew-seal'))
    .description('record the seals of a re-verification')
    .argument(...INSTRUMENT)
    .requiredOption('--seal <number>', 'number of a seal; may be repeated', collect)
    .option(...REASON)
    .action(async (instrument: string, options) => {
      const { renewSeal } = await import('./commands/meter-life.js')
      session.exit = await renewSeal(instrument, options)
    })
}

function declareApprovals(meter: Command, session: Session): void {
  withSubmitter(meter.command('approve-type'))
    .description('record the type approval of instruments')
    .argument('<approval>', 'id of the type approval')
    .argument('<certificate>', 'file with the certificate; its SHA-256 is recorded')
    .requiredOption('--type <type>', 'type of the instruments')
    .requiredOption('--manufacturer <organization>', 'organization whose instruments it covers')
    .option('--valid-until <time>', 'end of its validity')
    .action(async (approval: string, certificate: string, options) => {
      const { approveType } = await import('./commands/meter-life.js')
      session.exit = await approveType(approval, certificate, options)
    })
  withSubmitter(meter.command('withdraw-type'))
    .description('withdraw a type approval')
    .argument('<approval>', 'id of the type approval')
    .requiredOption(...REASON)
    .action(async (approval: string, options) => {
      const { withdrawType } = await import('./commands/meter-life.js')
      session.exit = await withdrawType(approval, options)
    })
}

function withTime(command: Command): Command {
  return command
    .option('--at <time>', 'the time asked about', 'now')
    .option('--known-at <height>', 'by what was known at this height; everything that is known if absent')
    .option(...NUMBER)
    .option('--json', 'print it as JSON')
}

function declareStatus(meter: Command, session: Session): void {
  withGenesis(withUrls(meter.command('show')))
    .description('show an instrument with its keys and its history, proven')
    .argument(...INSTRUMENT)
    .option('--json', 'print it as JSON')
    .action(async (instrument: string, options) => {
      const { show } = await import('./commands/meter-status.js')
      session.exit = await show(instrument, options)
    })
  withTime(withGenesis(withUrls(meter.command('status'))))
    .description('tell whether a key was entitled to sign at a time, proven')
    .argument(...INSTRUMENT)
    .action(async (instrument: string, options) => {
      const { status } = await import('./commands/meter-status.js')
      session.exit = await status(instrument, options)
    })
  withGenesis(withUrls(meter.command('proof')))
    .description('write the record of an instrument with its proof to a file')
    .argument(...INSTRUMENT)
    .requiredOption('--out <file>', 'file to write')
    .action(async (instrument: string, options) => {
      const { proof } = await import('./commands/meter-status.js')
      session.exit = await proof(instrument, options)
    })
  withTime(withGenesis(meter.command('check')))
    .description('tell offline, from a proof file, whether a key was entitled to sign at a time')
    .argument('<file>', 'file that `etalon meter proof` wrote')
    .option('--up <dir>', 'folder of a network of `etalon up`, for its genesis')
    .action(async (file: string, options) => {
      const { check } = await import('./commands/meter-status.js')
      session.exit = check(file, options)
    })
}
