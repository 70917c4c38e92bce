// A stand-in for clerk-js on this machine: the part of window.Clerk that FloMastr uses, as Clerk documents it. It believes
// any address that is typed, and asks for no password.
;(() => {
  const home = new URL(document.currentScript.src).origin
  const drawer = 'clerk-stand-in'
  const listeners = new Set()
  const drawn = new Map()

  async function ask(method, path, body) {
    const answer = await fetch(home + path, {
      method,
      ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    if (!answer.ok) throw new Error(`Clerk's stand-in answered ${answer.status}`)
    return answer.status === 204 ? undefined : answer.json()
  }

  const clerk = {
    loaded: false,
    status: undefined,
    client: { signedInSessions: [] },
    session: null,
    user: null,
    async load(options) {
      clerk.options = options
      const kept = localStorage.getItem(drawer)
      if (kept) await become(JSON.parse(kept))
      clerk.loaded = true
    },
    addListener(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async signOut(then) {
      if (clerk.session) await ask('DELETE', `/stand-in/sessions/${clerk.session.id}`).catch(() => undefined)
      await become(null)
      await then?.()
    },
    mountSignIn(node, props) {
      if (clerk.session) clerk.options.routerPush?.(props.forceRedirectUrl)
      draw(node, 'Sign in at the stand-in', 'Continue', true, async (email) => {
        await become(await ask('POST', '/stand-in/sessions', { email }))
        await clerk.options.routerPush?.(props.forceRedirectUrl)
      })
    },
    unmountSignIn: wipe,
    mountUserProfile(node) {
      const line = document.createElement('p')
      line.textContent = `${clerk.user?.primaryEmailAddress.emailAddress}, kept by Clerk's stand-in`
      node.append(line)
      drawn.set(node, line)
    },
    unmountUserProfile: wipe,
    __internal_openReverification({ getContainer, afterVerification, afterVerificationCancelled }) {
      const place = document.createElement('div')
      ;(getContainer?.() ?? document.body).append(place)
      const close = (then) => {
        place.remove()
        then?.()
      }
      draw(place, 'Prove it at the stand-in', 'It is me', false, async () => {
        await ask('POST', `/stand-in/sessions/${clerk.session.id}/proof`)
        cached = undefined
        close(afterVerification)
      })
      const no = document.createElement('button')
      no.type = 'button'
      no.textContent = 'Close'
      no.onclick = () => close(afterVerificationCancelled)
      place.append(no)
    },
  }

  let cached // the last token, until shortly before its end, as Clerk keeps it

  async function getToken({ skipCache } = {}) {
    if (!skipCache && cached && cached.until > Date.now()) return cached.jwt
    const { jwt } = await ask('POST', `/stand-in/sessions/${clerk.session.id}/tokens`)
    cached = { jwt, until: Date.now() + 50_000 }
    return jwt
  }

  async function become(session) {
    cached = undefined
    clerk.user = session && { id: session.user.id, primaryEmailAddress: { emailAddress: session.user.email } }
    clerk.session = session && { id: session.id, status: 'active', getToken }
    if (session) {
      localStorage.setItem(drawer, JSON.stringify(session))
      // A session that ended, or a stand-in that was started anew, knows nothing of it.
      await getToken().catch(() => become(null))
    } else localStorage.removeItem(drawer)
    for (const listener of listeners) listener({ session: clerk.session, user: clerk.user, client: clerk.client })
  }

  function draw(node, title, act, asksWho, run) {
    const form = document.createElement('form')
    const head = document.createElement('p')
    head.textContent = title
    form.append(head)
    const field = document.createElement('input')
    if (asksWho) {
      const label = document.createElement('label')
      field.type = 'email'
      field.name = 'identifier'
      field.required = true
      label.append('Email address ', field)
      form.append(label)
    }
    const button = document.createElement('button')
    button.textContent = act
    const said = document.createElement('p')
    said.setAttribute('role', 'alert')
    form.append(button, said)
    form.onsubmit = (event) => {
      event.preventDefault()
      run(field.value).catch((error) => {
        said.textContent = error.message
      })
    }
    node.append(form)
    drawn.set(node, form)
  }

  function wipe(node) {
    drawn.get(node)?.remove()
    drawn.delete(node)
  }

  window.Clerk = clerk
})()
