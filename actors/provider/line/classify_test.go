package line

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"hayauma.example/actors/provider"
)

func TestClassify(t *testing.T) {
	const id, accepted = "req-1", "req-0"
	tests := []struct {
		name     string
		status   int
		accepted string // x-line-accepted-request-id
		body     string
		readErr  error
		want     provider.Verdict
		wantID   string
		reason   string // substring
	}{
		{"push accepted", 200, "", `{"sentMessages":[{"id":"1"}]}`, nil, provider.Accepted, id, ""},
		{"multicast accepted", 200, "", ` {} `, nil, provider.Accepted, id, ""},
		{"200 cut short", 200, "", `{"sentMess`, errors.New("unexpected EOF"), provider.Doubtful, id, "broke off: unexpected EOF"},
		{"200 complete, but the connection broke", 200, "", `{}`, errors.New("reset"), provider.Doubtful, id, "reset"},
		{"200 of a captive portal", 200, "", `<html>Log in</html>`, nil, provider.Doubtful, id, "no JSON object"},
		{"200 empty", 200, "", ``, nil, provider.Doubtful, id, "no JSON object"},
		{"200 array", 200, "", `[]`, nil, provider.Doubtful, id, "no JSON object"},
		{"409 by header", 409, accepted, `{"message":"The retry key is already accepted","sentMessages":[{"id":"1"}]}`, nil, provider.Accepted, accepted,
			"already accepted"},
		{"409 by header, body lost", 409, accepted, `{"mess`, errors.New("reset"), provider.Accepted, accepted, "status 409"},
		{"409 by message", 409, "", `{"message":"The retry key is already accepted"}`, nil, provider.Accepted, id, "already accepted"},
		{"409 of someone else", 409, "", `Conflict`, nil, provider.Doubtful, id, "status 409"},
		{"429 rate", 429, "", `{"message":"The API rate limit has been exceeded. Try again later."}`, nil, provider.Throttled, id, "rate limit"},
		{"429 month", 429, "", `{"message":"You have reached your monthly limit."}`, nil, provider.OverQuota, id, "monthly"},
		{"429 month, spelled otherwise", 429, "", `{"message":"you have reached your Monthly Limit"}`, nil, provider.OverQuota, id, ""},
		{"429 concurrency", 429, "", `{"message":"The maximum number of concurrent operations has been reached."}`, nil, provider.Throttled, id, "concurrent"},
		{"429 unreadable", 429, "", `slow down`, nil, provider.Throttled, id, "status 429"},
		{"401", 401, "", `{"message":"Authentication failed due to the following reason: invalid token."}`, nil, provider.Unauthorized, id, "invalid token"},
		{"401 without a body", 401, "", ``, nil, provider.Unauthorized, id, "status 401"},
		{"400 with details", 400, "",
			`{"message":"The request body has 2 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"},{"message":"too long","property":"x"}]}`, nil, provider.Refused, id,
			"The request body has 2 error(s): messages[0].text May not be empty; x too long"},
		{"400 unknown user", 400, "", `{"message":"Failed to send messages"}`, nil, provider.Refused, id, "Failed to send"},
		{"400 unknown user?", 400, "", `{"message":"Failed to send messages","details":[{"message":"too long","property":"x"}]}`, nil, provider.Refused, id, "too long"},
		{"403 in the same words", 403, "", `{"message":"Failed to send messages"}`, nil, provider.Refused, id, "Failed to send"},
		{"403", 403, "", `{"message":"Access to this API is not available for your account"}`, nil, provider.Refused, id, "not available"},
		{"404", 404, "", `{"message":"Not found"}`, nil, provider.Refused, id, "Not found"},
		{"413", 413, "", ``, nil, provider.Refused, id, "status 413"},
		{"415", 415, "", `{"message":"x"}`, nil, provider.Refused, id, "x"},
		{"408 of a proxy", 408, "", ``, nil, provider.Doubtful, id, "status 408"},
		{"500", 500, "", `{"message":"Internal server error"}`, nil, provider.Doubtful, id, "Internal"},
		{"502 of a proxy", 502, "", `<html>`, nil, provider.Doubtful, id, "status 502"},
		{"redirect", 307, "", ``, nil, provider.Doubtful, id, "status 307"},
		{"other success", 202, "", `{}`, nil, provider.Doubtful, id, "status 202"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("X-Line-Request-Id", id)
			if tc.accepted != "" {
				h.Set("x-line-accepted-request-id", tc.accepted)
			}
			got := Classify(tc.status, h, []byte(tc.body), tc.readErr)
			if got.Verdict != tc.want || got.RequestID != tc.wantID || got.Status != tc.status || !strings.Contains(got.Reason, tc.reason) {
				t.Errorf("got %+v, want verdict %d, id %s, reason with %q", got, tc.want, tc.wantID, tc.reason)
			}
			if nobody := tc.name == "400 unknown user"; got.NoUser != nobody {
				t.Errorf("the user can't be reached: %v, want %v", got.NoUser, nobody)
			}
		})
	}
}

func TestReasonsHoldNoPersonalData(t *testing.T) {
	user := "U" + strings.Repeat("0123456789abcdef", 2)
	got := reason("user " + user + " and\ngroup C" + user[1:] + " \xff")
	if want := "user U… and group C… ?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	long := reason(strings.Repeat("é", 400))
	if len(long) > maxReason || !utf8.ValidString(long) || !strings.HasSuffix(long, "…") {
		t.Errorf("%d bytes: %q", len(long), long)
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(200, []byte(`{}`), false)
	f.Add(409, []byte(`{"message":"The retry key is already accepted"}`), true)
	f.Add(429, []byte(`{"message":"You have reached your monthly limit."}`), false)
	f.Fuzz(func(t *testing.T, status int, body []byte, broken bool) {
		var err error
		if broken {
			err = errors.New("reset")
		}
		got := Classify(status, http.Header{}, body, err)
		if got.Verdict < provider.Accepted || got.Verdict > provider.Doubtful || len(got.Reason) > maxReason || !utf8.ValidString(got.Reason) {
			t.Fatalf("status %d, %q: %+v", status, body, got)
		}
		if got.Verdict == provider.Accepted && status != 200 && status != 409 {
			t.Fatalf("status %d was taken as accepted", status)
		}
	})
}
