import { fromUtf8 } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'
import { LightClient } from '../../client/index.js'
import {
  evaluate,
  type Finding,
  findingHash,
  inputHash,
  isShipped,
  measuringKeys,
  type SoftwareRecord,
} from '../../contracts/index.js'
import { nativeSuite } from '../../crypto/native.js'
import type { Genesis } from '../../types/index.js'
import { readArguments } from '../arguments.js'
import { readTextFile } from '../files.js'
import type { NetworkOptions } from '../network.js'
import { EXIT, printResult, say } from '../output.js'
import { readerOf } from '../submit-call.js'
import { findingText } from './measure.js'

/**
 * Computes a disputed result again, trusting nobody: the receipt is checked against the genesis, the version with its parameters is read with
 * proof, and the algorithm runs on this machine, if it is the one that was approved.
 */
export async function reevaluate(
  receiptFile: string,
  inputsText: string,
  options: NetworkOptions & { readonly json?: boolean },
): Promise<number> {
  const { client, genesis } = readerOf(options)
  const { finding, findingHash: recorded } = measuredOf(genesis, receiptFile)
  const { software, version } = finding
  const inputs = readArguments(inputsText)
  const hash = inputHash(nativeSuite, inputs)
  if (hash !== finding.inputHash) {
    const message = `the raw data have the hash ${hash}, those of the receipt ${finding.inputHash}`
    throw new EtalonError('measure/input-differs', message, 'give the raw data that the result was computed from')
  }
  const record = (await client.state(measuringKeys.software(software, version))).value as SoftwareRecord | undefined
  if (record === undefined || !isShipped(record)) {
    const message = `this installation does not ship ${finding.algorithm} with the hash ${finding.codeHash}`
    throw new EtalonError('measure/other-code', message, 'use a version of etalon that does')
  }
  const evaluated = evaluate(nativeSuite, record, inputs)
  const again = 'finding' in evaluated ? evaluated.finding : undefined
  const same = again !== undefined && findingHash(nativeSuite, again) === recorded
  printResult(
    options.json,
    { same, software, version, recorded: finding, again: again ?? null },
    again === undefined ? 'no result follows from the raw data' : findingText(again),
  )
  say(same ? 'the same, bit for bit' : 'NOT the same as the receipt has')
  return same ? EXIT.ok : EXIT.failed
}

interface Measured {
  readonly finding: Finding
  readonly findingHash: string
}

function measuredOf(genesis: Genesis, path: string): Measured {
  const read = new LightClient(genesis, nativeSuite).readReceipt(readTextFile(path))
  if ('problem' in read) {
    throw new EtalonError(
      'receipt/not-proven',
      read.problem,
      '`etalon verify` says more; ask a replica for the receipt anew',
    )
  }
  const { receipt } = read.proven
  const isMeasured = receipt.events.some(({ name }) => name === 'measuring/measured')
  const result: unknown = isMeasured ? JSON.parse(fromUtf8(receipt.result) ?? 'null') : null
  if (result === null) {
    throw new EtalonError(
      'measure/no-result',
      `${path} is not the receipt of a result`,
      'give one of `etalon measure run --out`',
    )
  }
  return result as Measured
}
