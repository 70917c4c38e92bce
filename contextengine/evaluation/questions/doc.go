// Package questions reads sets of questions whose right documents are known, misspells them, and measures a ranking
// against them: what the evaluation of retrieval and the fitting of its weights share.
//
// A set is a folder: docs.jsonl {id, title, text}, queries.jsonl {id, text}, qrels.tsv (query, document, grade), and
// perhaps unanswerable.jsonl with questions that the documents do not answer.
package questions
