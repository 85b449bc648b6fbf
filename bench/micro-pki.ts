import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { utf8 } from '../src/base/bytes.js'
import { isProblem } from '../src/formats/problem.js'
import { type PublicKey, parsePublicKey } from '../src/formats/public-key.js'
import { possessionStatement, recordStatement } from '../src/formats/record-statements.js'
import { ownScheme } from '../src/formats/signed-record.js'

/** Instruments with keys of each algorithm, and records that they sign, one after another. */
export interface PkiCase {
  /** Of curve and format. */
  readonly name: string
  /** Arguments of `propose`. */
  readonly proposal: object
  /** Arguments of `anchor` for the n-th record, from 0. */
  record(n: number): object
}

/** Curves as OpenSSL names them; none is Ed25519. */
const CURVES = ['P-256', 'P-384', 'secp256k1', 'brainpoolP256r1', undefined] as const

const INSTRUMENT = 'meter-1'

export function pkiCases(): readonly PkiCase[] {
  return [...CURVES.map((curve) => ownCase(instrumentOf(curve))), ocmfCase(instrumentOf('P-256'))]
}

interface Instrument {
  readonly publicKey: PublicKey
  readonly signText: (text: string) => string
}

function instrumentOf(namedCurve: string | undefined): Instrument {
  const pair = namedCurve === undefined ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve })
  const publicKey = instrumentPublicKey(pair.publicKey)
  const hash = ownScheme(publicKey.curve)?.hash ?? null
  return { publicKey, signText: (text) => sign(hash, utf8(text), pair.privateKey).toString('base64') }
}

export function instrumentPublicKey(key: KeyObject): PublicKey {
  const parsed = parsePublicKey(key.export({ type: 'spki', format: 'der' }).toString('hex'))
  if (isProblem(parsed)) throw new Error(parsed.problem)
  return parsed
}

function proposalOf({ publicKey: { key, curve }, signText }: Instrument): object {
  const possession = signText(possessionStatement('org', INSTRUMENT, key))
  return { instrument: INSTRUMENT, type: 'meter', publicKey: key, curve, possession }
}

function ownCase(instrument: Instrument): PkiCase {
  return {
    name: `${instrument.publicKey.curve}, etalon-1`,
    proposal: proposalOf(instrument),
    record(n) {
      const [counter, message] = [n + 1, `reading ${n}`]
      const signature = instrument.signText(recordStatement(INSTRUMENT, counter, message))
      return { instrument: INSTRUMENT, format: 'etalon-1', counter, message, signature }
    },
  }
}

/** A transaction of a charging station: begin and end. */
function ocmfCase(instrument: Instrument): PkiCase {
  return {
    name: `${instrument.publicKey.curve}, ocmf`,
    proposal: proposalOf(instrument),
    record(n) {
      const time = '2026-03-01T08:00:00,000+0100 U'
      const reading = { TM: time, TX: 'B', RV: 1000 + n, RI: '1-b:1.8.0', RU: 'kWh', RT: 'DC', EF: '', ST: 'G' }
      const readings = [reading, { TM: time, TX: 'E', RV: 1001 + n, ST: 'G' }]
      const payload = JSON.stringify({
        FV: '1.0',
        GI: 'bench',
        GS: '1',
        PG: `T${n + 1}`,
        MS: '1',
        IS: false,
        IT: 'NONE',
        RD: readings,
      })
      const signature = JSON.stringify({ SE: 'base64', SD: instrument.signText(payload) })
      return { instrument: INSTRUMENT, format: 'ocmf', message: `OCMF|${payload}|${signature}` }
    },
  }
}
