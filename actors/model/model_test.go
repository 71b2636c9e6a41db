package main

import (
	"testing"
)

// limit of states for one search: the largest configuration that runs here has some 0.9 million.
const limit = 3_000_000

// search explores a configuration and returns the violated properties.
func search(t *testing.T, name string, r rules, first bool) map[string]int32 {
	t.Helper()
	e := &explorer{m: newModel(configs[name], r), limit: limit}
	e.run(first)
	if e.cut {
		t.Fatalf("%s: more than %d states, not exhausted", name, limit)
	}
	return e.found
}

// TestNoBehaviourViolatesAProperty explores every behaviour of the protocol as it is implemented, with the one order of outcomes.
func TestNoBehaviourViolatesAProperty(t *testing.T) {
	for _, c := range []struct {
		name  string
		large bool
	}{{name: "push"}, {name: "runs"}, {name: "spare"}, {name: "replan", large: true}, {name: "mcast", large: true}, {name: "gens", large: true}} {
		t.Run(c.name, func(t *testing.T) {
			if c.large && testing.Short() {
				t.Skip("some 900,000 states")
			}
			r := fixed()
			apply(&r, "oneOrder", true)
			apply(&r, "unknownSticks", false)
			e := explorer{m: newModel(configs[c.name], r), limit: limit}
			e.run(false)
			if e.cut {
				t.Fatal("not exhausted")
			}
			for v, at := range e.found {
				t.Errorf("%s", v)
				for i, line := range e.trace(at) {
					t.Logf("%2d. %s", i+1, line)
				}
			}
		})
	}
}

// TestEveryRulePreventsSomething drops one rule at a time: a rule that is not missed is not a rule, or the model can't see it.
func TestEveryRulePreventsSomething(t *testing.T) {
	for _, c := range []struct {
		config, rule, want string
		large              bool // hundreds of thousands of states
	}{
		{config: "push", rule: "windowBeforeCall", want: "P3 the provider accepted, the ledger says cancelled"},
		{config: "push", rule: "doubtPoster", want: "P3 the provider accepted, the ledger says failed"},
		{config: "push", rule: "doubtRedriven", want: "P3 the provider accepted, the ledger says failed"},
		{config: "push", rule: "redrivenFirst", want: "P3 the provider accepted, the path counts as returned"},
		{config: "push", rule: "noAnswerNoEvidence", want: "P3 the provider accepted, the path counts as returned"},
		{config: "push", rule: "returnedWindow", want: "P3 the provider accepted, the path counts as returned"},
		{config: "push", rule: "returnedRefused", want: "P3 the provider accepted, the path counts as returned"},
		{config: "push", rule: "deadlineAtPoster", want: "P1 a recipient got one generation twice"},
		{config: "push", rule: "returnedExcludes", want: "P3 the provider accepted, the path counts as returned"},
		{config: "push", rule: "windowInKey", want: "P1 a recipient got one generation twice", large: true},
		{config: "runs", rule: "runInKey", want: "P3 the ledger says delivered, the provider never accepted"},
		{config: "runs", rule: "rank", want: "P3 a recorded outcome delivered was overwritten", large: true},
		{config: "runs", rule: "freeRedrive", want: "P2 stuck: no calm behaviour ends in a final state", large: true},
		{config: "replan", rule: "replanByChecker", want: "P3 the provider accepted, the ledger says cancelled"},
		{config: "gens", rule: "deliveredStays", want: "P3 the provider accepted, the ledger says failed"},
		{config: "gens", rule: "unknownSticks", want: "P3 the provider accepted, the ledger says failed"},
		{config: "gens", rule: "redriveAsked", want: "P2 stuck: no calm behaviour ends in a final state", large: true},
		{config: "gens", rule: "ownGeneration", want: "P3 the provider accepted, the ledger says failed"},
		{config: "spare", rule: "sparedFirst", want: "P3 the ledger says delivered, the provider never accepted"},
		{config: "spare", rule: "sparedSticks", want: "P3 the ledger says delivered, the provider never accepted"},
		{config: "spare", rule: "sparedStays", want: "P3 the provider accepted, the ledger says suppressed"},
		{config: "spare", rule: "exceptFrozen", want: "P3 the provider accepted, the ledger says suppressed"},
		{config: "mcast", rule: "doubtPoster", want: "P1 a recipient got one generation twice"},
		{config: "mcast", rule: "doubtRedriven", want: "P1 a recipient got one generation twice"},
		{config: "mcast", rule: "splitFirst", want: "P1 a recipient got one generation twice"},
		{config: "mcast", rule: "rootRetired", want: "P1 a recipient got one generation twice"},
		{config: "mcast", rule: "closedByPath", want: "P3 the provider accepted, the path counts as returned"},
	} {
		t.Run(c.config+"/"+c.rule, func(t *testing.T) {
			if c.large && testing.Short() {
				t.Skip("hundreds of thousands of states")
			}
			r := fixed()
			apply(&r, c.rule, false)
			found := search(t, c.config, r, true)
			if _, ok := found[c.want]; !ok {
				t.Fatalf("without %s: found %v, want %q", c.rule, found, c.want)
			}
		})
	}
}

// TestTraceLeadsToTheViolation keeps the search honest: the trace of a found violation can be followed from the start.
func TestTraceLeadsToTheViolation(t *testing.T) {
	r := fixed()
	apply(&r, "noAnswerNoEvidence", false)
	e := &explorer{m: newModel(configs["push"], r), limit: limit}
	e.run(true)
	for _, at := range e.found {
		steps := 0
		for i := at; e.parent[i] >= 0; i = e.parent[i] {
			steps++
		}
		if got := e.trace(at); len(got) != steps || steps == 0 {
			t.Fatalf("trace of %d lines for %d steps: %q", len(got), steps, got)
		}
		return
	}
	t.Fatal("no violation")
}
