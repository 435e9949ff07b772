/**
 * Tests of core, pinset/intake: each name says what it holds.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '../../src/bytes/format-error.ts'
import { signedBytes } from '../../src/crypto.ts'
import type { Row } from '../../src/effects.ts'
import { decodeCommit } from '../../src/formats/commit.ts'
import { type decodeEntry, makeEntry } from '../../src/formats/entry.ts'
import { decodeFork } from '../../src/formats/fork.ts'
import { keyOfPeer } from '../../src/formats/peer-id.ts'
import { sealedBytes } from '../../src/formats/seal.ts'
import { decodeStored, type StoredEntry } from '../../src/formats/stored.ts'
import { Agenda } from '../../src/loop/agenda.ts'
import { Disk } from '../../src/loop/disk.ts'
import { Outbox } from '../../src/loop/outbox.ts'
import { Intake, type Taken, waitingEntriesMax } from '../../src/pinset/intake.ts'
import type { Leaf } from '../../src/pinset/leaf.ts'
import { Leaves } from '../../src/pinset/leaves.ts'
import { Facts } from '../../src/trust/facts.ts'
import { Charter, MemoryDisk, type Scribe, cidText, cidsOfOne, epoch, leafOfMapKey, only } from '../kit.ts'

const charter = new Charter(3)
const { founder: crypto, meshId } = charter

/** An intake with its disk and its facts, and nothing else. */
class Door {
  readonly outbox = new Outbox()
  readonly agenda = new Agenda()
  readonly disk = new Disk(this.outbox, this.agenda)
  readonly facts = new Facts({ meshId, root: crypto.rootKey as Uint8Array, crypto })
  readonly proofs: Uint8Array[] = []
  readonly overtaken: number[] = []
  readonly taken: Taken[] = []
  /** lamport of the first pin of each bucket that was told to have changed */
  readonly changed: (number | undefined)[] = []
  /** rows written, in their order */
  readonly written: Row[] = []
  readonly rows = new MemoryDisk()
  readonly leaves: Leaves
  readonly intake: Intake
  /** Whether the disk and loads are answered. */
  answers = true
  checks = 0

  constructor(from: Charter = charter) {
    this.facts.load(from.rows.map(({ key, value }) => ({ key, value: value as Uint8Array })))
    const stands = (id: { writer: number; prefixLen: number; prefix: number }, generation: number): boolean =>
      this.facts.keyLog.writer(id.writer)?.removed === false && !this.facts.voided(id, generation)
    const { outbox, agenda, facts, disk } = this
    this.leaves = new Leaves({ outbox, agenda, leaf: { meshId, crypto, stands }, isEmpty: () => false })
    const counting = {
      ...crypto,
      verify: (...args: Parameters<typeof crypto.verify>) => (this.checks++, crypto.verify(...args))
    }
    this.intake = new Intake({
      meshId,
      crypto: counting,
      outbox,
      disk,
      leaves: this.leaves,
      facts,
      leafChanged: (_leaf, { buckets }) => this.changed.push(...buckets.map(({ after }) => after[0]?.lamport)),
      leafWritten: () => {},
      forked: (proof) => this.proofs.push(proof),
      overtaken: (leaf) => this.overtaken.push(leaf)
    })
  }

  /** Works until nothing is left to do; `meanwhile`: what comes one by one, a step each. */
  work(meanwhile: (() => void)[] = []): void {
    for (let busy = true; busy;) {
      meanwhile.shift()?.()
      this.agenda.run(0)
      this.disk.flush()
      busy = this.agenda.backlog > 0
      for (const effect of this.outbox.take()) {
        if (effect.kind === 'load' && this.answers) {
          const loaded = this.rows.loaded(effect.leaf)
          if (loaded.kind === 'loaded') this.leaves.loaded(effect.leaf, loaded.entries, loaded.holds)
          busy = true
        }
        if (effect.kind === 'write' && this.answers) {
          this.rows.write(effect.rows as Row[])
          this.written.push(...effect.rows)
          this.disk.written(effect.batch)
          busy = true
        }
        if (effect.kind === 'note') this.notes.push(effect.note.code)
      }
    }
  }

