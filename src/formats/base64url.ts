import { fromBase64, toBase64 } from '../base/bytes.js'

/** Reads base64url without padding (RFC 7515 appendix C) strictly: one text for each content. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
  return fromBase64(base64.padEnd(base64.length + ((4 - (base64.length % 4)) % 4), '='))
}

export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
