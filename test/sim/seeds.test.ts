/**
 * Many small meshes in bad weather. A seed that fails here is repeated by the command that the failure names.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSeed } from '@pinmesh/sim'

const seeds = 200

test('the same seed gives the same trace', () => {
  for (const seed of [3, 1007]) {
    const [one, other] = [runSeed({ seed }), runSeed({ seed })]
    assert.equal(one.hash, other.hash)
    assert.equal(one.steps, other.steps)
  }
})

for (let first = 1; first <= seeds; first += 10) {
  test(`seeds ${first} to ${first + 9}: no crash, nothing unsafe, all well after the storm`, () => {
    for (let seed = first; seed < first + 10; seed++) {
      const { failure } = runSeed({ seed })
      if (failure === undefined) continue
      const command = `node --conditions=@pinmesh/source packages/sim/src/main.ts --seed ${seed}`
      assert.fail(`${failure.kind}: ${failure.text}\n${command}`)
    }
  })
}
