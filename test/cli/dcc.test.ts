import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Certificate, readCertificate } from '../../src/cli/dcc/certificate.js'
import { checkSignature } from '../../src/cli/dcc/signature.js'
import { parseXml, XML_BYTES_MAX, XML_DEPTH_MAX } from '../../src/cli/dcc/xml.js'

const file = (name: string): Buffer => readFileSync(`test/vectors/dcc/${name}.xml`)
const changed = (name: string, from: string | RegExp, to: string): Buffer => {
  const text = file(name).toString('utf8')
  const after = text.replace(from, to)
  if (after === text) throw new Error(`${name} has no ${from}`)
  return Buffer.from(after)
}

function codeOf(read: () => unknown): string {
  try {
    read()
    return ''
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error)
  }
}

const problem = (xml: string | Buffer): string => codeOf(() => readCertificate(Buffer.from(xml)))

/** PTB, DCC schema: administrativeData with coreData, items and calibrationLaboratory. */
describe('readCertificate', () => {
  it.each(['2.4.0', '3.0.0', '3.1.2', '3.2.1', '3.3.0'])('reads version %s', (schemaVersion) => {
    expect(readCertificate(file(`dcc-${schemaVersion}`))).toEqual({
      identifier: `CLN-2026-${schemaVersion.replaceAll('.', '')}`,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      schemaVersion,
      laboratory: 'Calibration Laboratory of the North',
      items: [
        {
          name: 'Thermometer',
          identifications: [
            { issuer: 'manufacturer', value: 'SN-4711' },
            { issuer: 'calibrationLaboratory', value: 'L-17' },
          ],
        },
      ],
      performed: { begin: '2026-03-04', end: '2026-03-05' },
      replaces: undefined,
      foreignUnits: [],
    } satisfies Certificate)
  })

  it('reads which certificate it substitutes', () => {
    expect(readCertificate(file('dcc-3.3.0-substitute')).replaces).toBe('CLN-2026-330')
  })

  it('takes the hash of the bytes, so that any change shows', () => {
    const { hash } = readCertificate(file('dcc-3.3.0'))
    expect(readCertificate(changed('dcc-3.3.0', '10.05', '10.06')).hash).not.toBe(hash)
  })

  it('names units that are not of the D-SI', () => {
    const kwh = changed('dcc-3.3.0', '\\degreecelsius', 'kWh')
    expect(readCertificate(kwh).foreignUnits).toEqual(['kWh'])
  })

  it.each<[string, Buffer, string]>([
    ['a version before 2.4', changed('dcc-2.4.0', '"2.4.0"', '"2.3.0"'), 'dcc/other-version'],
    ['a version after 3.3', changed('dcc-3.3.0', '"3.3.0"', '"3.4.0"'), 'dcc/other-version'],
    ['no version', changed('dcc-3.3.0', ' schemaVersion="3.3.0"', ''), 'dcc/other-version'],
    ['another namespace', changed('dcc-3.3.0', 'https://ptb.de/dcc', 'https://example.org/dcc'), 'dcc/not-a-dcc'],
    ['no identifier', changed('dcc-3.3.0', /<dcc:uniqueIdentifier>.*<\/dcc:uniqueIdentifier>/, ''), 'dcc/incomplete'],
    [
      'two identifiers',
      changed('dcc-3.3.0', /(<dcc:uniqueIdentifier>.*<\/dcc:uniqueIdentifier>)/, '$1$1'),
      'dcc/incomplete',
    ],
    ['no items', changed('dcc-3.3.0', /<dcc:item>[\s\S]*<\/dcc:item>/, ''), 'dcc/incomplete'],
    ['no date', changed('dcc-3.3.0', '2026-03-04', 'yesterday'), 'dcc/incomplete'],
    [
      'no laboratory',
      changed('dcc-3.3.0', /<dcc:calibrationLaboratory>[\s\S]*<\/dcc:calibrationLaboratory>/, ''),
      'dcc/incomplete',
    ],
  ])('refuses %s', (_, bytes, code) => {
    expect(problem(bytes)).toBe(code)
  })
})

