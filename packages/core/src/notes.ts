/*
 * The one stream of facts about what a peer does and meets. Log lines, metrics, `mesh watch`, the page's event list and the
 * simulator's trace are all made from it, so that none of them knows something the others do not.
 */

/** `code`: stable, kebab-case or MESH_…; `text`: one sentence for people; the other fields are for machines. */
export interface Note {
  code: string
  text: string
  [field: string]: string | number | boolean
}
