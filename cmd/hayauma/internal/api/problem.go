package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"syscall"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/engine"
	"hayauma.example/engine/journal"
)

// errAborted is the status of a request whose client has gone: nobody reads it.
const errAborted = 499

// Types of the problems that a program may want to tell from others. The rest have none.
const (
	TypeRoleMissing = "urn:hayauma:problem:role-missing"
	TypeStalled     = "urn:hayauma:problem:store-stalled"
)

// roleMissing answers what needs a role that nobody carries.
func roleMissing(why string) huma.StatusError {
	return unavailable(TypeRoleMissing, why)
}

func unavailable(problem, why string) huma.StatusError {
	const status = http.StatusServiceUnavailable
	return &huma.ErrorModel{Type: problem, Status: status, Title: http.StatusText(status), Detail: why}
}

// stalled answers what the store can't take just now, and what was not tried therefore.
func stalled(why string) huma.StatusError {
	return unavailable(TypeStalled, why+"; nothing can be stored until it is back, and nothing was done: try again then")
}

// halted answers what was on its way when the store ceased to answer: what the store has got of it may take effect when it is back.
func halted(why string) huma.StatusError {
	return unavailable(TypeStalled, why+"; what was asked for may have been stored and take effect when the store is back: look then, or send the request again, "+
		"which is safe (a submission with the same Idempotency-Key)")
}

// blame is the refusal of what failed because of the store or for want of a role; nil: neither is known to be the reason.
func (s *server) blame(dead *engine.DeadLetterError) huma.StatusError {
	if why := s.Cluster.Stalled(); why != "" {
		return halted(why)
	}
	if dead != nil {
		if why := s.Cluster.Lacks(actors.RoleOf(dead.Kind)); why != "" {
			return roleMissing(why)
		}
	}
	return nil
}

// refusal turns an error into what the client is told. What is nobody's fault but the daemon's is logged here, and only here.
func (s *server) refusal(err error) huma.StatusError {
	var status huma.StatusError
	var problem actors.Problem
	switch {
	case errors.As(err, &status):
		return status
	case errors.As(err, &problem):
		return &huma.ErrorModel{Status: problem.Status, Title: problem.Title, Detail: cmp.Or(problem.Detail, problem.Title)}
	case errors.Is(err, journal.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return huma.NewError(http.StatusInsufficientStorage,
			"the store is full, nothing was accepted: free disk space or raise --store-max-bytes, then send the request again")
	case errors.Is(err, context.Canceled):
		return huma.NewError(errAborted, "the client has gone")
	}
	dead, _ := errors.AsType[*engine.DeadLetterError](err)
	if why := s.blame(dead); why != nil {
		return why
	}
	if why := passing(err, dead); why != "" {
		return huma.NewError(http.StatusServiceUnavailable, why)
	}
	s.Log.Error("request failed", "error", err)
	return huma.NewError(http.StatusInternalServerError, "internal error: see the daemon's log; nothing is known to be done, the request may be sent again")
}

// What a client does about what passes by itself. A submission is the only request that is not safe to repeat without its key.
const (
	sendAgain = ": try again, a submission with the same Idempotency-Key"
	mayBeDone = "; the request may have had its effect or not: look, or send it again, a submission with the same Idempotency-Key, which takes effect once"
	notDone   = "; nothing was done: try again, a submission with the same Idempotency-Key"
)

// passing tells what has happened that passes by itself; dead is err where it is a dead letter. Empty: it is none of that.
func passing(err error, dead *engine.DeadLetterError) string {
	lost, _ := errors.AsType[*engine.MemberLostError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time" + sendAgain
	case lost != nil, dead != nil && dead.Reason == engine.ReasonUnsure:
		return "the node that had the request was lost before it answered" + mayBeDone
	case dead != nil && dead.Reason == engine.ReasonBacklog:
		return "too much is on its way to the node that has to answer" + notDone
	case dead != nil && dead.Reason == engine.ReasonFull:
		return "too many requests wait where this one has to be answered" + notDone
	case dead != nil, errors.Is(err, engine.ErrStopped), errors.Is(err, engine.ErrKilled), errors.Is(err, journal.ErrClosed):
		return "the daemon is stopping or overloaded" + sendAgain
	case errors.Is(err, journal.ErrLost):
		return "the store gave no clear answer" + mayBeDone
	case errors.Is(err, journal.ErrBusy):
		return "the store was busy for too long" + notDone
	case errors.Is(err, journal.ErrFenced):
		return "another node has taken over what the request is about" + notDone
	}
	return ""
}

// writeProblem answers outside of huma's handlers.
func writeProblem(w http.ResponseWriter, err huma.StatusError) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(err.GetStatus())
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(err) // a client that has gone reads nothing
}

// ask puts one question to a grain. Its error is ready to be answered.
func ask[R, M any](ctx context.Context, s *server, ref engine.Ref[M], m M) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := engine.Ask[R](ctx, ref, m)
	if err != nil {
		return answer, s.refusal(err)
	}
	return answer, nil
}

func notFound(what, name, hint string) error {
	return huma.Error404NotFound("no " + what + " " + excerpt(name) + hint)
}

// maxExcerpt bounds in bytes what an answer or the log repeats of a client's words.
const maxExcerpt = 100

// excerpt is enough of a client's words to know them again.
func excerpt(text string) string {
	if len(text) <= maxExcerpt {
		return text
	}
	const more = "…"
	return strings.ToValidUTF8(text[:maxExcerpt-len(more)], "") + more
}
