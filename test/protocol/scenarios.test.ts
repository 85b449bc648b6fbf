import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Scenario } from './scenario.js'

const FOLDER = new URL('../scenarios/', import.meta.url)
/** Writes what happens into the files, to be reviewed as a diff. */
const UPDATE = process.env.UPDATE_SCENARIOS === '1'

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))

/** Carries out the commands of a scenario and gives its text with what happened below each. */
function play(text: string): string {
  const scenario = new Scenario()
  const out: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) out.push(line, ...scenario.run(line.slice(2)))
    else if (!isTranscript(line)) out.push(line)
  }
  return out.join('\n')
}

/** Titles and comments begin with `#`, commands with `>`; all other lines are what is expected. */
const isTranscript = (line: string): boolean => line !== '' && !line.startsWith('#') && !line.startsWith('> ')

describe('scenarios', () => {
  it.each(files)('%s', (name) => {
    const file = new URL(name, FOLDER)
    const text = readFileSync(file, 'utf8')
    const played = play(text)
    if (UPDATE && played !== text) writeFileSync(file, played)
    expect(played).toBe(UPDATE ? played : text)
  })

  it('are there, each with a title, and tell what they expect', () => {
    expect(files.length).toBeGreaterThanOrEqual(9)
    for (const name of files) {
      const text = readFileSync(new URL(name, FOLDER), 'utf8')
      expect(text.startsWith('# '), name).toBe(true)
      expect(text.split('\n').some(isTranscript), name).toBe(true)
    }
  })

  it('fail on a transcript that tells another story', () => {
    const name = files[0] ?? expect.fail('a scenario')
    const text = readFileSync(new URL(name, FOLDER), 'utf8')
    const changed = text.replace('ACCEPT', 'REFUSE')
    expect(changed).not.toBe(text)
    expect(play(changed)).not.toBe(changed)
  })

  it('know their commands', () => {
    expect(() => new Scenario().run('juggle 1')).toThrow('unknown command')
  })
})
