// Package fleet is a world of whole nodes in one testing/synctest bubble: engine, shards, campaigns, channels, checkers, composers and
// posters of each, joined by a network in memory, over one store and one simulated provider. Only tests import it.
//
//	World ──▶ Node (system, gates, campaign.Local) ──▶ Network (latency, cuts, crashes)
//	  │         ▲ directory, journal, lease
//	  │       Owner: who owns which shard, and what a node is told of it
//	  ├──▶ Mission (a campaign, from its audience to its ledger)
//	  └──▶ Judge (the provider's ledger against the fleet's)
//
// [Script] is the Owner that obeys its test: shards fall to nodes by rendezvous, a death is noticed after a while, a hand-over vacates,
// releases and claims.
//
// [Members] is the Owner that is real: every node is a cluster.Member, wired as in the daemon, and the nodes agree by a store that each
// reaches over connections of its own. Its faults are those of processes, of links and of the store; who is taken for dead is started
// again under its node's name. Tests tell tales of it: fleets of every shape, faults and planned changes by a seed, campaigns meanwhile.
// A seed draws the same tale each time; the order of what happens at the same instant is the scheduler's.
//
// # The judge
//
// When every campaign is final: every recipient stands in the ledger once; delivered means that the provider accepted this body for
// this user once, unknown at most once, everything else never; nobody else got anything; the sum is right; no second has more starts of
// calls than the limit, over all nodes; and where a mission says so nothing is unknown, and it took no longer than it may. In a
// tale every campaign ends soon after the last fault, and where nodes only leave as planned nothing is unknown. Where campaigns move to a
// node that has just started, recipients whom the provider refuses may be unknown all the same: such a node takes what was under way for
// lost.
package fleet
