import { EtalonError } from '../base/errors.js'

const TIMEOUT_MS = 8_000

/**
 * Asks one replica something that comes without proof.
 * @returns parsed JSON
 * @throws EtalonError `client/unreachable`, `client/unexpected-answer`, or with the code of the replica
 */
export async function askReplica(url: string, path: string, init: RequestInit = {}): Promise<unknown> {
  const { ok, status, text } = await answerOf(url, path, init)
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw unexpected(`${url} answered with something else than JSON (HTTP status ${status})`)
  }
  if (ok) return document
  const { code, detail, remedy } = (document ?? {}) as Readonly<Record<string, unknown>>
  if (typeof code !== 'string' || typeof detail !== 'string') throw unexpected(`${url} answered HTTP status ${status}`)
  throw new EtalonError(code, detail, typeof remedy === 'string' ? remedy : 'see docs/errors.md')
}

async function answerOf(url: string, path: string, init: RequestInit) {
  try {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    return { ok: response.ok, status: response.status, text: await response.text() }
  } catch (cause) {
    const remedy = 'check that the replica runs and that the address is right'
    throw new EtalonError('client/unreachable', `${url} does not answer`, remedy, { cause })
  }
}

function unexpected(message: string): EtalonError {
  return new EtalonError('client/unexpected-answer', message, "check that the address is that of a replica's API")
}
