// Command flomastr-bench measures the product from the outside: it starts the real binary on a private installation of its
// own, beside the stand-in for Infobip, drives both over loopback, and compares what it sees with limits of the same
// machine, taken in the same run. What each figure means, and which fall short and why, is told in docs/benchmarks.md.
//
// It is no part of the product and is not shipped with it.
package main