  readonly notes: string[] = []

  commit(bytes: Uint8Array): { known: boolean; jump: boolean; taken: Taken[] } {
    const taken: Taken[] = []
    const result = this.intake.takeCommit(decodeCommit(bytes, crypto), (one) => taken.push(one))
    this.work()
    return { ...result, taken }
  }

  run(...stored: StoredEntry[]): Taken[] {
    const taken: Taken[] = []
    this.intake.takeRun(stored, (one) => taken.push(one))
    this.work()
    return taken
  }

  entries(leaf: number): readonly StoredEntry[] {
    const resident = this.leaves.resident(leaf) as Leaf
    return [...resident.logs()].flatMap((log) => log.entries)
  }
}

/** n entries of writer 2 in one leaf, each in a commit of its own. */
function chain(
  n: number,
  scribe: Scribe = charter.scribe(1)
): { written: ReturnType<Scribe['write']>[]; leaf: number } {
  const key = charter.mapKey(cidText(1))
  const written = Array.from({ length: n }, (_, at) =>
    scribe.write({ [key]: scribe.pin(cidText(1), { lamport: epoch + at }) })
  )
  return { written, leaf: leafOfMapKey(key) }
}

const stored = ({ written }: ReturnType<typeof chain>): StoredEntry[] =>
  written.map((one) => one.stored[0] as StoredEntry)

test('a commit is taken once, and told as new only when it is on disk', () => {
  const door = new Door()
  const { written } = chain(1)
  const bytes = written[0]?.bytes as Uint8Array
  door.answers = false
  assert.deepEqual(door.commit(bytes), { known: true, jump: false, taken: [] })
  assert.equal(door.intake.waiting, 1)
  const again = new Door()
  assert.deepEqual(again.commit(bytes).taken, ['new'])
  assert.deepEqual(again.commit(bytes).taken, ['old'])
  assert.equal(again.intake.waiting, 0)
  assert.equal(again.rows.table('entry').length, 1)
})

test('a commit number that jumps says that something was missed, in whichever log', () => {
  const { written } = chain(4)
  const door = new Door()
  const jump = (n: number): boolean => door.commit(written[n]?.bytes as Uint8Array).jump
  assert.deepEqual([jump(0), jump(1), jump(3), jump(2)], [false, false, true, false])
  const late = new Door()
  assert.equal(late.commit(written[1]?.bytes as Uint8Array).jump, true)
})

test('what follows something unseen is behind, and not kept', () => {
  const { written, leaf } = chain(3)
  const door = new Door()
  assert.deepEqual(door.commit(written[2]?.bytes as Uint8Array).taken, ['behind'])
  assert.deepEqual(door.entries(leaf), [])
  assert.equal(door.rows.table('entry').length, 0)
})

test('an entry of a writer that the key log does not name yet, or of a newer key log than mine, waits for a sync', () => {
  const before = new Charter(3, { writing: 1 })
  const door = new Door(before)
  const { written } = chain(1)
  assert.deepEqual(door.commit(written[0]?.bytes as Uint8Array), { known: false, jump: false, taken: [] })
  assert.deepEqual(door.run(...stored({ written, leaf: 0 })), ['behind'])
  const known = new Door()
  const newer = charter.scribe(1)
  Object.assign(newer, { keySeq: charter.facts.keyLog.seq + 1 })
  assert.deepEqual(known.commit(chain(1, newer).written[0]?.bytes as Uint8Array).taken, ['behind'])
})

test('a seal that its writer has not signed is forged, and nothing of it is taken', () => {
  const door = new Door()
  const { written, leaf } = chain(1)
  const { seal, entries } = decodeCommit(written[0]?.bytes as Uint8Array, crypto)
  const sig = seal.sig.with(3, (seal.sig[3] as number) ^ 1)
  for (const bad of [
    { ...seal, sig },
    { ...seal, commit: 9 },
    { ...seal, prevCommit: new Uint8Array(32).fill(1) }
  ])
    assert.throws(() => door.intake.takeCommit({ seal: bad, entries }, () => {}), FormatError)
  door.work()
  assert.equal(door.leaves.resident(leaf), undefined)
})

