import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LightClient, parseGenesis } from '../../src/client/index.js'
import { nativeSuite } from '../../src/crypto/native.js'
import { Processes } from '../support/processes.js'

let folder: string
let light: LightClient

/** Nothing but two files leaves the network, which is gone before anything is verified. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'etalon-receipt-'))
  const processes = await Processes.start(4)
  let failed = true
  try {
    const entry = { category: 'calibration', subject: 'meter-1 °C', payload: '21.5' }
    const done = await processes.client(0).submit('logbook', 'append', entry)
    expect(done.status).toBe('done')
    writeFileSync(join(folder, 'done.json'), done.file)
    const refused = await processes.client(1).submit('logbook', 'append', { ...entry, payloadHash: '00'.repeat(32) })
    expect(refused).toMatchObject({ status: 'refused', code: 'logbook/hash-mismatch' })
    writeFileSync(join(folder, 'refused.json'), refused.file)
    writeFileSync(join(folder, 'genesis.json'), readFileSync(join(processes.cluster.folder, 'genesis.json')))
    failed = false
  } finally {
    await processes.close(failed)
  }
  light = new LightClient(parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8')), nativeSuite)
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const verifies = (bytes: Uint8Array): boolean => 'proven' in light.readReceipt(Buffer.from(bytes).toString('utf8'))

describe.each(['done', 'refused'])('the receipt file of a transaction that was %s', (status) => {
  const read = (): Buffer => readFileSync(join(folder, `${status}.json`))

  it('verifies offline against the genesis file alone', () => {
    expect(light.readReceipt(read().toString('utf8'))).toMatchObject({ proven: { receipt: { status } } })
  })

  it('verifies with the primitives of browsers too', () => {
    const genesis = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'))
    expect(new LightClient(genesis).readReceipt(read().toString('utf8'))).toHaveProperty('proven')
  })

  it('does not verify with any byte of it changed, by a flipped bit or another', () => {
    const file = read()
    for (let at = 0; at < file.length; at++) {
      for (const bit of [0, 1, 5]) {
        const flipped = Buffer.from(file)
        flipped[at] = (file[at] ?? 0) ^ (1 << bit)
        if (verifies(flipped)) expect.fail(`bit ${bit} of byte ${at} makes no difference`)
      }
    }
  })

  it('does not verify truncated at any length, or with anything behind or before it', () => {
    const file = read()
    for (let length = 0; length < file.length; length++) {
      if (verifies(file.subarray(0, length))) expect.fail(`${length} of ${file.length} bytes verify`)
    }
    for (let byte = 0; byte < 256; byte++) {
      expect(verifies(Buffer.concat([file, Buffer.of(byte)])), `byte ${byte} behind`).toBe(false)
      expect(verifies(Buffer.concat([Buffer.of(byte), file])), `byte ${byte} before`).toBe(false)
    }
    expect(verifies(Buffer.concat([Buffer.from('\ufeff'), file]))).toBe(false)
    expect(verifies(Buffer.concat([file, file]))).toBe(false)
  })

  it('does not verify with white space added or taken away', () => {
    const text = read().toString('utf8')
    for (let at = 0; at <= text.length; at++) {
      for (const space of [' ', '\n', '\t', '\r']) {
        if (verifies(Buffer.from(text.slice(0, at) + space + text.slice(at)))) expect.fail(`white space at ${at}`)
      }
    }
    expect(verifies(Buffer.from(JSON.stringify(JSON.parse(text))))).toBe(false)
    expect(verifies(Buffer.from(text.replaceAll('\n', '\r\n')))).toBe(false)
  })

  it('does not verify with the keys of any object in another order, or with a key more', () => {
    const document: unknown = JSON.parse(read().toString('utf8'))
    const variants = reordered(document)
    expect(variants.length).toBeGreaterThan(5)
    for (const variant of variants) {
      expect(verifies(Buffer.from(`${JSON.stringify(variant, undefined, 2)}\n`))).toBe(false)
    }
    const more = { ...(document as object), note: 'checked' }
    expect(verifies(Buffer.from(`${JSON.stringify(more, undefined, 2)}\n`))).toBe(false)
  })
})

it('a receipt does not verify against the genesis of another network', () => {
  const genesis = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'))
  const other = new LightClient({ ...genesis, createdMs: genesis.createdMs + 1 }, nativeSuite)
  expect(other.readReceipt(readFileSync(join(folder, 'done.json'), 'utf8'))).toHaveProperty('problem')
})

/** The document once for each object in it of two keys or more, with the keys of that one reversed. */
function reordered(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => reordered(item).map((changed) => value.with(i, changed)))
  }
  if (value === null || typeof value !== 'object') return []
  const entries = Object.entries(value)
  const inside = entries.flatMap(([key, field]) => reordered(field).map((changed) => ({ ...value, [key]: changed })))
  return entries.length < 2 ? inside : [Object.fromEntries(entries.toReversed()), ...inside]
}
