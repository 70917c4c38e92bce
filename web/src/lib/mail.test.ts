// @vitest-environment jsdom
import { expect, it } from 'vitest'
import { dressMail, packMail } from './mail.ts'

const mail = `<html><head><style>p{color:red}</style><base href="https://x.example"></head>
<body style="margin:0"><p style="color: blue" onclick="x()">Hello</p><script>x()</script><a href="https://a.example">in</a></body></html>`

it('packs a mail without inline styles and without what could run', () => {
  const packed = packMail(mail)
  expect(packed).not.toMatch(/ style=|<style|<script|<base/)
  expect(packed).toContain('Hello')
  expect(packed).toContain('href="https://a.example"')
})

it('puts the styles on again', () => {
  const page = new DOMParser().parseFromString(packMail(mail), 'text/html')
  dressMail(page)
  expect(page.querySelector('p')?.style.color).toBe('blue')
  expect(page.body.style.margin).toMatch(/^0/)
})
