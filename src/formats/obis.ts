import type { Problem } from './problem.js'

/**
 * OBIS codes (IEC 62056-6-1): what a reading is, as A-B:C.D.E*F. Three ways of writing occur in the field: decimal, `1-0:1.8.0*255`;
 * with letters for a channel or tariff that is left open, `1-b:1.8.e`; and in chargers two hexadecimal digits for each group, with a
 * star or a point before the last, `01-00:B2.08.00*FF`.
 */

export interface Obis {
  /** Medium; 1 is electricity. */
  readonly a: number
  /** Channel; `null` where it is left open. */
  readonly b: number | null
  /** Quantity; 1 is active energy imported, 2 exported. */
  readonly c: number
  /** How it is processed; 8 is an accumulating register. */
  readonly d: number
  /** Tariff; `null` where it is left open. */
  readonly e: number | null
  /** Billing period; 255, the present one, where it is not written. */
  readonly f: number
}

export const OBIS_LENGTH_MAX = 24

const DECIMAL = /^(\d{1,3})-(\d{1,3}|b):(\d{1,3})\.(\d{1,3})\.(\d{1,3}|e)(?:[*.](\d{1,3}|FF))?$/
const HEXADECIMAL =
  /^([\dA-Fa-f]{2})-([\dA-Fa-f]{2}):([\dA-Fa-f]{2})\.([\dA-Fa-f]{2})\.([\dA-Fa-f]{2})(?:[*.]([\dA-Fa-f]{2}))?$/

export function parseObis(text: string): Obis | Problem {
  if (text.length > OBIS_LENGTH_MAX) return { problem: `an OBIS code has at most ${OBIS_LENGTH_MAX} characters` }
  const hexadecimal = HEXADECIMAL.exec(text)
  const match = hexadecimal ?? DECIMAL.exec(text)
  if (match === null) return { problem: `${text} is not an OBIS code like 1-0:1.8.0*255` }
  const base = hexadecimal === null ? 10 : 16
  const group = (at: number): number => {
    const digits = match[at] ?? 'FF'
    return Number.parseInt(digits, digits === 'FF' ? 16 : base)
  }
  const open = (at: number): number | null => (match[at] === 'b' || match[at] === 'e' ? null : group(at))
  const code = { a: group(1), b: open(2), c: group(3), d: group(4), e: open(5), f: group(6) }
  if (Object.values(code).some((value) => value !== null && value > 255)) {
    return { problem: `a group of the OBIS code ${text} is above 255` }
  }
  return code
}

/** The one decimal form, all groups written. */
export function formatObis({ a, b, c, d, e, f }: Obis): string {
  return `${a}-${b ?? 'b'}:${c}.${d}.${e ?? 'e'}*${f}`
}

/** Registers that only count upwards: active energy, also of the registers that chargers add (IEC 62056-6-1 annex; OCMF B0 to C3). */
export function isAccumulating({ a, c, d }: Obis): boolean {
  return a === 1 && d === 8 && (c === 1 || c === 2 || (c >= 0xb0 && c <= 0xb3) || (c >= 0xc0 && c <= 0xc3))
}
