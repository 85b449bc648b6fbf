import { DOMParser } from '@xmldom/xmldom'
import { fromUtf8 } from '../../base/bytes.js'
import { EtalonError } from '../../base/errors.js'

/**
 * Reading XML that nobody vouches for. Everything dangerous is refused by one pass over the text before any parser sees it: a document type
 * (and with it entities, internal or external), size, depth and number of elements. The parser is @xmldom/xmldom because the library
 * that checks XML signatures works on it: what is read and what is verified cannot be parsed in two ways.
 */

/** A certificate may carry documents, in base64. */
export const XML_BYTES_MAX = 8 * 1024 * 1024
export const XML_DEPTH_MAX = 64
export const XML_ELEMENTS_MAX = 200_000
export const XML_TAG_LENGTH_MAX = 65_536

const SOURCE = 'take the certificate as the laboratory gave it out; a genuine one has nothing of this kind'

/** @throws EtalonError `dcc/too-large`, `dcc/not-utf8`, `dcc/document-type`, `dcc/too-complex`, `dcc/not-xml` */
export function parseXml(bytes: Uint8Array): Document {
  if (bytes.length > XML_BYTES_MAX) {
    throw new EtalonError('dcc/too-large', `the file has more than ${XML_BYTES_MAX} bytes`, SOURCE)
  }
  const text = fromUtf8(bytes)
  if (text === undefined || !isDeclaredUtf8(text)) {
    throw new EtalonError(
      'dcc/not-utf8',
      'the file is not encoded in UTF-8',
      'convert it before it is signed or registered',
    )
  }
  guard(text)
  const problems: string[] = []
  const note = (message: string): void => {
    if (problems.length === 0) problems.push(message.split('\n')[0] ?? '')
  }
  let document: Document | undefined
  try {
    document = new DOMParser({ errorHandler: { warning: note, error: note, fatalError: note } }).parseFromString(
      text,
      'text/xml',
    )
  } catch (error) {
    note(error instanceof Error ? error.message : String(error))
  }
  if (document?.documentElement == null || problems.length > 0) throw notXml(problems[0] ?? 'it is empty')
  return document
}

function notXml(message: string): EtalonError {
  return new EtalonError('dcc/not-xml', `the file is not well-formed XML: ${message}`, SOURCE)
}

function isDeclaredUtf8(text: string): boolean {
  const declaration = /^\uFEFF?<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([^"']{1,40})["']/.exec(text)
  return declaration === null || declaration[1]?.toLowerCase() === 'utf-8'
}

/** One pass over the markup, linear in the length of the text. */
function guard(text: string): void {
  let depth = 0
  let elements = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    if (text.startsWith('<!--', at)) at = endOf(text, '-->', at + 4)
    else if (text.startsWith('<![CDATA[', at)) at = endOf(text, ']]>', at + 9)
    else if (text.startsWith('<?', at)) at = endOf(text, '?>', at + 2)
    else if (text.startsWith('<!', at)) {
      throw new EtalonError('dcc/document-type', 'the file has a document type or declares entities', SOURCE)
    } else {
      const end = endOfTag(text, at)
      if (text[at + 1] === '/') depth -= 1
      else {
        elements += 1
        if (text[end - 2] !== '/') depth += 1
      }
      if (depth > XML_DEPTH_MAX || elements > XML_ELEMENTS_MAX) {
        const limit = `at most ${XML_DEPTH_MAX} levels and ${XML_ELEMENTS_MAX} elements are read`
        throw new EtalonError('dcc/too-complex', limit, SOURCE)
      }
      at = end
    }
  }
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from)
  if (end === -1) throw notXml(`there is no ${mark} to a beginning`)
  return end + mark.length
}

/** Position after the `>` that ends a tag; one inside of an attribute's quotes does not. */
function endOfTag(text: string, start: number): number {
  let quote = ''
  for (let at = start + 1; at < text.length && at - start <= XML_TAG_LENGTH_MAX; at++) {
    const character = text[at] ?? ''
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '>') return at + 1
    else if (character === '"' || character === "'") quote = character
  }
  throw notXml(`a tag does not end within ${XML_TAG_LENGTH_MAX} characters`)
}

/** Child elements of a name. */
export function children(parent: Element, namespace: string, name: string): readonly Element[] {
  const found: Element[] = []
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    const element = node as Element
    if (node.nodeType === 1 && element.localName === name && element.namespaceURI === namespace) found.push(element)
  }
  return found
}

/** The only element at the end of a path of child elements; `undefined` where there is none, or more than one on the way. */
export function only(parent: Element, namespace: string, ...path: readonly string[]): Element | undefined {
  let at: Element | undefined = parent
  for (const name of path) {
    const found: readonly Element[] = at === undefined ? [] : children(at, namespace, name)
    at = found.length === 1 ? found[0] : undefined
  }
  return at
}

/** Text of an element, without white space around it. */
export function textOf(element: Element | undefined): string {
  return element?.textContent?.trim() ?? ''
}
