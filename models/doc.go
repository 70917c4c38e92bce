// Package models knows which language model writes a tenant's answers, and what that may cost. A tenant chooses a model and a second
// one for when the first fails, or has the installation's, or none: then answers are written offline. A model is asked under a deadline,
// within the month's bound, past a breaker, and every question is recorded without its words.
package models
