// Package ranking scores a question against candidate passages, leg by leg, and fuses the legs.
//
// Candidates arrive with their packed term bag (see [Bag]); nothing else of the corpus is needed but the counts in
// [Corpus] and how many passages hold each term of the question. From these the package computes BM25 over stems (title
// three times, neighbours a quarter), over character 4-grams, over word pairs and over titles, the best window's
// coverage, an exact sparse cosine, and takes the vector's similarity beside them; [Fuse] brings each leg between 0 and
// 1 over the candidates and sums them by fitted weights; [Signals] says how far the best passage can be an answer.
//
// All of it is arithmetic on values: the same input gives the same order, ties broken by passage number.
package ranking
