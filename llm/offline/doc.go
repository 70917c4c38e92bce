// Package offline is the embedder that is always there: no weights to fetch, no key, no network, the same vector for the
// same text on every machine.
//
// It hashes features of a text (its words, pairs of words, and pieces of words) to signed places of a vector of 1,024
// numbers. Texts that share rare words and word pieces point the same way; texts that say the same in other words do
// not, which is what a real embedding model is for. Measured: fewer than 1,024 places throw the signal away in
// collisions, and each feature gets two places for the same reason.
package offline
