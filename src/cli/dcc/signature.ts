import { createVerify, X509Certificate } from 'node:crypto'
import { C14nCanonicalization, SignedXml } from 'xml-crypto'
import { certificateOf } from './certificate.js'
import { children, parseXml } from './xml.js'

/** What the XML signature of a certificate is worth (W3C XML Signature; XAdES builds on it). */
export type SignatureReport =
  | { readonly state: 'none' }
  /** The signature holds and covers the whole certificate. Whether the signer's certificate is to be trusted is not judged. */
  | {
      readonly state: 'valid'
      readonly signer: string
      readonly issuer: string
      readonly validTo: string
      readonly algorithm: string
    }
  | { readonly state: 'invalid' | 'unsupported'; readonly why: string }

const DS = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'

/** ECDSA signatures are r || s (RFC 4050, section 3.3), which the library does not know by itself. */
const ecdsa = (hash: string, name: string) =>
  class {
    getAlgorithmName(): string {
      return name
    }
    getSignature(): never {
      throw new Error('nothing is signed here')
    }
    verifySignature(material: string, key: string | Buffer, value: string): boolean {
      const verifier = createVerify(hash).update(material)
      return verifier.verify({ key: key as string, dsaEncoding: 'ieee-p1363' }, value, 'base64')
    }
  }

const ECDSA = Object.fromEntries(
  ['sha256', 'sha384', 'sha512'].map((hash) => [`${MORE}ecdsa-${hash}`, ecdsa(hash, `${MORE}ecdsa-${hash}`)]),
)
const CANONICAL = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
/** Gives what version 1.0 gives in a document without attributes of the name space xml, whose inheritance alone differs. */
const CANONICAL_1_1 = 'http://www.w3.org/2006/12/xml-c14n11'

/** SHA-1 is not among them: two documents of one hash can be made. */
const ALGORITHMS: readonly string[] = [
  ...Object.keys(ECDSA),
  `${MORE}rsa-sha256`,
  `${MORE}rsa-sha512`,
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
]

const DIGESTS: readonly string[] = [
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
]
const TRANSFORMS: readonly string[] = [
  CANONICAL,
  CANONICAL_1_1,
  'http://www.w3.org/2001/10/xml-exc-c14n#',
  'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
]

/** The algorithms that all elements of a name within a signature state. */
function listOf(signature: Element, name: string): readonly string[] {
  const elements = signature.getElementsByTagNameNS(DS, name)
  return Array.from({ length: elements.length }, (_, i) => elements.item(i)?.getAttribute('Algorithm') ?? '')
}

/**
 * Checks the signature that a certificate carries. The certificate is then read anew from what was signed, and has to be the same: so a
 * signature over another part of the file, or a second certificate hidden in it, is told.
 */
export function checkSignature(bytes: Uint8Array): SignatureReport {
  const document = parseXml(bytes)
  const signatures = children(document.documentElement, DS, 'Signature')
  const [signature] = signatures
  if (signature === undefined) return { state: 'none' }
  if (signatures.length > 1) return { state: 'unsupported', why: 'there is more than one signature' }
  const algorithm = signature.getElementsByTagNameNS(DS, 'SignatureMethod').item(0)?.getAttribute('Algorithm') ?? ''
  if (!ALGORITHMS.includes(algorithm)) return { state: 'unsupported', why: `the algorithm ${algorithm.slice(0, 96)}` }
  const digests = listOf(signature, 'DigestMethod')
  if (digests.some((it) => !DIGESTS.includes(it)))
    return { state: 'unsupported', why: 'a digest that is not SHA-256 or SHA-512' }
  const transforms = [...listOf(signature, 'CanonicalizationMethod'), ...listOf(signature, 'Transform')]
  const unknown = transforms.find((it) => !TRANSFORMS.includes(it))
  if (unknown !== undefined) return { state: 'unsupported', why: `the transform ${unknown.slice(0, 96)}` }
  if (transforms.includes(CANONICAL_1_1) && /\sxml:[a-z]+\s*=/.test(Buffer.from(bytes).toString('utf8'))) {
    return { state: 'unsupported', why: 'canonical XML 1.1 of a document with attributes of the name space xml' }
  }
  const signer = signerOf(signature)
  if (signer === undefined) return { state: 'unsupported', why: 'it carries no X.509 certificate of the signer' }
  return verify(bytes, signature, algorithm, signer)
}

function signerOf(signature: Element): X509Certificate | undefined {
  const encoded = signature.getElementsByTagNameNS(DS, 'X509Certificate').item(0)?.textContent
  if (encoded == null) return undefined
  try {
    return new X509Certificate(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
}

function verify(bytes: Uint8Array, signature: Element, algorithm: string, signer: X509Certificate): SignatureReport {
  const xml = Buffer.from(bytes).toString('utf8')
  const key = signer.publicKey.export({ type: 'spki', format: 'pem' }) as string
  const checker = new SignedXml({ publicCert: key, getCertFromKeyInfo: () => null })
  checker.SignatureAlgorithms = { ...checker.SignatureAlgorithms, ...ECDSA }
  checker.CanonicalizationAlgorithms = { ...checker.CanonicalizationAlgorithms, [CANONICAL_1_1]: C14nCanonicalization }
  try {
    checker.loadSignature(signature)
    if (!checker.checkSignature(xml)) return { state: 'invalid', why: 'the signature is not over this content' }
    const whole = JSON.stringify(certificateOf(parseXml(bytes), ''))
    const covered = checker.getSignedReferences().some((signed) => isSame(signed, whole))
    if (!covered || !namesRoot(signature))
      return { state: 'invalid', why: 'the signature does not cover the whole certificate' }
  } catch (error) {
    return { state: 'invalid', why: (error instanceof Error ? error.message : String(error)).slice(0, 200) }
  }
  return {
    state: 'valid',
    signer: oneLine(signer.subject),
    issuer: oneLine(signer.issuer),
    validTo: new Date(signer.validTo).toISOString(),
    algorithm,
  }
}

/** Whether a reference is to the whole document or to its root element by its id, which the library lets stand once only. */
function namesRoot(signature: Element): boolean {
  const root = signature.parentNode as Element
  const ids = ['Id', 'ID', 'id'].flatMap((name) => (root.hasAttribute(name) ? [`#${root.getAttribute(name)}`] : []))
  const info = children(signature, DS, 'SignedInfo')
  const references = info.flatMap((it) => children(it, DS, 'Reference'))
  return references.some((it) => ['', ...ids].includes(it.getAttribute('URI') ?? '(absent)'))
}

function isSame(signed: string, whole: string): boolean {
  try {
    return JSON.stringify(certificateOf(parseXml(Buffer.from(signed)), '')) === whole
  } catch {
    // another part of the file, such as the properties that XAdES signs as well
    return false
  }
}

const oneLine = (name: string): string => name.split('\n').join(', ')
