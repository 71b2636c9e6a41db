package console

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Whatever texts there are, nothing is lost and no line is wider than a page.
func TestPagesAreNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching("[a-z ]{0,300}"), rapid.StringMatching("[a-z]{70,90} [a-z]{150}"), rapid.StringMatching("[春a 👍\t]{0,200}")).Draw(t, "text")
		p := &page{}
		p.field("name", "%s", text)
		p.item("%s", text)
		p.title("%s", text)
		for line := range strings.Lines(p.text.String()) {
			if w := width(strings.TrimSuffix(line, "\n")); w > pageWidth {
				t.Fatalf("%d places: %q", w, line)
			}
		}
		bare := strings.NewReplacer(" ", "", "\n", "")
		all := strings.Repeat(printable(text), 3)
		if got, want := strings.Replace(bare.Replace(p.text.String()), "name", "", 1), bare.Replace(all); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

func TestExplanationInWords(t *testing.T) {
	limit, used, yes, no := int64(100), int64(95), true, false
	x := api.Explanation{
		Name: "n", Channel: "shop", WouldExpire: 1,
		Rows: 30, BadRows: 25, Recipients: 5, BadLinesMore: true, BadLines: []api.ProblemEntry{{Location: "audience line 2", Message: "is bad"}},
		Missing:   []api.MissingVariable{{Name: "coupon", Rows: 25, Lines: []int{2, 3}}},
		WouldFail: api.WouldFail{Recipients: 3, Examples: []api.FailExample{{Line: 4, UserID: "U1", Reason: "too long"}}, Reasons: []api.FailReason{{Reason: "too long", Recipients: 2}}, OtherReasons: 1},
		Plan:      api.ExplainedPlan{Pushes: 1, Multicasts: 2, MulticastRecipients: 600, DistinctBodies: 3, CallsAtLeast: 3, SecondsAtLeast: 0.01},
		Quota:     api.ExplainedQuota{Needed: 601, Limited: &yes, Limit: &limit, Used: &used, Suffices: &no},
		Validation: api.Validation{Shapes: 60, More: true, Checked: 50, NotChecked: 10, Problem: "no time",
			Refused: []api.RefusedShape{{Line: 9, UserID: "U2", Recipients: 2, Reason: "invalid uri scheme"}}},
		Sample: []api.SampleMessage{{Line: 7, UserID: "U3", Messages: json.RawMessage(`[{"text":"x"}]`)}}, SampleLeft: 2,
	}
	var out strings.Builder
	if err := printExplanation(&out, x); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"audience    30 rows: 25 bad, 0 duplicates dropped, 5 recipients left\n",
		"would expire 1 recipient: expire_after is over\n",
		"plan        1 push, 2 multicasts to 600 recipients; 3 distinct bodies\n",
		"quota       601 messages needed, 95 of 100 used this month: NOT ENOUGH\n",
		"LINE was asked about 50 of more than 60 shapes of messages and\n            refuses 1; not about all, because: no time\n",
		"Bad lines, the first of them:\n  audience line 2: is bad\n",
		"  coupon in 25 rows: lines 2, 3, …\n",
		"Would fail, by reason:\n  2: too long\n  1: other reasons\n\nWould fail, the first of them:\n  line 4, U1: too long\n",
		"LINE refuses messages of this shape:\n  2 recipients, such as line 9, U2: invalid uri scheme\n",
		"Line 7, U3:\n  [\n    {\n      \"text\": \"x\"\n    }\n  ]\n",
		"2 messages of the sample left out",
		"A submission would be refused",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	out.Reset()
	wait := api.Explanation{Quota: x.Quota}
	err := printExplanation(&out, wait)
	if err != nil || !strings.Contains(out.String(), "accepted, and wait until the month's quota suffices") ||
		strings.Contains(out.String(), "fail.") {
		t.Errorf("%v\n%s", err, out.String())
	}
	x.Quota.Suffices = &yes
	if got := quota(x.Quota); got != "601 messages needed, 95 of 100 used this month: enough" {
		t.Errorf("got %q", got)
	}
}
