import type { Member } from '../../types/index.js'
import { usage } from '../output.js'
import { readMemberPart } from '../public-part.js'
import { type SubmitOptions, submitCall } from '../submit-call.js'
import { submitterOf } from '../submitter.js'

/** Members of the organization of who signs. */

interface KeyOptions extends SubmitOptions {
  readonly public: string
}

const KINDS: readonly Member['kind'][] = ['admin', 'operator', 'client']

export async function enroll(name: string, options: KeyOptions & { readonly kind: string }): Promise<number> {
  const kind = KINDS.find((known) => known === options.kind)
  if (kind === undefined) throw usage(`--kind cannot be ${options.kind}`, `the kinds are: ${KINDS.join(', ')}`)
  return await submitCall('identity', 'enroll', { name, ...newKey(name, options), kind }, options)
}

export async function rotate(name: string, options: KeyOptions): Promise<number> {
  return await submitCall('identity', 'rotate', { name, ...newKey(name, options) }, options)
}

const newKey = (name: string, options: KeyOptions) =>
  readMemberPart(options.public, submitterOf(options).identity.organization, name)

export async function retire(name: string, options: SubmitOptions): Promise<number> {
  return await submitCall('identity', 'retire', { name }, options)
}
