// A mail is written with inline styles, and a page of ours allows none (Content-Security-Policy), also not in a frame
// that it writes itself. So the styles travel as data, and are put on by script once the frame is there.

/** The mail without inline styles, each kept beside its element, and without what could run or reach out. */
export function packMail(html: string): string {
  // Renamed in the text, because a parser of this page reports each style that it may not put on.
  const quiet = html.replace(/<style\b[\s\S]*?<\/style>/gi, '').replace(/\sstyle(?=\s*=)/gi, ' data-style')
  const page = new DOMParser().parseFromString(quiet, 'text/html')
  for (const one of page.querySelectorAll('script, style, link, meta, base, iframe, object, embed'))
    one.remove()
  return `<!doctype html>${page.documentElement.outerHTML}`
}

/** Puts the kept styles on. */
export function dressMail(page: Document): void {
  for (const one of page.querySelectorAll<HTMLElement>('[data-style]'))
    one.style.cssText = one.dataset.style ?? ''
}
