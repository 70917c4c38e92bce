/** Gives a file to the person, as the browser gives downloads. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has begun by the next turn; the address is needed no longer.
  setTimeout(() => URL.revokeObjectURL(address))
}
