import { readArguments } from '../arguments.js'
import { type SubmitOptions, submitCall } from '../submit-call.js'

/** Submits a transaction, waits until it is final, and checks the receipt against the genesis. */
export async function submit(
  contract: string,
  method: string,
  argsText: string,
  options: SubmitOptions,
): Promise<number> {
  return await submitCall(contract, method, readArguments(argsText), options)
}
