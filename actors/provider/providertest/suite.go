package providertest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors/provider"
	"hayauma.example/actors/provider/internal/canon"
	"hayauma.example/actors/provider/linesim"
)

// Lab is a provider and the service behind it.
type Lab struct {
	Provider provider.Provider
	Sim      *linesim.Sim
}

// Run holds an implementation against the seam. set makes a new service with these options, and a provider for one of its channels.
func Run(t *testing.T, set func(t *testing.T, o linesim.Options) Lab) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			lab := set(t, c.options)
			c.run(&bench{T: t, lab: lab})
		})
	}
}

// bench is one case at work.
type bench struct {
	*testing.T
	lab Lab
}

// User is the id of the n-th user.
func User(n int) string { return fmt.Sprintf("U%032x", n) }

// Push is a call to one user under a key of its own.
func Push(n int, text string) provider.Call {
	return provider.Call{Endpoint: provider.Push, Key: key(text), To: []string{User(n)}, Messages: Text(text)}
}

// Multicast is a call to users 0 to n-1.
func Multicast(n int, text string) provider.Call {
	c := provider.Call{Endpoint: provider.Multicast, Key: key(text), Messages: Text(text)}
	for i := range n {
		c.To = append(c.To, User(i))
	}
	return c
}

// Text is an array of one text message.
func Text(text string) json.RawMessage {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always marshals
	}
	return json.RawMessage(`[{"type":"text","text":` + string(quoted) + `}]`)
}

func key(text string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(text)) }

func (b *bench) send(c provider.Call) provider.Answer {
	b.Helper()
	return b.lab.Provider.Send(b.Context(), c)
}

// expect sends and compares the verdict.
func (b *bench) expect(c provider.Call, want provider.Verdict) provider.Answer {
	b.Helper()
	answer := b.send(c)
	if answer.Verdict != want {
		b.Fatalf("got verdict %d, want %d: %+v", answer.Verdict, want, answer)
	}
	if len(answer.Reason) > 300 {
		b.Fatalf("the reason has %d bytes, at most 300 are allowed", len(answer.Reason))
	}
	return answer
}

// impatient sends with little time.
func (b *bench) impatient(c provider.Call, d time.Duration) provider.Answer {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	return b.lab.Provider.Send(ctx, c)
}

func (b *bench) faults(spec string) {
	b.Helper()
	f, err := linesim.ParseFaults(spec)
	if err != nil {
		b.Fatal(err)
	}
	b.lab.Sim.SetFaults(f)
}

// delivered compares the service's ledger.
func (b *bench) delivered(users, deliveries int) {
	b.Helper()
	l := b.lab.Sim.Ledger()
	if l.Users != users || l.Deliveries != deliveries || l.Duplicates != 0 {
		b.Fatalf("the ledger has %+v, want %d users, %d deliveries, no duplicates", l, users, deliveries)
	}
}

