// A certificate for `localhost`, signed by itself, made for one test run: DER by hand, since Node reads certificates and
// makes none.

import { generateKeyPairSync, sign } from 'node:crypto'

export function selfSigned(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaSha256 = der(0x30, oid('2a8648ce3d040302'))
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from('localhost')))))
  const from = der(0x17, Buffer.from('200101000000Z'))
  const until = der(0x17, Buffer.from('491231235959Z'))
  const host = der(0x30, der(0x82, Buffer.from('localhost')))
  const extension = der(0x30, oid('551d11'), der(0x04, host))
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ecdsaSha256,
    name,
    der(0x30, from, until),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, der(0x30, extension))
  )
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey))
  const whole = der(0x30, body, ecdsaSha256, signature).toString('base64')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  }
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}
