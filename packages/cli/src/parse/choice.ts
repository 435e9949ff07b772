// One word of a few.

import { badValue } from './refuse.ts'

/** MESH_BAD_VALUE, with the words that there are. */
export function choiceOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((one) => one === text)
    if (found === undefined) throw badValue(`one of ${choices.join(', ')}`, text, `Give ${choices.join(' or ')}.`)
    return found
  }
}