var cases = []struct {
	name    string
	options linesim.Options
	run     func(b *bench)
}{
	{name: "a push is accepted", run: func(b *bench) {
		call := Push(1, "hello \"Ada\" ☕")
		if answer := b.expect(call, provider.Accepted); answer.Status != 200 || answer.RequestID == "" {
			b.Errorf("status and request id are missing: %+v", answer)
		}
		got := b.lab.Sim.User(User(1))
		canonical, err := canon.Canonical(nil, call.Messages)
		if err != nil || len(got) != 1 || got[0].Key != call.Key.String() || got[0].BodySHA256 != sha256.Sum256(canonical) {
			b.Errorf("the ledger has %+v, %v", got, err)
		}
	}},
	{name: "a multicast of 500 is accepted", run: func(b *bench) {
		b.expect(Multicast(500, "all"), provider.Accepted)
		b.delivered(500, 500)
	}},
	{name: "a repeat is accepted without a second delivery and names the first request", run: func(b *bench) {
		for _, call := range []provider.Call{Push(1, "once"), Multicast(3, "all")} {
			first, second := b.expect(call, provider.Accepted), b.expect(call, provider.Accepted)
			if second.Status != 409 || second.RequestID != first.RequestID {
				b.Errorf("first %+v, second %+v", first, second)
			}
		}
		b.delivered(3, 4)
	}},
	{name: "an error before acceptance is doubtful, and the repeat counts", run: func(b *bench) { hidden(b, "500-before=1", 0) }},
	{name: "an error after acceptance is doubtful, and the repeat is the same", run: func(b *bench) { hidden(b, "500-after=1", 1) }},
	{name: "no answer after acceptance is doubtful", run: func(b *bench) {
		b.faults("timeout-after=1")
		if answer := b.impatient(Push(1, "held"), 100*time.Millisecond); answer.Verdict != provider.Doubtful {
			b.Fatalf("got %+v", answer)
		}
		b.delivered(1, 1)
		b.faults("")
		b.expect(Push(1, "held"), provider.Accepted)
		b.delivered(1, 1)
	}},
	{name: "a slow request may be accepted after the client gave up", run: func(b *bench) {
		b.faults("slow=1:150ms")
		if answer := b.impatient(Push(1, "late"), 20*time.Millisecond); answer.Verdict != provider.Doubtful {
			b.Fatalf("got %+v", answer)
		}
		b.expect(Push(1, "late"), provider.Accepted)
		b.delivered(1, 1)
	}},
	{name: "resets are doubtful and come before and after acceptance", run: resets},
	{name: "a rate limit is throttled", run: func(b *bench) { refusedAll(b, "429=1", provider.Throttled) }},
	{name: "too many operations at once is throttled", run: func(b *bench) { refusedAll(b, "429-concurrency=1", provider.Throttled) }},
	{name: "a monthly limit is over quota", run: func(b *bench) { refusedAll(b, "429-monthly=1", provider.OverQuota) }},
	{name: "a refused token is unauthorized", run: func(b *bench) { refusedAll(b, "401=1", provider.Unauthorized) }},
	{name: "a full bucket is throttled", options: linesim.Options{Limits: linesim.Limits{Push: 1, Multicast: 1}, Now: func() time.Time { return time.Unix(1, 0) }},
		run: func(b *bench) {
			b.expect(Push(1, "one"), provider.Accepted)
			b.expect(Push(2, "two"), provider.Throttled)
			b.expect(Multicast(2, "own bucket"), provider.Accepted)
			b.delivered(2, 3)
		}},
	{name: "an unknown user is refused, alone and among others", run: func(b *bench) {
		b.lab.Sim.Forget(User(1))
		b.expect(Push(1, "nobody"), provider.Refused)
		b.expect(Multicast(3, "all or none"), provider.Refused)
		b.delivered(0, 0)
		b.lab.Sim.Restore(User(1))
		b.expect(Multicast(3, "all or none"), provider.Accepted)
		b.delivered(3, 3)
	}},
	{name: "a malformed id is refused and not repeated in the reason", run: func(b *bench) {
		call := Push(1, "x")
		call.To = []string{"someone \"else\"\n\\"}
		b.expect(call, provider.Refused)
		b.delivered(0, 0)
	}},
	{name: "who blocked the account is accepted and not billed", run: func(b *bench) {
		b.lab.Sim.Block(User(0))
		b.expect(Multicast(3, "all"), provider.Accepted)
		b.delivered(3, 3)
		b.quota(provider.Quota{Used: 2})
	}},
	{name: "the quota ends", run: func(b *bench) {
		b.lab.Sim.SetQuota(3)
		b.expect(Push(1, "one"), provider.Accepted)
		b.expect(Multicast(3, "too many"), provider.OverQuota)
		b.expect(Multicast(2, "fits"), provider.Accepted)
		b.expect(Push(1, "one"), provider.Accepted) // a repeat is not billed
		b.expect(Push(9, "none left"), provider.OverQuota)
		b.quota(provider.Quota{Limited: true, Limit: 3, Used: 3})
		b.delivered(3-1, 3) // user 1 is also in the multicast
	}},
	{name: "validation sends nothing", run: validates},
	{name: "bad messages are refused with the place", run: func(b *bench) {
		call := Push(1, "x")
		call.Messages = json.RawMessage(`[{"type":"text","text":"x"},{"type":"text"}]`)
		if answer := b.expect(call, provider.Refused); answer.Reason == "" {
			b.Error("no reason")
		}
		b.delivered(0, 0)
	}},
	{name: "what can't be a call is refused unsent", run: func(b *bench) {
		for _, c := range []provider.Call{{Endpoint: provider.Push}, {Endpoint: 7, To: []string{User(1)}}, {Endpoint: provider.Multicast},
			{Endpoint: provider.Push, To: []string{User(1), User(2)}}} {
			c.Messages = Text("x")
			b.expect(c, provider.Refused)
		}
		if r := b.lab.Sim.Ledger().Requests; r != (linesim.Requests{}) {
			b.Errorf("requests reached the service: %+v", r)
		}
	}},
	{name: "a context that has ended sends nothing", run: func(b *bench) {
		ctx, cancel := context.WithCancel(b.Context())
		cancel()
		if answer := b.lab.Provider.Send(ctx, Push(1, "x")); answer.Verdict != provider.Unsent {
			b.Errorf("got %+v", answer)
		}
		b.delivered(0, 0)
	}},
	{name: "of many at once under one key one is accepted", run: func(b *bench) {
		var all sync.WaitGroup
		verdicts := make([]provider.Answer, 32)
		for i := range verdicts {
			all.Go(func() { verdicts[i] = b.lab.Provider.Send(b.Context(), Push(1, "same")) })
		}
		all.Wait()
		for _, answer := range verdicts {
			if answer.Verdict != provider.Accepted || answer.RequestID != verdicts[0].RequestID {
				b.Errorf("got %+v, the first %+v", answer, verdicts[0])
			}
		}
		b.delivered(1, 1)
	}},
}

