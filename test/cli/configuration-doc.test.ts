import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CONFIG_FIELDS } from '../../src/node/config.js'

it('docs/configuration.md has every field of the config, and no other', () => {
  const page = readFileSync('docs/configuration.md', 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Za-z]+)` \|/gm)].map(([, field]) => String(field))
  expect(rows.toSorted()).toEqual(CONFIG_FIELDS.toSorted())
})
