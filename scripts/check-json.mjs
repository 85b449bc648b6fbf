// Checks the last line of a file, one JSON object, against a condition over its fields.
// usage: node scripts/check-json.mjs FILE 'divergent === 0 && finalizedHeight > 0'
import { readFileSync } from 'node:fs'

const [file, condition] = process.argv.slice(2)
const result = JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1))
const holds = new Function(...Object.keys(result), `return ${condition}`)(...Object.values(result))
if (!holds) {
  process.stderr.write(`does not hold: ${condition}\n  in ${JSON.stringify(result)}\n`)
  process.exit(1)
}
