// Command flomastr is the whole product in one binary: the server with its engines, workers and web app, and what an
// operator needs beside it.
//
//	flomastr serve              run the server
//	flomastr migrate            bring the database to this version
//	flomastr doctor [database]  say what is missing or wrong, and how to mend it
//	flomastr tenant provision   make a tenant with its owner
//	flomastr audit verify       name the first line of the audit log that was tampered with
//	flomastr secrets rotate     replace the keys that seal stored secrets, while servers run
//	flomastr demo               say how to drive the running demo
//	flomastr eval               measure the quality of retrieval
//	flomastr version
//
// It is the only place that knows every package: main.go parses, wire.go builds, and each sub-command has a file.
package main