/** XML that nobody vouches for; OWASP's list of attacks on parsers. */
describe('XML that is refused before it is parsed', () => {
  const bomb = `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(100)}">${Array.from({ length: 9 }, (_, i) => `<!ENTITY b${i} "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">`).join('')}]><a>&b8;</a>`

  it.each<[string, string, string]>([
    ['entities that expand to billions of letters', bomb, 'dcc/document-type'],
    [
      'an external entity',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
      'dcc/document-type',
    ],
    ['an external document type', '<!DOCTYPE a SYSTEM "http://127.0.0.1/evil.dtd"><a/>', 'dcc/document-type'],
    ['a document type in small letters', '<!doctype a><a/>', 'dcc/document-type'],
    ['a declaration within the document', '<a><!ELEMENT b></a>', 'dcc/document-type'],
    ['deep nesting', '<a>'.repeat(XML_DEPTH_MAX + 1), 'dcc/too-complex'],
    ['too many elements', `<a>${'<b/>'.repeat(200_000)}</a>`, 'dcc/too-complex'],
    ['an endless tag', `<a ${'b'.repeat(70_000)}`, 'dcc/not-xml'],
    ['an open comment', '<a><!-- </a>', 'dcc/not-xml'],
    ['an undeclared entity', '<a>&b;</a>', 'dcc/not-xml'],
    ['a tag that is not closed', '<a><b></a>', 'dcc/not-xml'],
    ['an undeclared prefix', '<x:a/>', 'dcc/not-a-dcc'],
    ['nothing', '', 'dcc/not-xml'],
    ['text', 'hello', 'dcc/not-xml'],
    ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><a/>', 'dcc/not-utf8'],
  ])('%s', (_, xml, code) => {
    const before = performance.now()
    expect(problem(xml)).toBe(code)
    expect(performance.now() - before).toBeLessThan(1_000)
  })

  it('a file that is too large, and bytes that are no UTF-8', () => {
    expect(codeOf(() => parseXml(new Uint8Array(XML_BYTES_MAX + 1)))).toBe('dcc/too-large')
    expect(codeOf(() => parseXml(Uint8Array.of(0x3c, 0xff, 0x3e)))).toBe('dcc/not-utf8')
    expect(codeOf(() => parseXml(Buffer.from('<a/>', 'utf16le')))).toMatch(/^dcc\/not-/)
  })

  it('eight megabytes of opening brackets end soon', () => {
    const before = performance.now()
    expect(problem('<'.repeat(XML_BYTES_MAX))).toBe('dcc/not-xml')
    expect(performance.now() - before).toBeLessThan(1_000)
  })

  it('what only looks like a document type is text', () => {
    const text = '<a b=">"><![CDATA[<!DOCTYPE x>]]><!-- <!ENTITY y> --></a>'
    expect(codeOf(() => parseXml(Buffer.from(text)))).toBe('')
  })
})

/** W3C XML Signature, by signxml (test/vectors/dcc/README.md). */
describe('checkSignature', () => {
  it.each([
    ['signed-rsa', 'rsa-sha256'],
    ['signed-p256', 'ecdsa-sha256'],
    ['signed-p384-inclusive', 'ecdsa-sha384'],
    ['signed-brainpool', 'ecdsa-sha256'],
    ['signed-xades', 'rsa-sha256'],
  ])('%s is valid', (name, algorithm) => {
    const report = checkSignature(file(name))
    expect(report).toMatchObject({
      state: 'valid',
      signer: 'C=DE, O=Calibration Laboratory of the North, CN=DCC signer',
    })
    expect(report.state === 'valid' && report.algorithm).toContain(algorithm)
  })

  it('tells that there is none', () => {
    expect(checkSignature(file('dcc-3.3.0'))).toEqual({ state: 'none' })
  })

  it.each<[string, Buffer]>([
    ['a changed result', changed('signed-rsa', '10.05', '10.06')],
    ['a changed identifier', changed('signed-p256', 'CLN-2026-S-p256', 'CLN-2026-S-p257')],
    ['an added element', changed('signed-rsa', '<dcc:measurementResults>', '<dcc:comment/><dcc:measurementResults>')],
    ['a digest of other content', changed('signed-p256', /(DigestValue>)./, '$1B')],
  ])('is invalid with %s', (_, bytes) => {
    expect(checkSignature(bytes).state).toBe('invalid')
  })

  it('is invalid where it covers a certificate that is hidden in the file, and not the file', () => {
    const text = file('signed-rsa').toString('utf8')
    const signature = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(text)?.[0] ?? ''
    const original = text.replace(signature, '').replace(/^<\?xml.*\?>\n/, '')
    const hidden = original.replace(
      '<dcc:digitalCalibrationCertificate',
      '<dcc:digitalCalibrationCertificate Id="real"',
    )
    const wrapped = text
      .replace('10.05', '99.99')
      .replace(signature, `${signature.replace('URI=""', 'URI="#real"')}<dcc:document>${hidden}</dcc:document>`)
    expect(checkSignature(Buffer.from(wrapped)).state).toBe('invalid')
  })

  it.each<[string, Buffer, string]>([
    [
      'an algorithm with SHA-1',
      changed(
        'signed-rsa',
        'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
      ),
      'rsa-sha1',
    ],
    [
      'a symmetric key',
      changed(
        'signed-rsa',
        'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
      ),
      'hmac-sha1',
    ],
    [
      'no certificate of the signer',
      changed('signed-rsa', /<ds:X509Certificate>[^<]*<\/ds:X509Certificate>/, ''),
      'no X.509 certificate',
    ],
    [
      'two signatures',
      changed('signed-rsa', /(<ds:Signature [\s\S]*<\/ds:Signature>)/, '$1$1'),
      'more than one signature',
    ],
  ])('does not judge %s', (_, bytes, why) => {
    expect(checkSignature(bytes)).toEqual({ state: 'unsupported', why: expect.stringContaining(why) })
  })
})
