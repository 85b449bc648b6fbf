#!/usr/bin/env node
import '../base/polyfill.js'
import { run } from './program.js'

/** How long something that a command left open may keep the process. */
const LINGER_MS = 1_000

// `etalon contracts | head` closes the pipe early, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const exit = await run(process.argv.slice(2))
if (exit !== undefined) {
  process.exitCode = exit
  // A supervisor waits for the end of a replica that could not start.
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
