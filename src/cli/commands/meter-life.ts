import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { KeyCurve } from '../../formats/public-key.js'
import { possessionStatement, rotationStatement } from '../../formats/record-statements.js'
import { readTextFile } from '../files.js'
import { readInstrumentPublicKey, readInstrumentSigner } from '../instrument-key.js'
import { defined, keyNumber } from '../meter-options.js'
import { EXIT, printResult, usage } from '../output.js'
import { type SubmitOptions, submitCall } from '../submit-call.js'
import { submitterOf } from '../submitter.js'
import { optionalTime, readTime } from '../times.js'

/** Commands of the life of an instrument and its keys: they make or take signatures, and submit. */

export interface NewKeyOptions {
  readonly instrumentKey?: string
  readonly publicKey?: string
  readonly curve?: string
  readonly possession?: string
  readonly validUntil?: string
  readonly usage?: readonly string[]
}

/** What a new key comes with: proof of possession made here from the private key, or a signature that was made elsewhere. */
function newKeyOf(instrument: string, options: SubmitOptions & NewKeyOptions) {
  const { instrumentKey, publicKey: path, curve, possession, validUntil, usage: usages } = options
  const more = defined({ validUntilMs: optionalTime('--valid-until', validUntil), usages })
  if (instrumentKey !== undefined) {
    if (path !== undefined || possession !== undefined) throw usage('--instrument-key has all that is needed', CHOICE)
    const { publicKey, signText } = readInstrumentSigner(instrumentKey)
    const { key } = publicKey
    const { organization } = submitterOf(options).identity
    return {
      publicKey: key,
      curve: publicKey.curve,
      possession: signText(possessionStatement(organization, instrument, key)),
      ...more,
    }
  }
  if (path === undefined || possession === undefined) throw usage('it is not said which key', CHOICE)
  const key = readInstrumentPublicKey(path, curve as KeyCurve | undefined)
  return { publicKey: key.key, curve: key.curve, possession, ...more }
}

const CHOICE = 'give --instrument-key FILE, or --public-key FILE with --possession SIGNATURE'

export interface ProposeOptions extends SubmitOptions, NewKeyOptions {
  readonly type: string
  readonly operator?: string
  readonly approval?: string
  readonly serial?: string
  readonly seal?: readonly string[]
}

export async function propose(instrument: string, options: ProposeOptions): Promise<number> {
  const { type, operator, approval, serial, seal: seals } = options
  const args = { instrument, type, ...newKeyOf(instrument, options), ...defined({ operator, approval, serial, seals }) }
  return submitCall('pki', 'propose', args, options)
}

export async function addKey(instrument: string, options: SubmitOptions & NewKeyOptions): Promise<number> {
  return submitCall('pki', 'addKey', { instrument, ...newKeyOf(instrument, options) }, options)
}

export interface EventOptions extends SubmitOptions {
  readonly number?: string
  readonly reason?: string
  readonly since?: string
}

/** Methods that take an instrument, a key, a reason and a time, each where it has them. */
export type EventMethod = 'endorse' | 'suspend' | 'resume' | 'retire' | 'breakSeal'

export async function event(method: EventMethod, instrument: string, options: EventOptions): Promise<number> {
  const { number, reason, since } = options
  const given = defined({ key: keyNumber(number), reason, sinceMs: optionalTime('--since', since) })
  return submitCall('pki', method, { instrument, ...given }, options)
}

export async function revoke(instrument: string, options: EventOptions & { readonly since: string }): Promise<number> {
  const { number, reason, since } = options
  const given = defined({ key: keyNumber(number), reason })
  return submitCall('pki', 'revoke', { instrument, invalidSinceMs: readTime('--since', since), ...given }, options)
}

export interface RotateOptions extends SubmitOptions, NewKeyOptions {
  readonly number?: string
  readonly oldKey?: string
  readonly coSignature?: string
}

export async function rotate(instrument: string, options: RotateOptions): Promise<number> {
  const fresh = newKeyOf(instrument, options)
  const args = { instrument, ...fresh, coSignature: coSignatureOf(instrument, fresh.publicKey, options) }
  return submitCall('pki', 'rotate', { ...args, ...defined({ key: keyNumber(options.number) }) }, options)
}

function coSignatureOf(instrument: string, key: string, { oldKey, coSignature }: RotateOptions): string {
  if (coSignature !== undefined && oldKey === undefined) return coSignature
  if (oldKey === undefined || coSignature !== undefined) {
    throw usage('it is not said how the old key signs', 'give --old-key FILE, or --co-signature SIGNATURE')
  }
  return readInstrumentSigner(oldKey).signText(rotationStatement(instrument, key))
}

export async function emergencyRotate(
  instrument: string,
  options: RotateOptions & { readonly since: string; readonly reason: string },
): Promise<number> {
  const { since, reason, number } = options
  const given = { reason, invalidSinceMs: readTime('--since', since), ...defined({ key: keyNumber(number) }) }
  return submitCall('pki', 'emergencyRotate', { instrument, ...newKeyOf(instrument, options), ...given }, options)
}

export async function renewSeal(
  instrument: string,
  options: SubmitOptions & { readonly seal: readonly string[]; readonly reason?: string },
): Promise<number> {
  const { seal: seals, reason } = options
  return submitCall('pki', 'renewSeal', { instrument, seals, ...defined({ reason }) }, options)
}

export async function approveType(
  approval: string,
  certificate: string,
  options: SubmitOptions & { readonly type: string; readonly manufacturer: string; readonly validUntil?: string },
): Promise<number> {
  const { type, manufacturer, validUntil } = options
  readTextFile(certificate)
  const documentHash = createHash('sha256').update(readFileSync(certificate)).digest('hex')
  const args = {
    approval,
    type,
    manufacturer,
    documentHash,
    ...defined({ validUntilMs: optionalTime('--valid-until', validUntil) }),
  }
  return submitCall('pki', 'approveType', args, options)
}

export async function withdrawType(
  approval: string,
  options: SubmitOptions & { readonly reason: string },
): Promise<number> {
  return submitCall('pki', 'withdrawType', { approval, reason: options.reason }, options)
}

/** Prints the exact text that a key has to sign, for signatures that are made elsewhere. */
export function statement(
  what: string,
  instrument: string,
  path: string,
  options: { readonly curve?: string; readonly organization?: string; readonly json?: boolean },
): number {
  const { key } = readInstrumentPublicKey(path, options.curve as KeyCurve | undefined)
  const text = statementOf(what, instrument, key, options.organization)
  if (options.json === true) printResult(true, { statement: text }, '')
  else process.stdout.write(text)
  return EXIT.ok
}

function statementOf(what: string, instrument: string, key: string, organization: string | undefined): string {
  if (what === 'rotation') return rotationStatement(instrument, key)
  if (what !== 'possession') throw usage(`there is no statement ${what}`, 'ask for possession or rotation')
  if (organization === undefined) throw usage('it is not said who brings the key', 'give --organization ORG')
  return possessionStatement(organization, instrument, key)
}
