import type { Command } from 'commander'
import { collect, type Session, withGenesis, withSubmitter, withUrls } from './options.js'

/** Commands of the contract privacy. */
export function declarePrivacy(program: Command, session: Session): void {
  const privacy = program.command('privacy').description('sums of encrypted readings, and confidential documents')
  declareSums(privacy, session)
  declareDocuments(privacy, session)
}

function declareSums(privacy: Command, session: Session): void {
  privacy
    .command('keygen')
    .description('make a key pair of Paillier, 2048 bits, for sums of readings')
    .requiredOption('--out <file>', 'file for the secret key')
    .option('--json', 'print what was made as JSON')
    .action(async (options) => {
      const { keygen } = await import('./commands/privacy-sums.js')
      session.exit = keygen(options)
    })
  withSubmitter(privacy.command('register-key'))
    .description('register the public part of a key with the proof that it is well-formed')
    .argument('<key>', 'name of the key on the ledger')
    .requiredOption('--secret <file>', 'file of the secret key')
    .action(async (key: string, options) => {
      const { registerKey } = await import('./commands/privacy-sums.js')
      session.exit = await registerKey(key, options)
    })
  withSubmitter(privacy.command('contribute'))
    .description('encrypt the reading of a meter, sign it with its key, and add it to a cohort')
    .argument('<cohort>', 'name of the cohort')
    .argument('<meter>', 'id of the meter in pki')
    .argument('<value>', 'reading, a whole number in the unit of the cohort')
    .requiredOption('--meter-key <file>', "the meter's private key on P-256, PEM")
    .action(async (cohort: string, meter: string, value: string, options) => {
      const { contribute } = await import('./commands/privacy-sums.js')
      session.exit = await contribute(cohort, meter, value, options)
    })
  withSubmitter(privacy.command('open'))
    .description('decrypt the sum of a closed cohort and publish it with its proof')
    .argument('<cohort>', 'name of the cohort')
    .requiredOption('--secret <file>', 'file of the secret key')
    .action(async (cohort: string, options) => {
      const { open } = await import('./commands/privacy-sums.js')
      session.exit = await open(cohort, options)
    })
  withGenesis(withUrls(privacy.command('verify-sum')))
    .description('check a published sum against the ciphertexts, on this machine')
    .argument('<cohort>', 'name of the cohort')
    .option('--json', 'print it as JSON')
    .action(async (cohort: string, options) => {
      const { verifySum } = await import('./commands/privacy-sums.js')
      session.exit = await verifySum(cohort, options)
    })
}

function declareDocuments(privacy: Command, session: Session): void {
  withSubmitter(privacy.command('recipient'))
    .description('make an encryption key for the member who signs, and register its public part')
    .requiredOption('--secret <file>', 'file for the secret key')
    .action(async (options) => {
      const { recipient } = await import('./commands/privacy-documents.js')
      session.exit = await recipient(options)
    })
  withSubmitter(privacy.command('seal'))
    .description('encrypt a document for recipients, and publish the commitment to it')
    .argument('<document>', 'name of the document')
    .argument('<fields>', 'fields as a JSON object of texts; @FILE reads a file, - standard input')
    .requiredOption('--envelope <file>', 'file for the envelope, which goes to the recipients')
    .option('--to <organization/member>', 'recipient; may be repeated', collect)
    .option('--on-ledger', 'put the ciphertext on the ledger as well; the sealed keys never are')
    .action(async (document: string, fields: string, options) => {
      const { seal } = await import('./commands/privacy-documents.js')
      session.exit = await seal(document, fields, options)
    })
  withGenesis(withUrls(privacy.command('unseal')))
    .description('read a document, and check it against the ledger')
    .argument('<envelope>', 'envelope')
    .requiredOption('--secret <file>', "file of the recipient's secret key")
    .option('--json', 'print it as JSON')
    .action(async (envelope: string, options) => {
      const { unseal } = await import('./commands/privacy-documents.js')
      session.exit = await unseal(envelope, options)
    })
  withGenesis(privacy.command('disclose'))
    .description('write some fields of a document to a file that proves them, and no others')
    .argument('<envelope>', 'envelope')
    .requiredOption('--secret <file>', "file of the recipient's secret key")
    .requiredOption('--out <file>', 'file for the disclosure')
    .option('--field <name>', 'field to disclose; may be repeated', collect)
    .option('--up <dir>', 'folder of a network of `etalon up` (.etalon/up if it is there)')
    .option('--json', 'print it as JSON')
    .action(async (envelope: string, options) => {
      const { disclose } = await import('./commands/privacy-documents.js')
      session.exit = disclose(envelope, options)
    })
  withGenesis(withUrls(privacy.command('verify-disclosure')))
    .description('check disclosed fields against the ledger')
    .argument('<file>', 'disclosure')
    .option('--json', 'print it as JSON')
    .action(async (file: string, options) => {
      const { verify } = await import('./commands/privacy-documents.js')
      session.exit = await verify(file, options)
    })
}
