import { afterEach } from 'vitest'

// What jsdom lacks and the components ask for: media queries, layout and the browser's own dialog.
if (typeof window !== 'undefined') {
  const { cleanup } = await import('@testing-library/react')
  const { needTexts, startTexts } = await import('../i18n/index.ts')
  window.matchMedia ??= (query: string) =>
    ({
      matches: false,
      media: query,
      addEventListener() {},
      removeEventListener() {},
    }) as unknown as MediaQueryList
  Element.prototype.scrollIntoView ??= () => {}
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true
  }
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.open = false
    this.dispatchEvent(new Event('close'))
  }
  await startTexts('en')
  await needTexts('manage')
  afterEach(cleanup)
}
