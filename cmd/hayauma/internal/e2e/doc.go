// Package e2e tests the binary as its users run it: `serve` and `line-sim` as processes, talked to by the command line and over HTTP.
//
//	test ──CLI, HTTP──▶ serve ──HTTP──▶ line-sim
//	  ▲                   ▲ SIGKILL         │
//	  └── judge ◀── export┴── /_sim/deliveries
//
// It holds tests only. They build the binary once, with the tag crashpoints. Both judges share no code with the daemon: the one here
// renders the texts itself from what it wrote into the audience file; HAYAUMA_JUDGE names another program, called as
// JUDGE CAMPAIGN.json AUDIENCE.csv DELIVERIES.ndjson --unknown FILE, whose exit code is its word.
//
//	HAYAUMA_JUDGE=FILE   also ask that judge after every kill
//	HAYAUMA_SEED=N       the random moments of TestKillAtRandom (default: by the clock; it is printed)
//	HAYAUMA_KILLS=N      how many of them (default 6)
//	HAYAUMA_SIZE=1       also run TestMemory and TestMemoryOfSingleMessages: a million rows, minutes
//	HAYAUMA_ROWS=N       its size
//	HAYAUMA_FAILOVERS=N  how often each fault hits a fleet (default 1)
//	HAYAUMA_FAULT=TEXT   only the faults whose names begin so
//	HAYAUMA_NODES=N      nodes of such a fleet (default 3)
//	HAYAUMA_LOGS=DIR     keep what the nodes say there
//	HAYAUMA_PROGRAM=FILE test that program, by its absolute path, instead of building one; without the tag crashpoints some tests fail
//
// A fault's times are printed once more for programs, in a line with figure-json: and JSON in it; the benchmarks' part fleet reads that.
package e2e
