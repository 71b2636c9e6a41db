// Package fleet measures how long deliveries stand still when something befalls a node.
//
// # Shape
//
//	cell ── starts ──▶ go test, the daemon's end-to-end tests ── start ──▶ three nodes, three NATS servers, the simulator
//	  ◀── figure-json: {"fault":…,"still_ms":[…],"back_ms":[…]} ──┘
//
// The measuring is that of the tests TestFleetFaults and TestFleetCuts, as processes: they run campaigns, hit a node, and judge every
// campaign's ledger. Here their times are read and summarised. The program that they start is the one that all cells of a run start.
//
// # Failure
//
// A test that fails ends its cell with what it said. So does a fault after which the provider heard nothing more of the node's work: there
// is no time to tell. A cell that doesn't end in time is killed, and may leave network namespaces behind.
package fleet
