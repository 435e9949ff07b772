// The commands about who belongs to the mesh, against a peer of a few lines.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { MeshError } from '@pinmesh/node/mesh-error'
import { other } from '@pinmesh/node/fake'
import type { JoinSettings } from '../src/node-door.ts'
import { folder, mesh, served } from './command.ts'

test('vouching for a peer, taking it back, putting it out', async (t) => {
  const { node, run } = await served(t)
  assert.deepEqual((await run(['peers', 'vouch', other, '--json'])).objects, [{ peer: other, class: 'trusted' }])
  assert.deepEqual((await run(['peers', 'withdraw', other, '--anyway', '--json'])).objects, [
    { peer: other, withdrawn: true }
  ])
  assert.deepEqual((await run(['peers', 'rm', other, '--yes', '--json'])).objects, [{ peer: other, removed: true }])
  const plain = { anyway: false }
  assert.deepEqual(node.asked, [
    { vouch: other, ...plain },
    { withdraw: other, anyway: true },
    { removePeer: other, ...plain }
  ])
  assert.match((await run(['peers', 'vouch', 'nobody'])).err, /MESH_BAD_VALUE/)
})

test('what cannot be taken back is asked for: no answer, no change', async (t) => {
  const { node, run } = await served(t)
  for (const words of [
    ['peers', 'rm', other],
    ['writers', 'rm', other]
  ]) {
    const silent = await run(words)
    assert.deepEqual([silent.exit, silent.out], [1, ''])
    assert.match(silent.err, /--yes/)
    assert.equal((await run(words, { typed: 'n\n' })).exit, 1)
  }
  assert.deepEqual(node.asked, [])
  assert.equal((await run(['writers', 'rm', other], { typed: 'y\n' })).exit, 0)
  assert.deepEqual(node.asked, [{ removeWriter: other, anyway: false, adopt: false }])
})

test('writers are listed, named and taken away', async (t) => {
  const { run } = await served(t)
  const { out } = await run(['writers', 'ls'])
  assert.match(out, /writer 7\n.*writer 9 {2}removed\n/s)
  assert.deepEqual((await run(['writers', 'add', other, '--json'])).objects, [{ peer: other, writer: 7 }])
  assert.match((await run(['writers', 'add', 'nobody'])).err, /MESH_BAD_VALUE/)
})

test('an invitation is one word on stdout; invitations are listed and ended', async (t) => {
  const { node, run } = await served(t)
  const made = await run(['invite', '--writer', '--uses', '3', '--until', '12h', '--json'])
  assert.deepEqual(made.objects, [
    { invite: 'zInvitation', id: 'abcdef012345', writer: true, uses: 3, until: 1e12, join: 'mesh join zInvitation' }
  ])
  assert.match(made.err, /3 peers may join .* writes as soon as/s)
  assert.equal((await run(['invite', '-q'])).out, 'zInvitation\n')
  assert.match(
    (await run(['invite', 'ls'])).out,
    /^abcdef012345 {2}open {2}writer {2}1 of 2 used {2}until 2001-09-09T01:46Z/
  )
  assert.deepEqual((await run(['invite', 'end', 'abcdef012345', '--json'])).objects, [
    { invite: 'abcdef012345', ended: true }
  ])
  assert.deepEqual(node.asked, [
    { invite: { writer: true, uses: 3, validMs: 12 * 3_600_000 } },
    { invite: {} },
    { endInvitation: 'abcdef012345', anyway: false }
  ])
  assert.match((await run(['invite', '--uses', '0'])).err, /MESH_BAD_VALUE/)
  assert.match((await run(['invite', '--until', 'soon'])).err, /MESH_BAD_VALUE/)
})

test('an invitation is joined alone, or behind an address; two of them are refused', async (t) => {
  const home = await folder(t)
  const asked: unknown[] = []
  const joinHome = async ({ signal: _signal, ...settings }: JoinSettings): Promise<never> => {
    asked.push(settings)
    throw new MeshError('MESH_INVITE_USED', 'The invitation is used up.')
  }
  const word = `z${'a'.repeat(300)}`
  const address = `/ip4/127.0.0.1/tcp/4101/p2p/${other}`
  const door = { joinHome }
  assert.equal((await mesh(['join', word, '--home', home], { door })).exit, 2)
  assert.equal((await mesh(['join', address, '--invite', word, '--home', home], { door })).exit, 2)
  // What is left of a word that was cut is judged as one, not as an address.
  assert.equal((await mesh(['join', ` ${word.slice(0, 30)}\n`, '--home', home], { door })).exit, 2)
  assert.deepEqual(asked, [
    { home, invite: word },
    { home, bootstrap: address, invite: word },
    { home, invite: word.slice(0, 30) }
  ])
  assert.match((await mesh(['join', word, '--invite', word, '--home', home], { door })).err, /MESH_USAGE/)
  assert.match((await mesh(['join', 'nonsense', '--home', home], { door })).err, /MESH_BAD_ADDRESS/)
})

