// Package provider says what a WhatsApp provider must do for the engine, and names what travels between them.
//
// A provider is one directory below this one with four files: provider.go (what it is, its settings and words),
// inbound.go (a webhook becomes a [Batch]), outbound.go (a [Message] becomes a request), and tests made of captured
// payloads that are run through package providertest. It keeps no state of conversations and decides nothing about
// them; the engine knows nothing of its wire.
//
// Everything that a provider hands over is foreign: texts are cleaned ([Clean]) and times are clamped ([ClampTime])
// here, once, so that whatever comes after may store them.
package provider
