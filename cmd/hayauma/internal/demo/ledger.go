package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"hayauma.example/actors"
	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/api"
)

// ledger compares what the two sides say about one group.
type ledger struct {
	group  *group
	states []actors.Outcome // as the daemon exports them
	listed []bool           // the daemon has exported the recipient
	got    []uint8          // deliveries with the right body, as the simulator tells; 255 is that or more
}

func newLedger(g *group) *ledger {
	return &ledger{group: g, states: make([]actors.Outcome, g.size), listed: make([]bool, g.size), got: make([]uint8, g.size)}
}

// export takes the daemon's word.
func (l *ledger) export(r io.Reader) error {
	dec := json.NewDecoder(r)
	for {
		var line api.Recipient
		switch err := dec.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("demo: the export broke off: %w", err)
		}
		i, ours := l.group.number(line.UserID)
		state, known := actors.ParseOutcome(line.State)
		switch {
		case !ours || !known:
			return fmt.Errorf("demo: the export has a line that no audience file explains: %s is %s", line.UserID, line.State)
		case l.listed[i]:
			return fmt.Errorf("demo: the export has %s twice", line.UserID)
		}
		l.states[i], l.listed[i] = state, true
	}
}

// Verdict is what the comparison of the ledgers found.
type Verdict struct {
	Missing    int // delivered by the daemon, and no delivery at the simulator
	Twice      int // deliveries beyond the first
	Unexpected int // delivered at the simulator, and neither delivered nor unknown by the daemon
	Unlisted   int // recipients that the export leaves out
	Foreign    int // deliveries to somebody or of something that no audience file explains
}

// Equal tells whether both ledgers agree.
func (v Verdict) Equal() bool { return v == Verdict{} }

func compare(ledgers []*ledger, deliveries iter.Seq[linesim.Delivery]) Verdict {
	var v Verdict
	for d := range deliveries {
		if !record(ledgers, d) {
			v.Foreign++
		}
	}
	for _, l := range ledgers {
		l.judge(&v)
	}
	return v
}

// record takes the simulator's word; false: it explains itself by no group.
func record(ledgers []*ledger, d linesim.Delivery) bool {
	for _, l := range ledgers {
		i, ours := l.group.number(d.User)
		if !ours {
			continue
		}
		if d.BodySHA256 != l.group.body(l.group, i) {
			return false
		}
		if l.got[i] < 255 {
			l.got[i]++
		}
		return true
	}
	return false
}

func (l *ledger) judge(v *Verdict) {
	for i, n := range l.got {
		switch {
		case !l.listed[i]:
			v.Unlisted++
		case n == 0 && l.states[i] == actors.Delivered:
			v.Missing++
		case n > 0 && l.states[i] != actors.Delivered && l.states[i] != actors.Unknown:
			v.Unexpected++
		}
		if n > 1 {
			v.Twice += int(n) - 1
		}
	}
}
