// Package contextengine is the Business Brain: a tenant's unstructured knowledge, read, cut, indexed and retrieved with
// its origin.
//
// One item, from here: [Engine.Add] keeps what was given in the blob store, writes the item's row with the job in one
// commit and returns. The job, [Engine.Index], reads the source to Markdown, cuts it into passages, embeds what is new,
// and publishes the version in one commit; until then the version before it serves. [Engine.Retrieve] answers a
// question in two stages: a few hundred candidates from rare words and vectors, then every leg over the candidates
// alone. Each passage comes with its source, its place in the document and its neighbours.
//
// Status lives in the hot database, where lists are drawn from; content lives in the tenant's own cold database. The two
// share no commit, so every cold write is keyed by item and version and may be repeated.
package contextengine
