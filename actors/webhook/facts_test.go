package webhook

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors"
	"hayauma.example/actors/campaign"
	"hayauma.example/actors/checker"
	"hayauma.example/actors/plan"
	"hayauma.example/engine"
)

func show(f fact) string {
	words := []string{f.kind}
	if f.part > 0 {
		words[0] += fmt.Sprint("#", f.part)
	}
	for _, x := range f.failed {
		words = append(words, fmt.Sprintf("%v:%v:%s", x.span, x.outcome, x.reason))
	}
	return strings.Join(words, " ")
}

func TestWhatAnEventIsToTell(t *testing.T) {
	const changed = CampaignProgress
	table := plan.Table{Recipients: 1700, Chunks: []plan.Entry{
		{First: 0, Count: 500, Mode: plan.Push}, {First: 500, Count: 700, Mode: plan.Failed}, {First: 1200, Count: 500, Mode: plan.Multicast},
	}}
	for name, tc := range map[string]struct {
		event any
		want  string
	}{
		"first window":  {campaign.WindowOpened{Number: 1}, "campaign.started"},
		"second window": {campaign.WindowOpened{Number: 2}, ""},
		"pause":         {campaign.Paused{}, "campaign.paused"},
		"resume":        {campaign.Resumed{}, "campaign.resumed"},
		"end":           {campaign.Finished{State: actors.StateCancelled}, "campaign.finished"},
		"accepted":      {campaign.Accepted{}, ""},
		"cancel asked":  {campaign.CancelAsked{}, ""},
		"opened":        {checker.Opened{Table: table}, "recipients.failed#1 500-1000:failed:; recipients.failed#2 1000-1200:failed:"},
		"settled": {checker.Settled{Entries: []checker.Entry{
			{Path: actors.Span{Lo: 1, Hi: 2}, Outcome: actors.Delivered}, {Path: actors.Span{Lo: 2, Hi: 3}, Outcome: actors.Failed, Reason: "bad"},
			{Path: actors.Span{Lo: 1200, Hi: 1700}, Outcome: actors.Unknown, Reason: "in doubt"}, {Path: actors.Span{Lo: 4, Hi: 5}, Outcome: actors.Failed},
		}}, changed + "; recipients.failed#1 2-3:failed:bad 1200-1699:unknown:in doubt; recipients.failed#2 1699-1700:unknown:in doubt 4-5:failed:"},
		"all delivered": {checker.Settled{Entries: []checker.Entry{{Path: actors.Span{Lo: 1, Hi: 2}, Outcome: actors.Delivered}}}, changed},
		"given up": {checker.Directed{Paths: []actors.Span{{Lo: 0, Hi: 2}, {Lo: 7, Hi: 8}}, Outcome: actors.Unknown, Reason: "late"},
			changed + "; recipients.failed#1 0-2:unknown:late 7-8:unknown:late"},
		"cancelled": {checker.Directed{Paths: []actors.Span{{Lo: 0, Hi: 2}}, Outcome: actors.Cancelled}, changed},
		"redriven":  {checker.Redriven{}, ""},
		"foreign":   {"?", ""},
	} {
		var got []string
		for f := range factsOf("g", engine.Recorded{Number: 7, Event: tc.event}) {
			got = append(got, show(f))
			if f.grain != "g" || f.number != 7 {
				t.Errorf("%s: the fact is of %s %d", name, f.grain, f.number)
			}
		}
		if s := strings.Join(got, "; "); s != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, s, tc.want)
		}
	}
}

// A million failed recipients become batches one by one: who reads on makes the next.
func TestBatchesAreMadeOneByOne(t *testing.T) {
	made := 0
	all := func(yield func(stretch) bool) {
		for i := range uint32(1_000_000) {
			if made++; !yield(stretch{span: actors.Span{Lo: i, Hi: i + 1}}) {
				return
			}
		}
	}
	for group := range batches(all) {
		if len(group) != batch || made != batch {
			t.Errorf("the first group has %d, %d were made", len(group), made)
		}
		break
	}
}

