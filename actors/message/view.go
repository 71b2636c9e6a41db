package message

import (
	"fmt"
	"net/http"
	"time"

	"hayauma.example/actors"
)

// mostListed bounds one answer.
const mostListed = 500

func (b *Book) show(c *call, number uint32) {
	if info, ok := b.info(number, c.Now()); ok {
		c.Respond(info)
		return
	}
	c.Respond(b.unknown())
	b.rest(c)
}

func (b *Book) unknown() actors.Problem {
	return actors.Problem{Status: http.StatusNotFound, Title: "unknown message",
		Detail: fmt.Sprintf("there is no such message to a user of channel %q: messages that are over are kept for a day", b.channel)}
}

// info is a message as shown.
func (b *Book) info(number uint32, now time.Time) (actors.MessageInfo, bool) {
	if p := b.state.past[number]; p != nil {
		return actors.MessageInfo{Number: number, State: actors.MessageState(p.outcome.String()), Due: moment(p.due), Tries: p.tries, Request: p.request,
			Reason: p.reason, Ended: moment(p.at)}, true
	}
	m := b.state.open[number]
	if m == nil {
		return actors.MessageInfo{}, false
	}
	info := actors.MessageInfo{Number: number, To: m.user, Due: moment(m.due), At: moment(m.at)}
	info.State, info.Reason = b.stands(m, millis(now))
	return info, true
}

// stands is where a message without an outcome stands, and why it doesn't go.
func (b *Book) stands(m *message, now int64) (actors.MessageState, string) {
	l := b.live[m.number]
	switch {
	case l != nil && l.out:
		return actors.MessageSending, ""
	case m.at > now && m.at > m.due && m.due <= now:
		return actors.MessageScheduled, "quiet hours"
	case m.at > now:
		return actors.MessageScheduled, ""
	case l != nil && l.doubt:
		return actors.MessagePending, "in doubt: it is sent again under the same key"
	case b.state.users[m.user][0] != m:
		return actors.MessagePending, "waits for an earlier message to the same user"
	case b.stopped:
		return actors.MessagePending, "the channel doesn't send"
	}
	return actors.MessagePending, ""
}

func (b *Book) list(q actors.ListMessages, now time.Time) (out actors.MessageList) {
	limit := min(max(q.Limit, 1), mostListed)
	for _, n := range b.state.numbers() {
		if n <= q.After {
			continue
		}
		info, _ := b.info(n, now)
		if q.State == "" && !info.Ended.IsZero() || q.State != "" && q.State != info.State {
			continue
		}
		if len(out.Messages) == limit {
			out.More = true
			break
		}
		out.Messages = append(out.Messages, info)
	}
	return out
}

// cancel takes a message back, if it was surely not tried: one that a poster has is asked back.
func (b *Book) cancel(c *call, number uint32) {
	m := b.state.open[number]
	if m == nil {
		b.cancelOver(c, number)
		return
	}
	l := b.of(number)
	switch {
	case l.doubt:
		c.Respond(conflict("it may have been sent: what came of it will be known when the provider has answered"))
	case l.out:
		l.cancels = append(l.cancels, c.Reply())
		actors.Posters.Ref(c.System(), actors.PushPoster(b.channel, m.user)).Tell(actors.GiveBack{Run: actors.MessagesRun(b.channel)})
		c.After(actors.CancelPatience, patience{number: number})
	default:
		l.cancels = append(l.cancels, c.Reply())
		b.record(c, turn{settled: []Outcome{{Number: number, Outcome: actors.Cancelled, At: millis(c.Now())}}}, func() {})
	}
}

func (b *Book) cancelOver(c *call, number uint32) {
	info, ok := b.info(number, c.Now())
	switch {
	case !ok:
		c.Respond(b.unknown())
		b.rest(c)
	case info.State == actors.MessageState(actors.Cancelled.String()):
		c.Respond(info)
	default:
		c.Respond(conflict("it is over: " + string(info.State)))
	}
}

func conflict(why string) actors.Problem {
	return actors.Problem{Status: http.StatusConflict, Title: "message can't be cancelled", Detail: why}
}

// impatient ends a cancel whose message was not given back.
func (b *Book) impatient(number uint32) {
	l := b.live[number]
	if l == nil {
		return
	}
	for _, reply := range l.cancels {
		reply.Send(conflict("it is just being sent"))
	}
	l.cancels = nil
}

// answerCancels tells those who wait what became of a message.
func (b *Book) answerCancels(number uint32, now time.Time) {
	l := b.live[number]
	if l == nil || len(l.cancels) == 0 {
		return
	}
	info, _ := b.info(number, now)
	for _, reply := range l.cancels {
		if info.State == actors.MessageState(actors.Cancelled.String()) {
			reply.Send(info)
		} else {
			reply.Send(conflict("it is over: " + string(info.State)))
		}
	}
	l.cancels = nil
}
