import type { Command } from 'commander'
import { CLOCK_STATES } from '../formats/ocmf-readings.js'
import { RECORD_FORMATS } from '../formats/signed-record.js'
import { type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** The part of `etalon meter` about signed records. */

function withRecord(command: Command): Command {
  return command
    .argument('<instrument>', 'id of the instrument')
    .argument('<message>', 'the message, or @FILE; of ocmf and jws the whole record')
    .option('--format <format>', `format: ${RECORD_FORMATS.join(', ')}`, 'etalon-2')
    .option('--counter <n>', 'counter, where the record does not carry it')
    .option('--time <time>', 'time that etalon-2 signs')
    .option('--clock <state>', `state of the clock: ${CLOCK_STATES.join(', ')}`)
    .option('--signature <base64>', 'signature, where the record does not carry it')
    .option('--instrument-key <file>', "the instrument's private key (PEM): signs the record here")
}

const NUMBER = ['--number <n>', 'number of the key; the current measuring key if absent'] as const

export function declareMeterRecords(meter: Command, session: Session): void {
  withRecord(meter.command('sign'))
    .description('sign a record and print it as one line of a file of records')
    .action(async (instrument: string, message: string, options) => {
      const { signRecord } = await import('./commands/meter-records.js')
      session.exit = signRecord(instrument, message, options)
    })
  withRecord(withSubmitter(meter.command('anchor')))
    .description('anchor a signed record')
    .option(...NUMBER)
    .action(async (instrument: string, message: string, options) => {
      const { anchor } = await import('./commands/meter-records.js')
      session.exit = await anchor(instrument, message, options)
    })
  withRecord(withGenesis(withUrls(meter.command('verify'))))
    .description('verify a signed record: cryptographic, legal and quality verdicts')
    .option(...NUMBER)
    .option('--known-at <height>', 'judge by what was known at this height')
    .option('--json', 'print it as JSON')
    .action(async (instrument: string, message: string, options) => {
      const { verifyRecord } = await import('./commands/meter-records.js')
      session.exit = await verifyRecord(instrument, message, options)
    })
  withSubmitter(meter.command('anchor-batch'))
    .description('anchor a file of signed records by the root of their tree')
    .argument('<instrument>', 'id of the instrument')
    .argument('<records>', 'file with one record a line, as `etalon meter sign` prints them')
    .option('--instrument-key <file>', "the instrument's private key (PEM): signs the batch")
    .option('--stream <counter>', 'counter that the records count in: record, ocmf-T, ocmf-F')
    .option(...NUMBER)
    .action(async (instrument: string, path: string, options) => {
      const { anchorBatch } = await import('./commands/meter-records.js')
      session.exit = await anchorBatch(instrument, path, options)
    })
  meter
    .command('extract')
    .description('take one record of a batch out, with its proof')
    .argument('<records>', 'file of records that was anchored')
    .argument('<position>', 'position of the record, from 1')
    .requiredOption('--instrument <id>', 'id of the instrument')
    .requiredOption('--receipt <file>', 'receipt of the batch')
    .requiredOption('--out <file>', 'file to write')
    .action(async (path: string, position: string, options) => {
      const { extract } = await import('./commands/meter-records.js')
      session.exit = extract(path, position, options)
    })
  withGenesis(meter.command('check-record'))
    .description('check offline that a record stands in an anchored batch')
    .argument('<file>', 'file that `etalon meter extract` wrote')
    .option('--up <dir>', 'folder of a network of `etalon up`, for its genesis')
    .option('--json', 'print it as JSON')
    .action(async (file: string, options) => {
      const { checkRecord } = await import('./commands/meter-records.js')
      session.exit = checkRecord(file, options)
    })
}