test('a good seal that was seen before does not vouch for another that only looks like it', () => {
  const door = new Door()
  const scribe = charter.scribe(1)
  const [one, two] = [charter.mapKey(cidText(1)), charter.mapKey(cidText(2))]
  const written = scribe.write({ [one]: scribe.pin(cidText(1)), [two]: scribe.pin(cidText(2)) })
  const [first, second] = written.stored as [StoredEntry, StoredEntry]
  assert.deepEqual(door.run(first), ['new'])
  const { proof } = second as Required<StoredEntry>
  for (const differing of [{ prevCommit: new Uint8Array(32).fill(1) }, { commit: 77 }])
    assert.throws(
      () => door.run({ ...second, proof: { ...proof, seal: { ...proof.seal, ...differing } } }),
      FormatError
    )
  assert.deepEqual(door.run(second), ['new'])
})

test('of one commit only one signature is checked', () => {
  const door = new Door()
  const scribe = charter.scribe(1)
  const changes = Array.from({ length: 8 }, (_, n) => [charter.mapKey(cidText(n)), scribe.pin(cidText(n))] as const)
  const written = scribe.write(Object.fromEntries(changes))
  assert.ok(written.stored.length > 1)
  door.commit(written.bytes)
  for (const one of written.stored) door.run(one)
  assert.equal(door.checks, 1)
})

test('of a run only the newest seal is checked, the others by previous hash', () => {
  const door = new Door()
  const run = stored(chain(6))
  assert.deepEqual(door.run(...run), ['new'])
  assert.equal(door.checks, 1)
})

test('a run changes its leaf once, however many entries it has', () => {
  const door = new Door()
  assert.deepEqual(door.run(...stored(chain(6))), ['new'])
  assert.deepEqual(door.changed, [epoch + 5])
  const tables = door.written.map(({ table }) => table).sort()
  assert.deepEqual(tables, ['entry', 'entry', 'entry', 'entry', 'entry', 'entry', 'leaf', 'pin'])
})

test('a run that is no chain, ends without a seal or under the seal of another is forged', () => {
  const run = stored(chain(3)) as [StoredEntry, StoredEntry, StoredEntry]
  const [a, b, c] = run
  const other = stored(chain(1, charter.scribe(2)))[0] as Required<StoredEntry>
  for (const bad of [[a, c], [b, a], [a, b, { entry: c.entry }], [], [{ entry: a.entry, proof: other.proof }]])
    assert.throws(() => new Door().run(...(bad as StoredEntry[])), FormatError)
})

test('what is stored of a run carries no seal that nobody has checked', () => {
  const [a, b] = stored(chain(2)) as [Required<StoredEntry>, StoredEntry]
  const sig = a.proof.seal.sig.with(0, (a.proof.seal.sig[0] as number) ^ 1)
  const door = new Door()
  assert.deepEqual(door.run({ ...a, proof: { ...a.proof, seal: { ...a.proof.seal, sig } } }, b), ['new'])
  for (const { value } of door.rows.table('entry')) {
    const { proof } = decodeStored(value, crypto)
    if (proof === undefined) continue
    const signed = signedBytes('pinmesh/seal/1', meshId, sealedBytes(proof.seal))
    assert.ok(crypto.verify(keyOfPeer(charter.cryptos[1]?.peer as string), signed, proof.seal.sig))
  }
})

test('an entry that breaks a rule is refused though it is validly signed, and what came before it in the run stands', () => {
  const scribe = charter.scribe(1)
  const { written, leaf } = chain(1, scribe)
  const good = written[0]?.stored[0] as StoredEntry
  const next = chain(1, scribe).written[0]?.stored[0] as StoredEntry
  // The same body again: its items are not where the log ends.

  const clock = { ...next.entry, clock: 7 }
  const sealed = scribe.seal([remade(clock)]).stored[0] as StoredEntry
  const door = new Door()
  assert.deepEqual(door.run(good, sealed), ['unfit'])
  assert.deepEqual(door.notes, ['entry-refused'])
  assert.equal(door.entries(leaf).length, 1)
  assert.equal(door.rows.table('entry').length, 1)
  assert.deepEqual(door.changed, [epoch])
  assert.equal(door.intake.waiting, 0)
})

