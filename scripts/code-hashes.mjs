// The hash of the code of each built-in contract: of all modules that its index reaches by imports, without comments and types, so
// that it changes when the behaviour may have changed and not with words. Results of contracts name it.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'src/contracts')
const compilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  removeComments: true,
  verbatimModuleSyntax: true,
}

/** What a module becomes, and the files that it imports for more than types. */
function moduleOf(path) {
  const code = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText
  const imports = ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => fileName)
  const files = imports.filter((name) => name.startsWith('.'))
  return { code, files: files.map((name) => join(dirname(path), name.replace(/\.js$/, '.ts'))) }
}

function closure(start, modules = new Map()) {
  if (modules.has(start)) return modules
  const module = moduleOf(start)
  modules.set(start, module.code)
  for (const file of module.files) closure(file, modules)
  return modules
}

function hashOf(index) {
  const hash = createHash('sha256').update('etalon contract code 1\n')
  const modules = [...closure(index)]
    .map(([path, code]) => [relative(root, path), code])
    .sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [path, code] of modules) hash.update(`${path} ${Buffer.byteLength(code)}\n${code}\n`)
  return hash.digest('hex')
}

/** The text of src/contracts/generated/code-hashes.ts. */
export function codeHashes() {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'index.ts')))
  const lines = names.sort().map((name) => {
    const index = join(folder, name, 'index.ts')
    const version = /^\s+version: '([\d.]+)'/m.exec(readFileSync(index, 'utf8'))?.[1]
    if (version === undefined) throw new Error(`${name}: no version in its index.ts`)
    return `  '${name}@${version}': '${hashOf(index)}',\n`
  })
  return `/** Made by scripts/codegen.mjs: SHA-256 of the code of each built-in contract. */
export const CODE_HASHES: Readonly<Record<string, string>> = {\n${lines.join('')}}\n`
}

/** Shipped algorithms of the contract measuring: a revision has a file of its own, such as brake-2.ts. */
const algorithms = join(folder, 'measuring/algorithms')
const REVISION = /^([a-z]+-\d+)\.ts$/

/**
 * The hash of an algorithm: of the text of its file and of all that it imports for more than types, so that anyone can compute it and no
 * version of a compiler has a part in it.
 */
function algorithmHash(start) {
  const hash = createHash('sha256').update('etalon algorithm code 1\n')
  const paths = [...closure(start).keys()].map((path) => relative(root, path)).sort()
  for (const path of paths) {
    const text = readFileSync(join(root, path))
    hash.update(`${path} ${text.length}\n`).update(text).update('\n')
  }
  return hash.digest('hex')
}

/** The text of src/contracts/generated/algorithm-hashes.ts. */
export function algorithmHashes() {
  const names = readdirSync(algorithms).flatMap((file) => REVISION.exec(file)?.[1] ?? [])
  const lines = names.sort().map((name) => `  '${name}': '${algorithmHash(join(algorithms, `${name}.ts`))}',\n`)
  return `/** Made by scripts/codegen.mjs: SHA-256 of the code of each algorithm that the contract measuring ships. */
export const ALGORITHM_HASHES: Readonly<Record<string, string>> = {\n${lines.join('')}}\n`
}
