/**
 * The root key as a file that may travel: sealed by a passphrase (scrypt, then AES-256-GCM), bound to its mesh. What the file says of
 * its own cost is checked before anything is computed, so that a hostile file costs no more than an honest one.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt, type ScryptOptions } from 'node:crypto'
import { decodeCharter, fromHex, meshIdOf, meshIdText, toHex } from '@pinmesh/core'
import { Home } from './home.ts'
import { MeshError } from './mesh-error.ts'
import { hash, keyPair } from './node-crypto.ts'

/** 128 MiB and about half a second: what a guess costs. */
const costs = { N: 2 ** 17, r: 8, p: 1 } as const
const costMax: number = 2 ** 20
const saltBytes = 16
const ivBytes = 12
const tagBytes = 16
const fileCharsMax = 4096
/** Shorter ones are guessed. */
export const passphraseCharsMin = 8

interface RootFile {
  readonly pinmesh: 'root key'
  readonly version: 1
  /** mesh id text */
  readonly mesh: string
  /** scrypt: N; r is 8 and p is 1 */
  readonly cost: number
  /** hex */
  readonly salt: string
  readonly iv: string
  /** the 32-byte seed, sealed, and the tag */
  readonly sealed: string
}

/** The root key of this home, sealed. MESH_NO_ROOT_KEY. */
export async function exportRoot(settings: { home: string; passphrase: string }): Promise<string> {
  const home = new Home(settings.home)
  const { mesh } = await meshOf(home)
  const seed = await home.rootSeed()
  if (seed === undefined)
    throw new MeshError('MESH_NO_ROOT_KEY', 'The root key of the mesh is not on this peer.', {
      remedy: 'Run it where it is: on the peer that founded the mesh, unless it was moved.'
    })
  checkPassphrase(settings.passphrase)
  const salt = randomBytes(saltBytes)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', await keyOf(settings.passphrase, salt, costs.N), iv)
  cipher.setAAD(Buffer.from(mesh))
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()])
  const file: RootFile = {
    pinmesh: 'root key',
    version: 1,
    mesh,
    cost: costs.N,
    salt: toHex(salt),
    iv: toHex(iv),
    sealed: toHex(sealed)
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/**
 * Opens such a file and keeps the key in the home of another peer of the same mesh. A peer that runs on it has to be told
 * (`trust.reloadRoot`). `added`: it was not there before. MESH_ROOT_FILE, MESH_ROOT_FOREIGN, MESH_ROOT_PASSPHRASE, MESH_ROOT_PRESENT.
 */
export async function importRoot(settings: {
  home: string
  passphrase: string
  text: string
}): Promise<{ mesh: string; rootKeyFile: string; added: boolean }> {
  const home = new Home(settings.home)
  const { mesh } = await meshOf(home)
  const file = readRootFile(settings.text)
  if (file.mesh !== mesh)
    throw new MeshError('MESH_ROOT_FOREIGN', `The root key in that file is of the mesh ${file.mesh}.`, {
      remedy: `Give the one of ${mesh}, or another --home.`
    })
  const seed = await open(file, settings.passphrase)
  const present = await home.rootSeed()
  if (present !== undefined && toHex(present) !== toHex(seed))
    throw new MeshError('MESH_ROOT_PRESENT', `There is another root key in ${home.rootKeyPath} already.`, {
      remedy: 'Move that file away first, if it is of no use any more.'
    })
  if (present === undefined) await home.saveRootSeed(seed)
  return { mesh, rootKeyFile: home.rootKeyPath, added: present === undefined }
}

async function meshOf(home: Home): Promise<{ mesh: string }> {
  const file = await home.mesh()
  if (file === undefined)
    throw new MeshError('MESH_HOME_MISSING', `There is no mesh in ${home.path} yet.`, {
      exit: 1,
      remedy: 'Join it first: mesh join <address>.'
    })
  const charter = fromHex(file.charter)
  decodeCharter(charter)
  return { mesh: meshIdText(meshIdOf(charter, { hash })) }
}

async function open(file: RootFile, passphrase: string): Promise<Uint8Array> {
  const sealed = fromHex(file.sealed)
  const decipher = createDecipheriv(
    'aes-256-gcm',
    await keyOf(passphrase, fromHex(file.salt), file.cost),
    fromHex(file.iv)
  )
  decipher.setAAD(Buffer.from(file.mesh))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  try {
    const seed = new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]))
    keyPair(seed)
    return seed
  } catch (cause) {
    throw new MeshError('MESH_ROOT_PASSPHRASE', 'The passphrase does not open that file.', {
      remedy: 'Try again; nobody can open it without.',
      cause
    })
  }
}

function readRootFile(text: string): RootFile {
  try {
    if (text.length > fileCharsMax) throw new Error('too long')
    const file = JSON.parse(text) as RootFile
    const { cost } = file
    if (file.pinmesh !== 'root key' || file.version !== 1 || typeof file.mesh !== 'string')
      throw new Error('another file')
    if (!Number.isInteger(cost) || cost < 2 ** 14 || cost > costMax || (cost & (cost - 1)) !== 0)
      throw new Error('cost')
    const lengths = [file.salt, file.iv, file.sealed].map((hex) => fromHex(hex).length)
    if (lengths.join() !== [saltBytes, ivBytes, 32 + tagBytes].join()) throw new Error('lengths')
    return file
  } catch (cause) {
    throw new MeshError('MESH_ROOT_FILE', 'That is not a root key as `mesh root export` writes it, or it was cut.', {
      exit: 1,
      remedy: 'Copy the file whole.',
      cause
    })
  }
}

function checkPassphrase(passphrase: string): void {
  if (passphrase.length >= passphraseCharsMin) return
  throw new MeshError('MESH_ROOT_PASSPHRASE', `A passphrase has ${passphraseCharsMin} characters at least.`, {
    exit: 1,
    remedy: 'Take several words: whoever has the file can try as many as he likes.'
  })
}

async function keyOf(passphrase: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  const options: ScryptOptions = { ...costs, N: cost, maxmem: 256 * cost * costs.r }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
