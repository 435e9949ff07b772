// The stream of notes: who listens hears a lone note at once, and in bulk several together.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as immediate } from 'node:timers/promises'
import { Notes, type Told } from '../src/notes.ts'

/** Hears from now on; what came in one turn of the loop stands together. */
function hearing(notes: Notes): { heard: string[][]; stop: AbortController; ended: Promise<void> } {
  const heard: string[][] = []
  const stop = new AbortController()
  let together: string[] | undefined
  const listen = async (): Promise<void> => {
    for await (const { code } of notes.listen(stop.signal)) {
      if (together === undefined) {
        heard.push((together = []))
        setImmediate(() => (together = undefined))
      }
      together.push(code)
    }
  }
  return { heard, stop, ended: listen() }
}

/** Until all that was said is heard, and what is said next stands by itself. */
async function turn(): Promise<void> {
  await immediate()
  await immediate()
}

const note = (code: string): Told => ({ code, text: `It is ${code}.` })

test('a lone note is told at once, and what follows right behind it together', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const notes = new Notes()
  const { heard, stop, ended } = hearing(notes)
  for (const code of ['a', 'b', 'c']) {
    notes.say(note(code))
    await turn()
  }
  assert.deepEqual(heard, [['a']])
  mock.timers.tick(50)
  await turn()
  assert.deepEqual(heard, [['a'], ['b', 'c']])
  mock.timers.tick(50)
  notes.say(note('d'))
  await turn()
  assert.deepEqual(heard, [['a'], ['b', 'c'], ['d']])
  stop.abort(new Error('enough'))
  await assert.rejects(ended, /enough/)
})

test('many notes do not wait for more', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const notes = new Notes()
  const { heard, stop, ended } = hearing(notes)
  for (let n = 0; n < 102; n++) {
    notes.say(note(`${n}`))
    await turn()
  }
  assert.deepEqual(
    heard.map(({ length }) => length),
    [1, 100]
  )
  stop.abort(new Error('enough'))
  await assert.rejects(ended, /enough/)
})

test('a listener that does not read loses the oldest notes, and is told how many', async () => {
  const notes = new Notes()
  const stop = new AbortController()
  const listener = notes.listen(stop.signal)
  const first = listener.next()
  notes.say(note('first'))
  assert.equal((await first).value.code, 'first')
  for (let n = 0; n < 1003; n++) notes.say(note(`${n}`))
  const lost = (await listener.next()).value
  assert.deepEqual([lost.code, lost.lost], ['notes-lost', 3])
  assert.equal((await listener.next()).value.code, '3')
  stop.abort(new Error('enough'))
})

test('what was kept is heard first by whoever listens later', async () => {
  const notes = new Notes()
  notes.keep(note('kept'))
  const stop = new AbortController()
  const listener = notes.listen(stop.signal)
  notes.say(note('unheard'))
  assert.equal((await listener.next()).value.code, 'kept')
  stop.abort(new Error('enough'))
  await assert.rejects(listener.next(), /enough/)
})
