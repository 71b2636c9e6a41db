package roster_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/cluster/roster"
)

// tell applies one word: an event, "me", "other" or "nobody" (a view of the next epoch), or "fenced".
func tell(s roster.Shard, epoch uint64, word string) (roster.Shard, roster.Action, error) {
	switch word {
	case "me", "other":
		return s.See(epoch, word)
	case "nobody":
		return s.See(epoch, "")
	case "fenced":
		return s.Fenced("taker")
	default:
		return s.On(roster.Event(word))
	}
}

func story(t *testing.T, words string) (roster.Shard, roster.Action) {
	t.Helper()
	s, do := roster.NewShard("me"), roster.Nothing
	for i, w := range strings.Fields(words) {
		var err error
		if s, do, err = tell(s, uint64(i+1), w); err != nil {
			t.Fatalf("%q in %q: %v", w, words, err)
		}
	}
	return s, do
}

const (
	toClaiming   = "lease_back me "
	toRecovering = toClaiming + "claim_stored "
	toOwned      = toRecovering + "replayed "
	toReleasing  = toOwned + "other "
)

func TestLifeOfAShard(t *testing.T) {
	for words, want := range map[string]string{
		"":                                                    "idle ",
		"me":                                                  "idle ", // no lease yet
		"me lease_back":                                       "claiming claim",
		"lease_back nobody":                                   "idle ",
		"lease_back other":                                    "idle ",
		"me lease_lapsed":                                     "idle ",
		"other lease_back":                                    "idle ",
		toClaiming:                                            "claiming claim",
		"other fence_found":                                   "releasing release", // a claim that was stored late
		"me fence_found":                                      "idle ",
		toClaiming + "me":                                     "claiming ",
		toClaiming + "other":                                  "claiming ", // its answer is outstanding
		toClaiming + "fence_found":                            "recovering replay",
		toClaiming + "other claim_stored":                     "releasing release",
		toClaiming + "other claim_blocked":                    "idle ",
		toClaiming + "other answer_lost":                      "idle ",
		toClaiming + "claim_blocked":                          "claiming look",
		toClaiming + "answer_lost":                            "claiming look",
		toClaiming + "lease_lapsed claim_blocked":             "idle ",
		toClaiming + "lease_lapsed claim_stored":              "recovering replay",
		toClaiming + "member_ended":                           "lost drop",
		toRecovering:                                          "recovering replay",
		toRecovering + "other":                                "releasing release",
		toRecovering + "other replayed":                       "releasing ",
		toRecovering + "me lease_lapsed":                      "recovering ",
		toRecovering + "fenced":                               "lost drop",
		toOwned:                                               "owned serve",
		toOwned + "lease_lapsed":                              "owned ",
		toOwned + "lease_lapsed lease_back":                   "owned ",
		toOwned + "me":                                        "owned ",
		toOwned + "nobody":                                    "releasing drain",
		toOwned + "fenced":                                    "lost drop",
		toOwned + "append_unclear":                            "lost drop",
		toOwned + "member_ended":                              "lost drop",
		toReleasing:                                           "releasing drain",
		toReleasing + "drained":                               "releasing release",
		toReleasing + "drained answer_lost":                   "releasing release",
		toReleasing + "drained release_stored":                "idle ",
		toReleasing + "me drained release_stored":             "claiming claim",
		toReleasing + "fenced":                                "lost drop",
		toOwned + "fenced state_dropped":                      "claiming claim", // the view names us still: look who it was
		toOwned + "fenced other state_dropped":                "idle ",
		toOwned + "fenced fenced replayed drained":            "lost ",
		toOwned + "append_unclear state_dropped":              "claiming claim",
		toOwned + "append_unclear other state_dropped":        "releasing release", // the fence is ours still
		toOwned + "append_unclear fenced other state_dropped": "idle ",
		toOwned + "append_unclear lease_lapsed state_dropped": "idle ",
		toOwned + "append_unclear lease_lapsed state_dropped other": "idle ",
		toOwned + "member_ended state_dropped":                      "idle ",
	} {
		s, do := story(t, words)
		if got := fmt.Sprintf("%s %s", s.Phase(), do); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestImpossibleEventsAreRefused(t *testing.T) {
	for words, refused := range map[string][]string{
		"": {"claim_stored", "claim_blocked", "answer_lost", "replayed", "drained", "release_stored", "fenced", "append_unclear", "state_dropped",
			"no such event"},
		toClaiming:   {"replayed", "drained", "release_stored", "fenced", "append_unclear", "state_dropped"},
		toRecovering: {"claim_stored", "claim_blocked", "answer_lost", "drained", "release_stored", "state_dropped"},
		toOwned:      {"claim_stored", "claim_blocked", "answer_lost", "replayed", "drained", "release_stored", "state_dropped"},
		toReleasing:  {"claim_stored", "claim_blocked", "state_dropped"},
	} {
		for _, e := range refused {
			before, _ := story(t, words)
			after, do, err := tell(before, 99, e)
			var impossible *roster.ImpossibleError
			if !errors.As(err, &impossible) || !errors.Is(err, roster.ErrImpossible) || impossible.Phase != before.Phase() {
				t.Errorf("%q, then %q: %v", words, e, err)
			}
			if after != before || do != roster.Nothing {
				t.Errorf("%q, then %q: changed to %+v, %q", words, e, after, do)
			}
		}
	}
}

func TestAnOldViewSaysNothing(t *testing.T) {
	s, _ := story(t, toOwned)
	after, do, err := s.See(1, "other")
	if after != s || do != roster.Nothing || err != nil {
		t.Errorf("%+v, %q, %v", after, do, err)
	}
}

func TestWhatBecomesOfAMessage(t *testing.T) {
	moved := func(to string, why roster.Because) roster.Answer {
		return roster.Answer{Verb: roster.Moved, To: to, Reason: why}
	}
	hold := func(why roster.Because) roster.Answer { return roster.Answer{Verb: roster.Hold, Reason: why} }
	elsewhere := moved("other", roster.BecauseElsewhere)
	for words, want := range map[string]roster.Answer{
		"":                               {Verb: roster.Refuse, Reason: roster.BecauseNobody},
		"lease_back nobody":              {Verb: roster.Refuse, Reason: roster.BecauseNobody},
		"other":                          elsewhere,
		"me":                             hold(roster.BecauseSuspended),
		toClaiming:                       hold(roster.BecauseStarting),
		toClaiming + "other":             elsewhere,
		toRecovering:                     hold(roster.BecauseStarting),
		toRecovering + "lease_lapsed":    hold(roster.BecauseSuspended),
		toOwned:                          {Verb: roster.Take, Reason: roster.BecauseOwned},
		toOwned + "lease_lapsed":         hold(roster.BecauseSuspended),
		toReleasing:                      elsewhere,
		toReleasing + "me":               hold(roster.BecauseStarting),
		toReleasing + "drained nobody":   {Verb: roster.Refuse, Reason: roster.BecauseNobody},
		toOwned + "append_unclear":       hold(roster.BecauseStarting),
		toOwned + "append_unclear other": elsewhere,
		toOwned + "fenced":               moved("taker", roster.BecauseFenced),
		toOwned + "fenced state_dropped": moved("taker", roster.BecauseFenced),
		toOwned + "fenced other":         elsewhere,
		toOwned + "fenced me":            hold(roster.BecauseStarting),
		toOwned + "member_ended":         hold(roster.BecauseSuspended),
		toOwned + "member_ended nobody":  {Verb: roster.Refuse, Reason: roster.BecauseNobody},
	} {
		s, _ := story(t, words)
		if got := s.Answer(roster.MaxHeld - 1); got != want {
			t.Errorf("%q: %+v, want %+v", words, got, want)
		}
		full := want
		if want.Verb == roster.Hold {
			full = roster.Answer{Verb: roster.Refuse, Reason: roster.BecauseFull}
		}
		if got := s.Answer(roster.MaxHeld); got != full {
			t.Errorf("%q, full: %+v, want %+v", words, got, full)
		}
	}
}

// TestShardKeepsItsRules: over any events a message is taken only while owned, leased and named by the newest view; and a claim is
// begun only for a view that names us, with a lease.
func TestShardKeepsItsRules(t *testing.T) {
	words := []string{
		"me", "other", "nobody", "fenced", "lease_back", "lease_lapsed", "member_ended", "fence_found", "claim_stored", "claim_blocked",
		"answer_lost", "replayed", "drained", "release_stored", "append_unclear", "state_dropped",
	}
	rapid.Check(t, func(r *rapid.T) {
		s, named, leased := roster.NewShard("me"), false, false
		for i := range rapid.IntRange(1, 60).Draw(r, "steps") {
			w := rapid.SampledFrom(words).Draw(r, "word")
			next, do, err := tell(s, uint64(i+1), w)
			if err != nil {
				continue
			}
			s = next
			switch w {
			case "me", "other", "nobody":
				named = w == "me"
			case "lease_back":
				leased = true
			case "lease_lapsed", "member_ended":
				leased = false
			}
			take := s.Answer(0).Verb == roster.Take
			if take != (s.Phase() == roster.Owned && leased) || take && !(s.Phase() == roster.Owned && named && leased) {
				r.Fatalf("takes in %s, named %v, leased %v", s.Phase(), named, leased)
			}
			if do == roster.Claim && !(named && leased) || s.Phase() == roster.Owned && !named {
				r.Fatalf("%s %s, named %v, leased %v", s.Phase(), do, named, leased)
			}
		}
	})
}

func TestConditionOfANode(t *testing.T) {
	v := viewOf(map[string]roster.State{"01": roster.Joining, "02": roster.Active, "03": roster.Draining})
	for _, c := range []struct {
		id      string
		own     roster.Standing
		leaving bool
		want    roster.Condition
	}{
		{"09", roster.Suspended, false, roster.NodeJoining},
		{"01", roster.Leased, false, roster.NodeJoining},
		{"01", roster.Suspended, false, roster.NodeJoining},
		{"02", roster.Leased, false, roster.NodeActive},
		{"02", roster.Steady, false, roster.NodeActive},
		{"02", roster.Suspended, false, roster.NodeSuspended},
		{"02", roster.Ended, false, roster.NodeEvicted},
		{"03", roster.Leased, true, roster.NodeDraining},
		{"03", roster.Suspended, true, roster.NodeSuspended},
		{"09", roster.Ended, false, roster.NodeEvicted},
		{"09", roster.Ended, true, roster.NodeLeft},
	} {
		if got := roster.Of(v, member(c.id).Incarnation, c.own, c.leaving); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