test('a writer is removed with what it wanted taken over, or left in limbo, which is told', async (t) => {
  const { node, run } = await served(t)
  const adopted = await run(['writers', 'rm', other, '--adopt', '--yes', '--json'])
  assert.deepEqual(adopted.objects, [{ peer: other, writer: 7, removed: true, adopted: 12 }])
  assert.match((await run(['writers', 'rm', other, '--yes'])).err, /mesh limbo ls/)
  assert.deepEqual(node.asked, [
    { removeWriter: other, anyway: false, adopt: true },
    { removeWriter: other, anyway: false, adopt: false }
  ])
})

test('limbo is listed, adopted and dropped', async (t) => {
  const { node, run } = await served(t)
  const { out } = await run(['limbo', 'ls'])
  assert.match(
    out,
    /^bafkqaaa {2}×2 {2}films. {2}of 12D3\w+ {2}held here {2}kept until 2001-09-09T01:46Z\nbafkqaalb {2}all {2}of/
  )
  assert.equal((await run(['limbo', 'ls', '--json'])).objects.length, 2)
  assert.deepEqual((await run(['limbo', 'adopt', '--json'])).objects, [{ adopted: 2 }])
  assert.deepEqual((await run(['limbo', 'adopt', 'bafkqaaa', '--json'])).objects, [{ adopted: 1 }])
  assert.match((await run(['limbo', 'adopt', 'nonsense'])).err, /MESH_BAD_CID/)
  assert.match((await run(['limbo', 'drop', other])).err, /MESH_USAGE/)
  assert.deepEqual((await run(['limbo', 'drop', other, '--yes', '--json'])).objects, [{ writers: [9] }])
  assert.match((await run(['limbo', 'drop'], { typed: 'y\n' })).out, /^It goes/)
  assert.deepEqual(node.asked, [
    { adoptLimbo: undefined },
    { adoptLimbo: ['bafkqaaa'] },
    { dropLimbo: other, anyway: false },
    { dropLimbo: undefined, anyway: false }
  ])
})

test('where nothing of a removed writer is kept, dropping says so', async (t) => {
  const { run } = await served(t, { trust: { dropLimbo: async () => ({ writers: [] }) } })
  const { out, exit } = await run(['limbo', 'drop', '--yes'])
  assert.deepEqual([out, exit], ['There is no removed writer of whom anything was kept.\n', 0])
})

const sealer = {
  exportRoot: async ({ passphrase }: { passphrase: string }) => `sealed by ${passphrase}\n`,
  importRoot: async ({ passphrase, text }: { passphrase: string; text: string }) => ({
    mesh: `of ${text.trim()}`,
    rootKeyFile: `by ${passphrase}`,
    added: true
  })
}

