import { createHash } from 'node:crypto'
import { EtalonError } from '../../base/errors.js'
import { parseUnit } from '../../formats/units.js'
import { children, only, parseXml, textOf } from './xml.js'

/** What the registry needs of a digital calibration certificate (PTB, DCC schema 2.4 to 3.3). */
export interface Certificate {
  readonly identifier: string
  /** SHA-256 of the file, hexadecimal. */
  readonly hash: string
  readonly schemaVersion: string
  readonly laboratory: string
  readonly items: readonly {
    readonly name: string
    readonly identifications: readonly { readonly issuer: string; readonly value: string }[]
  }[]
  readonly performed: { readonly begin: string; readonly end: string }
  /** Identifier of the certificate that this one amends or substitutes, where it says so (schema 3). */
  readonly replaces: string | undefined
  /** Units of its quantities that are not of the D-SI, each once. */
  readonly foreignUnits: readonly string[]
}

export const DCC_NAMESPACE = 'https://ptb.de/dcc'
const SI_NAMESPACE = 'https://ptb.de/si'
const VERSIONS = /^(2\.4|3\.[0-3])\.\d+(-[0-9A-Za-z.-]{1,16})?$/
const FOREIGN_UNITS_MAX = 16

/**
 * Reads a certificate.
 * @throws EtalonError as `parseXml`, and `dcc/not-a-dcc`, `dcc/other-version`, `dcc/incomplete`
 */
export function readCertificate(bytes: Uint8Array): Certificate {
  return certificateOf(parseXml(bytes), createHash('sha256').update(bytes).digest('hex'))
}

/** @param hash of the file that the document came from */
export function certificateOf(document: Document, hash: string): Certificate {
  const root = document.documentElement
  if (root.localName !== 'digitalCalibrationCertificate' || root.namespaceURI !== DCC_NAMESPACE) {
    const message = `the root element is ${root.nodeName} and not digitalCalibrationCertificate of ${DCC_NAMESPACE}`
    throw new EtalonError('dcc/not-a-dcc', message, 'name the XML file of a digital calibration certificate')
  }
  const schemaVersion = root.getAttribute('schemaVersion') ?? ''
  if (!VERSIONS.test(schemaVersion)) {
    const message = `the schema has the version ${schemaVersion.slice(0, 32) || '(none)'}`
    throw new EtalonError('dcc/other-version', message, 'versions 2.4 to 3.3 are read')
  }
  const data = only(root, DCC_NAMESPACE, 'administrativeData')
  const core = data && only(data, DCC_NAMESPACE, 'coreData')
  const needed = (what: string, value: string): string => {
    if (value !== '') return value
    throw new EtalonError(
      'dcc/incomplete',
      `the certificate has no ${what}, or more than one`,
      'ask the laboratory for a complete one',
    )
  }
  if (data === undefined || core === undefined) throw incomplete('administrativeData with coreData')
  const replaces = textOf(only(core, DCC_NAMESPACE, 'reportAmendedSubstituted', 'replacedUniqueIdentifier'))
  return {
    identifier: needed('uniqueIdentifier', textOf(only(core, DCC_NAMESPACE, 'uniqueIdentifier'))),
    hash,
    schemaVersion,
    laboratory: needed('name of the laboratory', nameOf(only(data, DCC_NAMESPACE, 'calibrationLaboratory', 'contact'))),
    items: itemsOf(data),
    performed: {
      begin: needed('beginPerformanceDate', dateOf(core, 'beginPerformanceDate')),
      end: needed('endPerformanceDate', dateOf(core, 'endPerformanceDate')),
    },
    replaces: replaces === '' ? undefined : replaces,
    foreignUnits: foreignUnits(root),
  }
}

function incomplete(what: string): EtalonError {
  return new EtalonError(
    'dcc/incomplete',
    `the certificate has no ${what}, or more than one`,
    'ask the laboratory for a complete one',
  )
}

/** An xs:date without its time zone. */
function dateOf(core: Element, name: string): string {
  return /^(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?$/.exec(textOf(only(core, DCC_NAMESPACE, name)))?.[1] ?? ''
}

/** The first of the names that are given in several languages. */
function nameOf(element: Element | undefined): string {
  const name = element && only(element, DCC_NAMESPACE, 'name')
  return name === undefined ? '' : textOf(children(name, DCC_NAMESPACE, 'content')[0])
}

function itemsOf(data: Element): Certificate['items'] {
  const list = only(data, DCC_NAMESPACE, 'items')
  const items = list === undefined ? [] : children(list, DCC_NAMESPACE, 'item')
  if (items.length === 0) throw incomplete('item')
  return items.map((item, i) => {
    const identifications = only(item, DCC_NAMESPACE, 'identifications')
    const found = identifications === undefined ? [] : children(identifications, DCC_NAMESPACE, 'identification')
    return {
      name: nameOf(item) || `item ${i + 1}`,
      identifications: found.map((it) => ({
        issuer: textOf(only(it, DCC_NAMESPACE, 'issuer')) || 'other',
        value: textOf(only(it, DCC_NAMESPACE, 'value')) || '-',
      })),
    }
  })
}

function foreignUnits(root: Element): readonly string[] {
  const foreign = new Set<string>()
  const units = root.getElementsByTagNameNS(SI_NAMESPACE, 'unit')
  for (let i = 0; i < units.length && foreign.size < FOREIGN_UNITS_MAX; i++) {
    const unit = textOf(units.item(i) ?? undefined)
    if ('problem' in parseUnit(unit)) foreign.add(unit.slice(0, 64))
  }
  return [...foreign]
}
