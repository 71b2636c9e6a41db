// Package objectstest is the conformance suite of package objects' seam: every Store passes it. [Run] needs two connections to one
// store, which it may share with other tests and runs: each case uses incarnations and roles of its own, and takes the view as it
// stands.
package objectstest
