// Package site reads a web site as its owner would like it read: what robots.txt allows, what the site map lists, and its
// pages one at a time with the addresses they lead to.
//
// It keeps nothing and decides nothing: which pages belong to a crawl, and when, is the context engine's. Every address,
// whoever wrote it, goes through the guarded client.
package site