test('two histories of one log are proven by whoever meets both, whichever has the smaller hash', () => {
  for (const branches of [10, 11, 12, 13, 14, 15]) {
    const scribe = charter.scribe(1)
    const key = charter.mapKey(cidText(1))
    const pin = (lamport: number): ReturnType<Scribe['pin']> => scribe.pin(cidText(1), { lamport: epoch + lamport })
    const first = scribe.write({ [key]: pin(0) })
    const other = scribe.fork({ [key]: pin(branches) })
    const mine = scribe.write({ [key]: pin(1) })
    const door = new Door()
    door.commit(first.bytes)
    door.commit(mine.bytes)
    assert.deepEqual(door.commit(other.bytes).taken, ['unfit'])
    assert.equal(door.proofs.length, 1)
    const { a, b } = decodeFork(door.proofs[0] as Uint8Array, crypto)
    const hashes = [other, mine].map(({ stored: [one] }) =>
      Buffer.from((one as StoredEntry).entry.hash).toString('hex')
    )
    assert.deepEqual([a, b].map(({ hash }) => Buffer.from(hash).toString('hex')).sort(), hashes.sort())
  }
})

test('a fork is proven also from the run of a longer branch, and from what came before the reset that is held', () => {
  const key = charter.mapKey(cidText(1))
  const [left, right] = [charter.scribe(1), charter.scribe(1)]
  const pin = (lamport: number): ReturnType<Scribe['pin']> => left.pin(cidText(1), { lamport: epoch + lamport })
  const begin = left.write({ [key]: pin(0) })
  right.log(leafOfMapKey(key)).append(begin.stored[0] as StoredEntry)
  const mine = left.write({ [key]: pin(1) })
  const theirs = [2, 3, 4].map((n) => right.write({ [key]: pin(n) }).stored[0] as StoredEntry)
  const door = new Door()
  door.run(begin.stored[0] as StoredEntry, mine.stored[0] as StoredEntry)
  // From the entry after mine, as a sync asks for it.
  assert.deepEqual(door.run(theirs[1] as StoredEntry, theirs[2] as StoredEntry), ['unfit'])
  assert.equal(door.proofs.length, 1)

  const reset = left.reset(leafOfMapKey(key))
  const later = new Door()
  later.run(reset.stored[0] as StoredEntry)
  assert.deepEqual(later.run(theirs[0] as StoredEntry), ['unfit'])
  assert.equal(later.proofs.length, 1)
})

test('nothing of a removed writer or of a void generation is taken', () => {
  const gone = new Charter(3)
  gone.op({ kind: 'remove-writer', writer: 2 })
  const { written, leaf } = chain(1)
  const door = new Door(gone)
  assert.deepEqual(door.commit(written[0]?.bytes as Uint8Array).taken, ['unfit'])
  assert.deepEqual(door.entries(leaf), [])
})

test('entries of others wait until own ones of that leaf are on disk', () => {
  const door = new Door()
  const { written, leaf } = chain(1)
  let resident: Leaf | undefined
  door.leaves.with(leaf, (one) => {
    resident = one
    one.drafts++
  })
  door.work()
  assert.deepEqual(door.commit(written[0]?.bytes as Uint8Array).taken, [])
  assert.equal(door.rows.table('entry').length, 0)
  resident?.draftDone()
  door.work()
  assert.equal(door.rows.table('entry').length, 1)
  assert.equal(door.intake.waiting, 0)
})

