const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Characters of a text in base58 at most: the time grows with the square of the length. */
export const BASE58_LENGTH_MAX = 128

/** Reads base58 of Bitcoin's alphabet, which multibase calls base58btc; `undefined` when it is anything else. */
export function fromBase58(text: string): Uint8Array | undefined {
  if (text.length > BASE58_LENGTH_MAX) return undefined
  const bytes: number[] = []
  for (const character of text) {
    let carry = ALPHABET.indexOf(character)
    if (carry < 0) return undefined
    for (let i = 0; i < bytes.length; i++) {
      carry += (bytes[i] as number) * 58
      bytes[i] = carry & 0xff
      carry >>= 8
    }
    while (carry > 0) {
      bytes.push(carry & 0xff)
      carry >>= 8
    }
  }
  for (let i = 0; text[i] === '1'; i++) bytes.push(0)
  return Uint8Array.from(bytes.reverse())
}

/** The inverse. */
export function toBase58(bytes: Uint8Array): string {
  const digits: number[] = []
  for (const byte of bytes) {
    let carry = byte
    for (let i = 0; i < digits.length; i++) {
      carry += (digits[i] as number) << 8
      digits[i] = carry % 58
      carry = Math.trunc(carry / 58)
    }
    while (carry > 0) {
      digits.push(carry % 58)
      carry = Math.trunc(carry / 58)
    }
  }
  for (let i = 0; bytes[i] === 0; i++) digits.push(0)
  return digits
    .reverse()
    .map((digit) => ALPHABET[digit])
    .join('')
}
