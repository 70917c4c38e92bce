// Package embeddings is a stand-in for a service that speaks OpenAI's protocol for embeddings. It answers both as OpenAI
// does (POST /v1/embeddings, a bearer token) and as Azure does (POST /openai/deployments/NAME/embeddings?api-version=…, the
// header api-key), and refuses what they refuse: fields that it does not know, empty texts, too many or too long ones,
// dimensions of a model that cannot shorten its vectors.
//
// PUT /control/fault?kind=K&times=N has the next N questions (all, without N) go wrong: away, limited, html, dimension, nan,
// null, few, swapped, twice. GET /control/count tells how many questions were answered and how many texts they held.
package embeddings
