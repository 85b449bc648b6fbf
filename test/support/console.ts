import { type ChildProcess, spawn } from 'node:child_process'

/** One command of a page, and what the page says that it prints. */
export interface Step {
  /** Line of the page, from 1 on. */
  readonly line: number
  readonly command: string
  readonly expected: readonly string[]
}

/** Stands for any text in a line, and alone in a line for any lines. */
const ANYTHING = '…'
const STEP_MS_MAX = 60_000

/**
 * The commands of the ```console blocks of a page: lines that begin with `$ `, with what they continue on (a backslash at the end, or a
 * heredoc until its mark). What follows is their output.
 */
export function stepsOf(page: string): readonly Step[] {
  const steps: { line: number; command: string; expected: string[] }[] = []
  let inside = false
  let until: ((line: string) => boolean) | undefined
  for (const [index, line] of page.split('\n').entries()) {
    const last = steps.at(-1)
    if (until !== undefined && last !== undefined) {
      last.command += `\n${line}`
      if (until(line)) until = undefined
    } else if (line.startsWith('```')) inside = line === '```console'
    else if (!inside) continue
    else if (line.startsWith('$ ')) {
      steps.push({ line: index + 1, command: line.slice(2), expected: [] })
      until = continuation(line)
    } else if (last !== undefined) last.expected.push(line)
  }
  return steps
}

/** Tells when a command that goes on is at its end. */
function continuation(line: string): ((line: string) => boolean) | undefined {
  const mark = /<<-?\s*['"]?(\w+)['"]?/.exec(line)?.[1]
  if (mark !== undefined) return (next) => next.trim() === mark
  return line.endsWith('\\') ? (next) => !next.endsWith('\\') : undefined
}

/** Whether an output is what a page shows. */
export function matches(expected: readonly string[], output: string): boolean {
  const pattern = expected.map((line) =>
    line.trim() === ANYTHING
      ? '(?:[^\\n]*\\n)*'
      : `${line.trimEnd().split(ANYTHING).map(quoted).join('[^\\n]*')}[ \\t]*\\n`,
  )
  const text = output === '' || output.endsWith('\n') ? output : `${output}\n`
  return new RegExp(`^${pattern.join('')}$`).test(text)
}

const quoted = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** A shell that runs commands one after another and gives what each prints, errors included. */
export class Shell {
  readonly #bash: ChildProcess
  #output = ''
  #wake: () => void = () => undefined
  #ended = false

  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    this.#bash = spawn('bash', ['--noprofile', '--norc'], { cwd, env: { ...process.env, ...env }, detached: true })
    const take = (data: Buffer): void => {
      this.#output += data.toString()
      this.#wake()
    }
    this.#bash.stdout?.on('data', take)
    this.#bash.on('close', () => {
      this.#ended = true
      this.#wake()
    })
    this.#bash.stdin?.write('exec 2>&1\n')
  }

  async run(command: string): Promise<string> {
    const mark = `--- end of ${Math.random()} ---`
    this.#output = ''
    this.#bash.stdin?.write(`${command}\necho "${mark}"\n`)
    const timer = setTimeout(() => this.close(), STEP_MS_MAX)
    while (!this.#output.includes(mark) && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    clearTimeout(timer)
    if (this.#ended) throw new Error(`the shell ended, or the command took too long: ${command}\n${this.#output}`)
    return this.#output.slice(0, this.#output.indexOf(mark))
  }

  /** Ends the shell and what it has started. */
  close(): void {
    if (this.#ended || this.#bash.pid === undefined) return
    process.kill(-this.#bash.pid, 'SIGKILL')
  }
}
