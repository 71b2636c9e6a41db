package checker

import "hayauma.example/actors"

// ruling is what a report becomes.
type ruling uint8

const (
	settles ruling = iota + 1
	splits
	returns
	ignored
)

// verdict is the judge's decision on one report, with the reason named.
type verdict struct {
	ruling  ruling
	outcome actors.Outcome
	reason  string
}

// Reasons that the judge itself gives.
const (
	noSuchPath     = "no such path in this run"
	alreadySettled = "settled already"
	alreadySplit   = "split already"
	wasRedriven    = "re-driven before: somebody else may have called"
	wasReturned    = "returned already"
	notSplit       = "half of a path that was not split"
	anotherLife    = "of an older generation: what became of that is recorded"
	bytesChanged   = "bytes_changed"
	inDoubt        = "in_doubt: "
)

// judge decides on a report from the ledger alone.
//
// A path is in doubt from its first attempt without a certain answer, and from the moment it was re-driven: from then on a final
// refusal proves nothing about the other attempt, so it becomes unknown. Redriven and Returned exclude each other per path and
// window: the one recorded first rules. What is said of an older generation's window is that generation's: it is never returned or split
// any more, and its doubts are its own. The executable model in actors/model explores these rules.
func (l *Ledger) judge(r actors.Report) verdict {
	if !l.isPath(r.Path) {
		return verdict{ruling: ignored, reason: noSuchPath}
	}
	switch r.What {
	case actors.PathAccepted:
		return l.settleWith(r, actors.Delivered, "")
	case actors.PathReturned, actors.PathAltered:
		return l.judgeReturned(r)
	case actors.PathUnmatched:
		return l.settleWith(r, actors.Unknown, bytesChanged)
	case actors.PathRefused, actors.PathSplit:
		return l.judgeRefused(r)
	}
	return verdict{ruling: ignored, reason: noSuchPath}
}

func (l *Ledger) judgeRefused(r actors.Report) verdict {
	older, redriven := l.olderPath(r.Window, r.Path), &l.redriven
	if older {
		redriven = &l.lives.redriven
	}
	switch {
	case l.split[r.Path]:
		return verdict{ruling: ignored, reason: alreadySplit}
	case r.Doubt || redriven.Touches(r.Path):
		return l.settleWith(r, actors.Unknown, inDoubt+r.Reason)
	case older:
		return l.settleWith(r, actors.Failed, r.Reason)
	case r.What == actors.PathSplit && r.Path.Len() > 1 && l.pending(r.Path):
		return verdict{ruling: splits, reason: r.Reason}
	}
	return l.settleWith(r, actors.Failed, r.Reason)
}

func (l *Ledger) judgeReturned(r actors.Report) verdict {
	switch {
	case l.split[r.Path]:
		return verdict{ruling: ignored, reason: alreadySplit}
	case !l.isLeaf(r.Path):
		return verdict{ruling: ignored, reason: notSplit}
	case l.olderPath(r.Window, r.Path):
		return verdict{ruling: ignored, reason: anotherLife}
	case !l.pending(r.Path):
		return verdict{ruling: ignored, reason: alreadySettled}
	case l.redriven.Touches(r.Path):
		return verdict{ruling: ignored, reason: wasRedriven}
	case l.gone(r.Window).Touches(r.Path):
		return verdict{ruling: ignored, reason: wasReturned}
	}
	return verdict{ruling: returns}
}

func (l *Ledger) settleWith(r actors.Report, o actors.Outcome, reason string) verdict {
	for i := r.Path.Lo; i < r.Path.Hi; i++ {
		if l.spares(r.Window, i) {
			continue
		}
		have := l.outcome[i]
		if have == actors.Pending && o != actors.Delivered && l.older(r.Window, i) {
			have, _ = l.lives.prior.of(i)
		}
		if o > have {
			return verdict{settles, o, reason}
		}
	}
	return verdict{ruling: ignored, reason: alreadySettled}
}
