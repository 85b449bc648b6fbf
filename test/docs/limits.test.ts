import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PARAMETERS } from '../../src/codec/genesis.js'
import { DEFAULT_LIMITS } from '../../src/p2p/limits.js'
import { LIMITS } from '../../src/types/index.js'

const page = readFileSync('docs/limits.md', 'utf8')

/** Bounds by their form: constants in capitals whose name ends in what is bounded. Commands and tools are not part of a replica. */
const BOUND = /^(?:export )?const ([A-Z][A-Z0-9_]*_(?:MAX|MIN|MS|FULL|SIZE|TICKS|PER_LANE|FACTOR|BYTES))\b/gm
const OUTSIDE = /^(cli|sim|codec\/generated)\/|^node\/(local-cluster|delay-relay|signature-frame)\.ts$|^p2p\/keys\.ts$/

function boundsOf(source: string): string[] {
  return [...source.matchAll(BOUND)].map(([, name]) => name ?? '')
}

function unlisted(names: readonly string[]): string[] {
  return names.filter((name) => !page.includes(`\`${name}\``))
}

describe('docs/limits.md', () => {
  it('lists every bound that the source names', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const names = files
      .filter((file) => !OUTSIDE.test(file))
      .flatMap((file) => boundsOf(readFileSync(join('src', file), 'utf8')))
    expect(names.length).toBeGreaterThan(40)
    expect(unlisted(names)).toEqual([])
  })

  it('lists the bounds of the protocol, the transport and the network', () => {
    const names = [...Object.keys(LIMITS), ...Object.keys(DEFAULT_LIMITS), ...Object.keys(DEFAULT_PARAMETERS)]
    expect(unlisted(names)).toEqual([])
  })

  it('gives the numbers of the protocol as they are', () => {
    for (const [name, value] of Object.entries(LIMITS)) {
      const row = page.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${name}\``)) ?? ''
      const shown = [`${value / 1_048_576} MiB`, `${value / 1_024} KiB`, `${value}`, value.toLocaleString('en')]
      expect(
        shown.some((text) => row.includes(text)),
        `${name} is ${value}, the page says: ${row}`,
      ).toBe(true)
    }
  })

  it('would notice a bound that is not listed', () => {
    expect(unlisted(boundsOf('const PLANTED_BYTES_MAX = 7'))).toEqual(['PLANTED_BYTES_MAX'])
  })
})