test('the root key goes to a new file, sealed by a passphrase from a file, from stdin, or typed twice without echo', async (t) => {
  const home = await folder(t)
  const to = (name: string): string => join(home, name)
  writeFileSync(to('secret'), 'open sesame\nand more')
  const done = await mesh(['root', 'export', to('one'), '--passphrase-file', to('secret')], { door: sealer })
  assert.deepEqual([done.exit, readFileSync(to('one'), 'utf8')], [0, 'sealed by open sesame\n'])
  assert.equal(statSync(to('one')).mode & 0o777, 0o600)
  await mesh(['root', 'export', to('two'), '--passphrase-file', '-'], { door: sealer, stdin: 'piped\n' })
  assert.equal(readFileSync(to('two'), 'utf8'), 'sealed by piped\n')
  const typed = await mesh(['root', 'export', to('three')], { door: sealer, typed: 'hidden\nhidden\n' })
  assert.equal(readFileSync(to('three'), 'utf8'), 'sealed by hidden\n')
  assert.ok(!`${typed.out}${typed.err}`.includes('hidden'))
  const differing = await mesh(['root', 'export', to('four')], { door: sealer, typed: 'one\ntwo\n' })
  assert.match(differing.err, /not the same/)
  const again = await mesh(['root', 'export', to('one'), '--passphrase-file', to('secret')], { door: sealer })
  assert.match(again.err, /MESH_PATH_TAKEN/)
  for (const words of [
    ['export', ''],
    ['import', '']
  ])
    assert.match(
      (await mesh(['root', ...words, '--passphrase-file', '-'], { door: sealer, stdin: 'p\n' })).err,
      /BAD_VALUE/
    )
  const nowhere = await mesh(['root', 'export', to('no/where'), '--passphrase-file', to('secret')], { door: sealer })
  assert.match(nowhere.err, /its folder is not there\. \(MESH_FILE_UNWRITABLE\)/)
  assert.doesNotMatch(nowhere.err, /-o/)
  assert.match((await mesh(['root', 'export', to('five')], { door: sealer })).err, /--passphrase-file/)
  assert.match(
    (await mesh(['root', 'export', to('five'), '--passphrase-file', to('none')], { door: sealer })).err,
    /MESH_FILE_UNREADABLE/
  )
})

test('an imported root key is taken up by the peer that runs, or when it is started', async (t) => {
  const { node, home, run } = await served(t)
  const file = join(home, 'file')
  writeFileSync(file, 'mine\n')
  const words = ['root', 'import', file, '--passphrase-file', '-', '--json']
  const given = { door: sealer, stdin: 'secret' }
  assert.deepEqual((await run(words, given)).objects, [{ mesh: 'of mine', rootKey: 'by secret', running: true }])
  assert.deepEqual(node.asked, [{ reloadRoot: true }])
  const alone = await mesh([...words, '--home', await folder(t)], given)
  assert.deepEqual(alone.objects, [{ mesh: 'of mine', rootKey: 'by secret', running: false }])
  assert.match((await run(['root', 'import', `${file}x`, '--passphrase-file', '-'], given)).err, /MESH_FILE_UNREADABLE/)
})

test('a root key that is in force no longer does not stay, unless it was there before', async (t) => {
  const old = async (): Promise<never> => {
    throw new MeshError('MESH_ROOT_OLD', 'That is no longer the root key of the mesh.')
  }
  const { home, run } = await served(t, { trust: { reloadRoot: old } })
  const rootKeyFile = join(home, 'root.key')
  for (const added of [false, true]) {
    writeFileSync(rootKeyFile, 'key')
    const door = { importRoot: async () => ({ mesh: 'a', rootKeyFile, added }) }
    const words = ['root', 'import', join(home, 'api.token'), '--passphrase-file', '-']
    assert.match((await run(words, { door, stdin: 'secret' })).err, /MESH_ROOT_OLD/)
    assert.equal(existsSync(rootKeyFile), !added)
  }
})

test('the root key is replaced when that is meant', async (t) => {
  const { node, run } = await served(t)
  assert.match((await run(['root', 'rotate'])).err, /--yes/)
  assert.deepEqual((await run(['root', 'rotate', '--yes', '--json'])).objects, [{ rotated: true }])
  assert.deepEqual(node.asked, [{ rotateRoot: true, anyway: false }])
})

test('the policy is shown, and set in what is named', async (t) => {
  const { node, run } = await served(t)
  const shown = { admission: 'open', replicas: 3, trustedMin: 1, profile: 'wan', protocolMin: 1 }
  assert.deepEqual((await run(['policy', 'show', '--json'])).objects, [shown])
  const set = await run(['policy', 'set', '--replicas', 'all', '--trusted-min', '0', '--profile', 'lan', '--json'])
  assert.deepEqual(set.objects, [{ ...shown, replicas: 0, trustedMin: 0, profile: 'lan' }])
  assert.match(set.err, /restart them/)
  assert.deepEqual(node.asked, [{ setPolicy: { replicas: 0, trustedMin: 0, profile: 'lan' }, anyway: false }])
  assert.match((await run(['policy', 'set'])).err, /MESH_USAGE/)
  assert.match((await run(['policy', 'set', '--replicas', '0'])).err, /MESH_BAD_VALUE.*or all for every peer/s)
  assert.match((await run(['policy', 'set', '--protocol-min', '0'])).err, /MESH_BAD_VALUE/)
  assert.match((await run(['policy', 'set', '--admission', 'invite'])).err, /no members any more/)
})
