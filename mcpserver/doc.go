// Package mcpserver is the door for agents: it offers what a tenant's API does as tools of the Model Context Protocol, over
// streamable HTTP without sessions.
//
// A tool is a request to the API, made with the caller's own token, so that rights, limits, idempotency and the audit log are the
// API's. What a tool gives back is the API's answer; what it refuses, the API's sentence.
package mcpserver
