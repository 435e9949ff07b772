// One call of Kubo at a time for all who want to know the same kind of thing at the same time.
//
// Nobody is told of what was before he asked: a call that has begun serves those that come meanwhile no more.

import { settledOrAborted } from '../aborting.ts'

export class Gathered<Question, Answer> {
  readonly #call: (questions: readonly Question[]) => Promise<Answer>
  /** The call that runs, and the one after it, which has not begun. */
  #running: Promise<unknown> = Promise.resolve()
  #next: { questions: Question[]; answer: Promise<Answer> } | undefined

  /** `call` has to end by itself: it knows no signal, for it is nobody's alone. */
  constructor(call: (questions: readonly Question[]) => Promise<Answer>) {
    this.#call = call
  }

  /** What the call says in which this question is one of several. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    const next = this.#next ?? this.#begin()
    next.questions.push(question)
    return settledOrAborted(next.answer, signal)
  }

  #begin(): { questions: Question[]; answer: Promise<Answer> } {
    const questions: Question[] = []
    const answer = this.#running.then(async () => {
      this.#next = undefined
      return this.#call(questions)
    })
    // Whoever asked is told; who waits for the place does not care.
    this.#running = answer.catch(() => {})
    return (this.#next = { questions, answer })
  }
}
