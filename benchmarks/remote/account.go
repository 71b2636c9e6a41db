package remote

import "hayauma.example/benchmarks/remote/ledger"

// numbers is a set of message numbers: a ledger.
type numbers interface{ Has(seq uint64) bool }

// account is what became of the messages 0 to sent-1.
type account struct {
	handled  uint64 // by at least one incarnation
	reported uint64 // lost, and the sender knows
	silent   uint64 // lost without a word
	died     uint64 // of these: they were in the mailbox of the process that was killed, as it noted
	twice    uint64 // handled by both incarnations; what one incarnation handled again is in its own counter
}

// settle compares what was sent with what was in the mailbox of the process that was killed, the incarnations' accounts, and what the sender
// was told.
func settle(sent uint64, told, taken numbers, incarnations ...numbers) account {
	var a account
	for seq := range sent {
		in := uint64(0)
		for _, n := range incarnations {
			if n.Has(seq) {
				in++
			}
		}
		switch {
		case in > 0:
			a.handled++
			a.twice += in - 1
		case told.Has(seq):
			a.reported++
		default:
			a.silent++
			if taken.Has(seq) {
				a.died++
			}
		}
	}
	return a
}

// lost is what never came out.
func (a account) lost() uint64 { return a.reported + a.silent }

// none is no number at all.
type none struct{}

// Has implements numbers.
func (none) Has(uint64) bool { return false }

var _ numbers = (*ledger.Ledger)(nil)
