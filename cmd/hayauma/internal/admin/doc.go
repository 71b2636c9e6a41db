// Package admin is the listener for whoever looks after the process: profiles, the flight recorder, the log level, and all of it in one file.
//
//	GET  /debug/pprof/…     what net/http/pprof has
//	GET  /debug/log-level   {"level":"info"}
//	POST /debug/log-level   {"level":"debug"}: from now on, until the process ends
//	POST /debug/flight      keeps what the flight recorder holds in the data directory: {"file":…,"bytes":…}
//	GET  /debug/dump        flight record, goroutines, heap, metrics and view of the cluster as one tar.gz
//
// It answers from the moment on at which the daemon listens, and until everything else has stopped: a start that hangs can be looked at too.
// Profiles and heaps may hold what the daemon works with, recipients and tokens too. So it is a listener of its own, off unless it is asked
// for, on loopback unless an address is named, and it wants the API token wherever there is one. A request that another site's page makes a
// browser send is refused.
//
// A [Flight] is the runtime's flight recorder: the last seconds of the execution trace, in bounded memory. It is written into the data
// directory (debug/flight-TIME.trace, for go tool trace) when trouble begins: actors of a kind fail, or get stuck, or the node's lease runs
// out; at most once in [KeepEvery], and once for a trouble that goes on. The newest [MaxFiles] are kept, of at most [MaxKept] bytes together.
// A process has one at most.
//
// A dump goes through a temporary file, part by part, so that it takes no memory. A part that can't be had is a file NAME.error.txt with
// the reason, and the others are there.
package admin
