// Package analysis turns text into what the index counts: words, their stems, identifiers and character 4-grams.
//
// "Opening hours: 9:30–18:00, call +971 4 123 4567" becomes the stems open, hour, 9, 30, 18, 00, call, … in order, and
// the identifiers 9:30, 18:00 and the phone number, each as one exact term however it is punctuated. The same function
// reads passages and questions, so that both sides agree; it is pure and needs no data.
package analysis