test('it is full when as many entries wait as it may keep', () => {
  const door = new Door()
  door.answers = false
  const { written } = chain(1)
  const commit = decodeCommit(written[0]?.bytes as Uint8Array, crypto)
  for (let n = 0; n < waitingEntriesMax; n++) {
    assert.equal(door.intake.full, false)
    door.intake.takeCommit(commit, () => {})
  }
  assert.equal(door.intake.full, true)
  assert.equal(door.intake.waiting, waitingEntriesMax)
  assert.ok(only(door.outbox.take(), 'load').length <= 1)
})

/** A reset of 1,024 pins in one leaf, and what its writer wrote there after it. */
function large(): { reset: StoredEntry; next: StoredEntry; leaf: number; cids: string[]; scribe: Scribe } {
  const scribe = charter.scribe(1)
  const cids = cidsOfOne(charter, 'leaf', 16)
  const changes = cids.flatMap((cid) =>
    Array.from({ length: 64 }, (_, slot) => [charter.mapKey(cid, `s${slot}`), scribe.pin(cid)] as const)
  )
  const reset = scribe.write(Object.fromEntries(changes), 1).stored[0] as StoredEntry
  const key = charter.mapKey(cids[0] as string)
  const next = scribe.write({ [key]: scribe.pin(cids[0] as string) }).stored[0] as StoredEntry
  assert.equal(reset.entry.kind, 'reset')
  return { reset, next, leaf: leafOfMapKey(key), cids, scribe }
}

test('a reset of a thousand pins is taken in many small units, and what follows in its leaf waits for it in its order', () => {
  const { reset, next, leaf } = large()
  const door = new Door()
  const taken: string[] = []
  door.intake.takeRun([reset], (one) => taken.push(`reset ${one}`))
  door.intake.takeRun([next], (one) => taken.push(`next ${one}`))
  door.leaves.later(leaf, (resident) => taken.push(`${resident.view().size} pins are seen`))
  const elsewhere = Array.from({ length: 40 }, (_, n) => n)
  door.work(elsewhere.map((n) => () => door.leaves.with((leaf + 1) % 4096, () => taken.push(`elsewhere ${n}`))))
  const at = (what: string): number => taken.indexOf(what)
  assert.deepEqual(
    taken.filter((what) => !what.startsWith('elsewhere')),
    ['reset new', 'next new', '1025 pins are seen']
  )
  assert.ok(at('elsewhere 39') < at('1025 pins are seen'), 'work elsewhere goes on meanwhile')
  assert.equal(door.rows.table('pin').length, 1025)
})

test('a large reset with a fault at its end changes nothing, and the leaf goes on', () => {
  const { reset, leaf, scribe, cids } = large()
  const body = reset.entry.body.slice()
  body[body.length - 2] = (body[body.length - 2] as number) ^ 1
  const bad = scribe.seal([remade({ ...reset.entry, body })]).stored[0] as StoredEntry
  const door = new Door()
  assert.deepEqual(door.run(bad), ['unfit'])
  assert.deepEqual(door.notes, ['entry-refused'])
  assert.deepEqual(door.entries(leaf), [])
  const other = charter.scribe(2)
  const [cid] = cids as [string]
  const good = other.write({ [charter.mapKey(cid)]: other.pin(cid) }).stored[0] as StoredEntry
  assert.deepEqual(door.run(good), ['new'])
  assert.equal(door.rows.table('pin').length, 1)
})

test('a writer that is removed while its entry is on its way leaves a leaf that has to be read anew', () => {
  const own = new Charter(3)
  const door = new Door(own)
  door.answers = false
  const { written, leaf } = chain(1)
  door.leaves.with(leaf, () => {})
  door.work()
  door.leaves.loaded(leaf, [], [])
  door.commit(written[0]?.bytes as Uint8Array)
  door.facts.takeOp(own.sign({ kind: 'remove-writer', writer: 2 }))
  door.disk.written(1)
  assert.deepEqual(door.overtaken, [leaf])
})

function remade(entry: ReturnType<typeof decodeEntry>): ReturnType<typeof decodeEntry> {
  const { header: _, hash: __, bodyHash: ___, ...fields } = entry
  return makeEntry(fields, crypto)
}