func (b *bench) quota(want provider.Quota) {
	b.Helper()
	if got, err := b.lab.Provider.Quota(b.Context()); err != nil || got != want {
		b.Errorf("quota %+v, %v, want %+v", got, err, want)
	}
}

// hidden sends once under a fault and once without: one delivery in the end.
func hidden(b *bench, spec string, atFirst int) {
	b.faults(spec)
	b.expect(Push(1, "x"), provider.Doubtful)
	b.delivered(atFirst, atFirst)
	b.faults("")
	b.expect(Push(1, "x"), provider.Accepted)
	b.delivered(1, 1)
}

func resets(b *bench) {
	const n = 40
	b.faults("reset=1,seed=7")
	for i := range n {
		b.expect(Push(i, fmt.Sprint("reset ", i)), provider.Doubtful)
	}
	if l := b.lab.Sim.Ledger(); l.Deliveries == 0 || l.Deliveries == n {
		b.Errorf("%d of %d accepted: not both kinds of reset", l.Deliveries, n)
	}
	b.faults("")
	for i := range n {
		b.expect(Push(i, fmt.Sprint("reset ", i)), provider.Accepted)
	}
	b.delivered(n, n)
}

func refusedAll(b *bench, spec string, want provider.Verdict) {
	b.faults(spec)
	b.expect(Push(1, "x"), want)
	b.expect(Multicast(2, "y"), want)
	b.delivered(0, 0)
	b.faults("")
	b.expect(Push(1, "x"), provider.Accepted)
	b.delivered(1, 1)
}

func validates(b *bench) {
	for _, e := range []provider.Endpoint{provider.Push, provider.Multicast} {
		if answer := b.lab.Provider.Validate(b.Context(), e, Text("fine")); answer.Verdict != provider.Accepted {
			b.Errorf("endpoint %d: a good message got %+v", e, answer)
		}
		if answer := b.lab.Provider.Validate(b.Context(), e, json.RawMessage(`[{"type":"poster"}]`)); answer.Verdict != provider.Refused || answer.Reason == "" {
			b.Errorf("endpoint %d: a bad message got %+v", e, answer)
		}
	}
	if answer := b.lab.Provider.Validate(b.Context(), 9, Text("x")); answer.Verdict != provider.Refused {
		b.Errorf("an unknown endpoint got %+v", answer)
	}
	b.delivered(0, 0)
	b.quota(provider.Quota{})
}