func TestIDsAreOfTheFact(t *testing.T) {
	cluster := uuid.MustParse("6f0c8f3a-1c57-4f1e-9a53-0d6f8a1f7c11")
	base := fact{kind: RecipientsFailed, grain: "r", number: 3, part: 1, at: time.Now()}
	id := func(webhook string, change func(*fact)) string {
		f := base
		change(&f)
		return idOf(space(cluster, webhook), &f)
	}
	same := id("crm", func(f *fact) { f.at = f.at.Add(time.Hour) })
	if got := id("crm", func(*fact) {}); got != same || uuid.MustParse(got).Version() != 5 {
		t.Errorf("a repeat has the id %s, the first had %s", got, same)
	}
	for name, other := range map[string]string{
		"webhook": id("bi", func(*fact) {}), "part": id("crm", func(f *fact) { f.part++ }), "number": id("crm", func(f *fact) { f.number++ }),
		"grain": id("crm", func(f *fact) { f.grain = "s" }), "kind": id("crm", func(f *fact) { f.kind = CampaignProgress }),
	} {
		if other == same {
			t.Errorf("another %s has the same id", name)
		}
	}
}

func TestBackoffTable(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 9: 256 * time.Second, 10: 8 * time.Minute, 1_000_000: 8 * time.Minute,
	} {
		if got := backoff(failures, 0); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
		if got := backoff(failures, 1); got != want+want/4 {
			t.Errorf("after %d failures at most %v, want %v", failures, got, want+want/4)
		}
	}
}

// Cursors move over what is done, and no further.
func TestCursorsFollowWhatIsDone(t *testing.T) {
	var q queue
	q.through(composer, 5)
	if q.at[composer].Position != 5 {
		t.Errorf("nothing waits, and the cursor is %+v", q.at[composer])
	}
	q.add(&item{source: checkers, cursor: Cursor{Position: 3, Within: 6, Parts: 1}})
	q.add(&item{source: sources})
	q.add(&item{source: checkers, cursor: Cursor{Position: 3, Within: 6, Parts: 2}})
	q.through(checkers, 6)
	q.through(composer, 9)
	q.through(checkers, 12)
	var got []string
	for q.head() != nil {
		q.pop()
		got = append(got, fmt.Sprint(q.at))
	}
	if s := strings.Join(got, " "); s != "[{9 0 0} {3 6 1}] [{9 0 0} {3 6 1}] [{9 0 0} {12 0 0}]" || q.bytes != 0 {
		t.Errorf("the cursors went %s; %d bytes wait", s, q.bytes)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	good := actors.WebhookSettings{Name: "crm", URL: "https://crm.example/hook?x=1", SecretEnv: "CRM_SECRET"}
	for name, tc := range map[string]struct {
		change func(*actors.WebhookSettings)
		want   string // empty: accepted
	}{
		"good":          {func(*actors.WebhookSettings) {}, ""},
		"some":          {func(s *actors.WebhookSettings) { s.Events, s.Channel = []string{CampaignPaused}, "shop" }, ""},
		"plain":         {func(s *actors.WebhookSettings) { s.URL = "http://127.0.0.1:80/" }, ""},
		"name":          {func(s *actors.WebhookSettings) { s.Name = "Crm" }, "not usable"},
		"another name":  {func(s *actors.WebhookSettings) { s.Name = "crm2" }, "the same name"},
		"user":          {func(s *actors.WebhookSettings) { s.URL = "https://u:secret@crm.example" }, "must not have a user"},
		"scheme":        {func(s *actors.WebhookSettings) { s.URL = "ftp://crm.example" }, "not one with http"},
		"no host":       {func(s *actors.WebhookSettings) { s.URL = "https://:80/x" }, "and a host"},
		"fragment":      {func(s *actors.WebhookSettings) { s.URL += "#x" }, "fragment"},
		"long":          {func(s *actors.WebhookSettings) { s.URL += strings.Repeat("x", maxURL) }, "longer than"},
		"event":         {func(s *actors.WebhookSettings) { s.Events = []string{"campaign.won"} }, "is no event: there are campaign.started"},
		"event twice":   {func(s *actors.WebhookSettings) { s.Events = []string{CampaignPaused, CampaignPaused} }, "twice"},
		"channel":       {func(s *actors.WebhookSettings) { s.Channel = "a b" }, "no channel's name"},
		"secret itself": {func(s *actors.WebhookSettings) { s.SecretEnv = "whsec_abc=" }, "not the secret itself"},
	} {
		s := good
		tc.change(&s)
		switch err := Validate("crm", s); {
		case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		case err != nil && (strings.Contains(err.Error(), "secret@") || strings.Contains(err.Error(), "whsec_")):
			t.Errorf("%s: what is secret is shown: %v", name, err)
		}
	}
}
