// Where a damaged database goes, and what comes into its place. What was salvaged is whole under a name of its own before the
// damaged one is moved, so that a process that ends in between finds either.

import { rename, rm, stat } from 'node:fs/promises'

/** Puts what was salvaged in the place of a database that is there no longer, if there is any. */
export async function moveIn(path: string): Promise<void> {
  if (!(await isThere(path)) && (await isThere(salvagedPath(path)))) await rename(salvagedPath(path), path)
}

/** Moves a database out of the way, without its mark; where it went, undefined if there was none. */
export async function putAside(path: string): Promise<string | undefined> {
  await rm(`${path}.mark`, { force: true })
  if (!(await isThere(path))) return undefined
  let aside = `${path}.damaged`
  for (let n = 2; await isThere(aside); n++) aside = `${path}.damaged-${n}`
  await rename(path, aside)
  return aside
}

/** Puts what was salvaged, whole and closed, in the place of the damaged one; where that went. */
export async function replaceBy(salvaged: string, path: string): Promise<string | undefined> {
  await removeWithMark(salvagedPath(path))
  await rename(salvaged, salvagedPath(path))
  await removeWithMark(salvaged)
  const aside = await putAside(path)
  await moveIn(path)
  return aside
}

export async function removeWithMark(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await rm(`${path}.mark`, { force: true })
}

/** Where what was read of a damaged database is, once it is whole. */
function salvagedPath(path: string): string {
  return `${path}.salvaged`
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false
  )
}
