package message

import (
	"fmt"
	"time"

	"hayauma.example/actors"
	"hayauma.example/actors/recipient"
)

// step is what is done next about a message whose time has come.
type step uint8

const (
	tells  step = iota + 1 // told to the poster
	ends                   // it has an outcome
	defers                 // it goes when the user's quiet hours are over
	renews                 // surely not tried, and its window is over: it gets another
)

// next is a decision, with its reason.
type next struct {
	step    step
	outcome actors.Outcome
	reason  string
	until   int64
}

// Reasons that a book gives.
const (
	reasonInDoubt  = "in_doubt: "
	reasonNoAnswer = "no certain answer came in the time in which the provider knows the key"
)

// candidate is a message whose time has come, with what is known of it.
type candidate struct {
	message  *message
	payload  payload
	settings actors.RecipientSettings
	doubt    bool // an earlier activation may have told it
}

// decide says what to do about a message now. One that is in doubt may have been sent, so it is never said not to have been: what would keep
// an untried one from going makes it unknown.
func decide(c candidate, now time.Time) next {
	end := func(o actors.Outcome, reason string) next {
		if c.doubt {
			return next{step: ends, outcome: actors.Unknown, reason: reasonInDoubt + reason}
		}
		return next{step: ends, outcome: o, reason: reason}
	}
	if c.doubt && !now.Before(c.message.deadline()) {
		return next{step: ends, outcome: actors.Unknown, reason: reasonNoAnswer}
	}
	if c.payload.Expire > 0 && now.After(moment(c.message.due).Add(c.payload.Expire)) {
		return end(actors.Expired, fmt.Sprintf("it came more than %s late", c.payload.Expire))
	}
	v := screened(c, now)
	switch {
	case v.Reason != "":
		return end(actors.Suppressed, v.Reason)
	case c.doubt && !v.Until.IsZero() && !v.Until.Before(c.message.deadline()):
		return end(actors.Unknown, "the user's quiet hours last longer than the provider knows the key")
	case !v.Until.IsZero():
		return next{step: defers, until: millis(v.Until)}
	}
	if !now.Before(c.message.deadline()) {
		return next{step: renews}
	}
	return next{step: tells}
}

// screened is what the user's settings say, by the rules that campaigns have. What is urgent goes in quiet hours, too.
func screened(c candidate, now time.Time) recipient.Verdict {
	settings := c.settings
	if c.payload.Urgent {
		settings.Quiet = ""
	}
	screen := recipient.Screen{Topic: c.payload.Topic, Zone: c.payload.Zone}
	return screen.Of(settings, now)
}

// verdict is what a report means.
type verdict uint8

const (
	settles verdict = iota + 1
	gives           // surely not tried: given back
	ignored         // acknowledged, changes nothing
)

// judge decides on a report about a message without an outcome. doubt tells that a dispatch of an earlier activation, or one more of this one, may
// be about; redriven that one of this activation is. From the first attempt without a certain answer on, and from the first re-drive on, a refusal
// proves nothing about the other attempt. What is said of an older window counts only if it is that the message was accepted.
func judge(m *message, l *live, r actors.Report) (verdict, actors.Outcome, string) {
	switch r.What {
	case actors.PathAccepted:
		return settles, actors.Delivered, ""
	case actors.PathReturned:
		if r.Window == m.window && l.drives == 0 {
			return gives, actors.Pending, ""
		}
	case actors.PathRefused, actors.PathSplit:
		if r.Window != m.window {
			return ignored, actors.Pending, ""
		}
		if r.Doubt || l.doubt {
			return settles, actors.Unknown, reasonInDoubt + r.Reason
		}
		return settles, actors.Failed, r.Reason
	case actors.PathAltered, actors.PathUnmatched: // of composers
	}
	return ignored, actors.Pending, ""
}
