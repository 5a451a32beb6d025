import { createPublicKey, verify, type X509Certificate } from 'node:crypto'
import type { Hit } from './push-endpoint.ts'

/** RFC 9421 3.2, written apart from the code that signs: the base from the request as it arrived. */
export function verifyRequest(hit: Hit, certificate: X509Certificate): boolean {
  const input = String(hit.headers['signature-input'])
  const [, names = '', params = ''] = /^lt=\(([^)]*)\)(.*)$/.exec(input) ?? []
  const lines = [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => {
    if (name === '@method') return `"@method": ${hit.method}`
    if (name === '@target-uri') return `"@target-uri": ${hit.url}`
    return `"${name}": ${String(hit.headers[name])}`
  })
  const base = [...lines, `"@signature-params": (${names})${params}`].join('\n')
  const [, value = ''] = /^lt=:(.*):$/.exec(String(hit.headers.signature)) ?? []
  const key = createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' }))
  return verify('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(value, 'base64'))
}
