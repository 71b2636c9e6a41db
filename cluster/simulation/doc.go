// Package simulation plays a fleet against its faults, in virtual time: real engine systems, real members with their ledgers, an
// application of registers above them, and a network and a store that fail. It has tests only.
//
//	clients ──Ask──▶ engine.System ──▶ cluster.Member ──▶ journaltest.Client ─┐
//	senders ──Tell─▶  (one per node)    roster, Ledgers ─▶ objects.Client ────┤
//	                      │                                                   ▼
//	               enginetest.Network                        journal.Memory, objects.Memory
//
// A seed is a plan: three to seven nodes of one or two roles, and up to five faults, of which two may overlap:
//
//	crash      the process ends, its parts in any order of one instant; it starts again later, knowing its predecessor or not
//	hang       all of a process's input and output stands still for 0.5 to 6 s, and goes on then: requests leave late, packets arrive late
//	partition  two nodes don't hear each other, in one direction or both
//	split      two groups of nodes don't
//	cut        a node doesn't reach the store
//	lag        a node's watches tell late
//	slow       every packet takes up to 300 ms
//	away       the store's leader is away, for everybody
//	forget     the store loses the members' records
//	drain      a node hands everything over and leaves, by its own will or by another's word; it comes back later
//	join       a node comes that was not there
//	clock      a node's wall clock is set a second, a minute or three hours ahead or back, and right again later
//
// Beside them requests to the store are lost, late, busy or without an answer at all times, and watches are interrupted. A plan counts if
// one of its faults hit an open window: a command was under way that came from a node that the fault concerns, or was to be
// answered there, or whose shard goes to the node that joins. Other plans are drawn again.
//
// # What is checked
//
//   - Commands to a register (read, write, compare-and-set; repeated under one id until answered) are linearizable: porcupine says so.
//     Those that nobody saw the end of may have happened at any time after their call, or never.
//   - Records of a grain have one sequence of numbers without gaps; what stands under a number never changes; each carries the fence that
//     was the newest when it was stored, and in the order of the store fences never fall.
//   - Where nothing but joins, drains and slow links happens, no command fails: a hand-off is nothing but latency.
//   - At no time do two processes act for one shard: both take its messages, and the leases of both stand. None says that a shard is at
//     a process whose address it was not given.
//   - No message of a sender to a grain is handled twice. Where no process ended abruptly, and links and watches were good, each was
//     handled or reported. Where shards move only because nodes come and go as they should (join, drain, slow links that are faster than a
//     detour's patience; the store good), they are handled in the order in which they were sent: TestOrderly plays plans of nothing else, with
//     senders that tell twenty times as much. Where a process or a link fails, one may be overtaken by a later one; the figure counts them.
//   - 30 s after the last fault every shard is OWNED by the member that the view says, and by no other, every reminder that was set has
//     fired, and every register answers.
//
// TestMutationsAreFound takes one rule away at a time (fences, leases, numbers, the claimer's precondition, the care with lost answers) and
// expects that the checks see it.
//
// # What a seed repeats
//
// Plan, commands and the fate of each request, packet and delivery are drawn from the seed and from what they are asked about (which client,
// which shard, the how manieth), never from a common sequence that goroutines race for. But goroutines that are ready at one instant of
// the bubble's clock run in the order of Go's scheduler, which no seed decides: two requests of one instant may change numbers, two
// commands places in a mailbox, and what follows differs. So plans and faults repeat exactly, and half of the transcripts word for word;
// the others until such an instant (TestSeedsRepeat measures both). Whether a fault hits an open window may differ with it. A failure
// that doesn't come back at once is looked for with -count.
//
// Not simulated: clocks of different speed (package roster's simulation has them), and a process that is stopped between looking at its
// lease and acting: goroutines of a hanging process go on, and only what they send stands still.
//
// -sim.seeds says how many plans are played, -sim.first the first of them; -sim.seed plays one, with its transcript.
package simulation
