// Package chunk cuts Markdown into passages along its own structure: sections first, then paragraphs, lists, tables and
// question-answer pairs, each whole where it fits.
//
// "# Delivery\n\nWe deliver to:\n\n- Dubai\n- Sharjah" becomes one chunk under the heading path [Delivery], the list
// with its lead-in. Chunks hold about 300–900 characters: measured, that is where most of the evidence fits into what a
// reader can be handed. Concatenated in order they hold every word of the text outside headings.
package chunk
