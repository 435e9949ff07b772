// Numbers of pins and of copies.

export function pinsText(count: number): string {
  return count === 1 ? '1 pin' : `${count} pins`
}

export function copiesText(count: number): string {
  return count === 1 ? '1 copy' : `${count} copies`
}
