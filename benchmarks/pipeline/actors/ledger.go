package actors

// ledger is the checker's account: which messages are settled and how.
type ledger struct {
	open    int      // messages that are not settled
	settled []uint64 // a bit for each message's number
	outcome outcome
}

// outcome is what came of all recipients.
type outcome struct {
	Delivered int    `json:"delivered"`
	Failed    int    `json:"failed"`
	Repeats   int    `json:"repeats"`          // attempts after the first
	Panics    int    `json:"panics,omitempty"` // of the provider's client
	Reason    string `json:"reason,omitempty"` // the last failure's
}

func newLedger(messages int) ledger {
	return ledger{open: messages, settled: make([]uint64, (messages+63)/64)}
}

// settle takes a report's ruling. A message that is settled stays as it is.
func (l *ledger) settle(r report, how ruling) {
	word, bit := r.number/64, uint64(1)<<(r.number%64)
	if how == repeated {
		l.outcome.Repeats++
		return
	}
	if l.settled[word]&bit != 0 {
		return
	}
	l.settled[word] |= bit
	l.open--
	if how == delivered {
		l.outcome.Delivered += r.recipients
		return
	}
	l.outcome.Failed += r.recipients
	l.outcome.Reason = r.answer.Reason
}

func (l *ledger) done() bool { return l.open == 0 }
