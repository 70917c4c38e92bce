// An agent of LangChain's, with its own packages: our tools over the Model Context Protocol, our assistant as its model by
// OpenAI's protocol, our vectors, a retriever over our search, and the words in which it is told that a token is wrong.
//
//   node e2e/langchain/journey.mjs      the demo must run (make run-detached)
import assert from 'node:assert/strict'
import { Document } from '@langchain/core/documents'
import { BaseRetriever } from '@langchain/core/retrievers'
import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { createAgent } from 'langchain'
import { demo, newPrice, newWord } from '../demo.mjs'

const { base_url: base, tenants } = demo()
const { slug, api_token: token } = tenants[0]
const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
const said = (text) => process.stdout.write(`${text}\n`)

/** Calls our API and gives its JSON. */
async function ask(method, path, body) {
  const answer = await fetch(`${base}${path}`, { method, headers, body: body && JSON.stringify(body) })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
  return answer.json()
}

/** The recipe of docs/guides/langchain.md. */
class BrainRetriever extends BaseRetriever {
  lc_namespace = ['flomastr']

  async _getRelevantDocuments(query) {
    const { passages } = await ask('POST', `/routes/knowledge/${slug}/search`, { query, limit: 5 })
    return passages.map(
      ({ text, ...metadata }) => new Document({ id: metadata.id, pageContent: text, metadata }),
    )
  }
}

const thing = newWord()
const price = newPrice()
await ask('POST', `/routes/knowledge/${slug}/index`, {
  title: `The ${thing}`,
  content: `The full ${thing} service costs ${price} dirhams.`,
})
for (let tries = 0; ; tries++) {
  const { entries } = await ask('GET', `/routes/knowledge/${slug}/index?search=${thing}`)
  if (entries[0]?.status === 'embedded') break
  assert.ok(tries < 120, 'the knowledge was not read')
  await new Promise((done) => setTimeout(done, 500))
}
const number = `+9715${Math.floor(10_000_000 + Math.random() * 89_999_999)}`
const name = `Guest ${newWord()}`
const { contact_id: contact } = await ask('POST', '/routes/api/v1/conversations/ingest', {
  tenant_id: slug,
  contact_number: number,
  contact_name: name,
  message_content: 'hello',
})

const client = new MultiServerMCPClient({
  mcpServers: { flomastr: { transport: 'http', url: `${base}/mcp`, headers } },
})
const model = (key) =>
  new ChatOpenAI({
    model: 'flomastr-assistant',
    apiKey: key,
    maxRetries: 0,
    configuration: { baseURL: `${base}/v1` },
  })
try {
  const tools = await client.getTools()
  said(`  ok  tools: ${tools.map((tool) => tool.name).join(', ')}`)
  const agent = createAgent({ model: model(token), tools })
  const run = async (question) => {
    const { messages } = await agent.invoke({ messages: [{ role: 'user', content: question }] })
    return { calls: messages.flatMap((m) => m.tool_calls ?? []), answer: String(messages.at(-1).content) }
  }

  const known = await run(`What does the full ${thing} service cost?`)
  assert.ok(known.answer.includes(price), known.answer)
  assert.equal(known.calls.length, 0)
  said('  ok  the agent is answered from the knowledge')

  const who = await run(`Who is the contact ${contact}?`)
  assert.deepEqual(
    who.calls.map((call) => [call.name, call.args]),
    [['get_contact', { contact_id: contact }]],
  )
  assert.ok(who.answer.includes(name), who.answer)
  said('  ok  the agent calls our tool and answers from what it gave')

  const unknown = await run('Who won the chess world championship in 1972?')
  assert.equal(unknown.calls.length, 0)
  assert.doesNotMatch(unknown.answer, /Fischer/)
  said('  ok  what nobody knows is not made up')

  let streamed = ''
  let pieces = 0
  for await (const piece of await model(token).stream(`What does the full ${thing} service cost?`)) {
    streamed += piece.content
    pieces += 1
  }
  assert.ok(streamed.includes(price) && pieces > 3, streamed)
  said('  ok  an answer is streamed')

  const embeddings = new OpenAIEmbeddings({
    model: 'any',
    apiKey: token,
    configuration: { baseURL: `${base}/v1` },
  })
  const [one, same, other] = await embeddings.embedDocuments([
    'opening hours',
    'opening hours',
    'brake service',
  ])
  assert.deepEqual(one, same)
  assert.notDeepEqual(one, other)
  said(`  ok  vectors of ${one.length} numbers`)

  const [first] = await new BrainRetriever().invoke(`full ${thing} service`)
  assert.ok(first.pageContent.includes(price))
  said('  ok  the retriever finds the passage')

  await assert.rejects(model('fm_live_wrong').invoke('hello'), /token/i)
  said('  ok  a wrong token is refused in words')
} finally {
  await client.close()
}
