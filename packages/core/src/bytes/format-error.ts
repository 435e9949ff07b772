/*
 * The one error of bytes that are not what they claim to be. Decoders throw it for hostile or damaged input, encoders for
 * values that no valid encoding exists for. Whoever stands at a door catches exactly this and nothing else.
 */

/** Its message is one sentence that says what was wrong, without a trailing full stop. */
export class FormatError extends Error {
  readonly code = 'MESH_BAD_FORMAT'
  override readonly name = 'FormatError'
}
