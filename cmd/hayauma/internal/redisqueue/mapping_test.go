package redisqueue_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"hayauma.example/cmd/hayauma/internal/redisqueue"
)

const (
	user1 = "U00000000000000000000000000000001"
	user2 = "U00000000000000000000000000000002"
	hello = `"messages":[{"type":"text","text":"hello"}]`
)

var byDefault = redisqueue.Mapping{Fields: redisqueue.DefaultFields}

func lines(t *testing.T, m redisqueue.Mapping, j redisqueue.Job) string {
	t.Helper()
	messages, err := m.Read(j)
	if err != nil {
		t.Fatalf("%s: %v", j.Payload, err)
	}
	var all strings.Builder
	for _, message := range messages {
		line, err := message.Line()
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(message.Channel + " " + string(line))
	}
	return all.String()
}

func TestJobsBecomeMessages(t *testing.T) {
	nested := redisqueue.Mapping{
		Fields:  redisqueue.Fields{To: "data.user.line", Messages: "data.body", Channel: "bot", Key: "uuid"},
		Channel: "news", Renamed: map[string]string{"1234567": "shop"},
	}
	const said = `"messages":[{"type":"text","text":"hello"}]`
	for _, tc := range []struct {
		name    string
		mapping redisqueue.Mapping
		job     redisqueue.Job
		want    string
	}{
		{"as it is", byDefault, redisqueue.Job{Payload: `{"id":"a","channel":"shop","to":"` + user1 + `",` + hello + `}`},
			`shop {"key":"a","to":"` + user1 + `",` + said + "}\n"},
		{"due", byDefault, redisqueue.Job{Payload: `{"id":"a","channel":"shop","to":"` + user1 + `",` + hello + `}`, Due: time.Date(2030, 4, 1, 0, 0, 0, 5e8, time.UTC)},
			`shop {"key":"a","to":"` + user1 + `",` + said + `,"at":"2030-04-01T00:00:00.5Z"}` + "\n"},
		{"laid out", byDefault, redisqueue.Job{Payload: "{\n \"id\": 7.0,\n \"channel\": \"shop\",\n \"to\": \"" + user1 + "\",\n \"messages\": [ {\n\"type\":\"text\", \"text\":\"<&>\"}]}\n"},
			`shop {"key":"7.0","to":"` + user1 + `","messages":[{"type":"text","text":"<&>"}]}` + "\n"},
		{"several users, one object", byDefault, redisqueue.Job{Payload: `{"id":12345678901234567890,"channel":"shop","to":["` + user1 + `","` + user2 + `"],"messages":{"type":"text","text":"hello"}}`},
			`shop {"key":"12345678901234567890/` + user1 + `","to":"` + user1 + `",` + said + "}\n" +
				`shop {"key":"12345678901234567890/` + user2 + `","to":"` + user2 + `",` + said + "}\n"},
		{"a text, and no id", byDefault, redisqueue.Job{Payload: `{"channel":"shop","to":"` + user1 + `","messages":"hello","id":null}`},
			`shop {"key":"sha256:083e2ee1572f7e134ab9927a8114ec8f31bacb9ab7c9f4caa3a79c7464e20d14","to":"` + user1 + `",` + said + "}\n"},
		{"other fields", nested, redisqueue.Job{Payload: `{"uuid":"a","bot":1234567,"data":{"user":{"line":"` + user1 + `"},"body":"hello"}}`},
			`shop {"key":"a","to":"` + user1 + `",` + said + "}\n"},
		{"no channel", nested, redisqueue.Job{Payload: `{"uuid":"a","data":{"user":{"line":"` + user1 + `"},"body":"hello"}}`},
			`news {"key":"a","to":"` + user1 + `",` + said + "}\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := lines(t, tc.mapping, tc.job); got != tc.want {
				t.Errorf("got\n%s, want\n%s", got, tc.want)
			}
		})
	}
}

func TestBadJobs(t *testing.T) {
	job := func(members string) string { return `{"id":"a","channel":"shop",` + members + `}` }
	to := `"to":"` + user1 + `",`
	for _, tc := range []struct{ name, payload, want string }{
		{"empty", "", "is not a JSON object (unexpected end of JSON input)"},
		{"serialised by PHP", `O:8:"stdClass":0:{}`, "is not a JSON object (invalid character 'O'"},
		{"a list", `[]`, "is not a JSON object (array)"},
		{"more behind", job(to+hello) + "{}", "is not a JSON object (invalid character '{' after top-level value)"},
		{"not UTF-8", job(to + `"messages":"` + "\xff" + `"`), "is not UTF-8"},
		{"large", strings.Repeat(" ", 5<<20), "has 5242880 bytes, at most 4194304"},
		{"no channel", `{` + to + hello + `}`, "has no channel: give --channel"},
		{"channel", `{"channel":{},` + to + hello + `}`, "channel is not a channel's name"},
		{"no user", job(hello), "has no to"},
		{"null user", job(`"to":null,` + hello), "has no to"},
		{"no id of a user", job(`"to":"aiko",` + hello), `to: "aiko" is not a LINE user id`},
		{"a number", job(`"to":5,` + hello), "to is neither a user's id nor a list of them"},
		{"no users", job(`"to":[],` + hello), "to is neither a user's id nor a list of them"},
		{"twice", job(`"to":["` + user1 + `","` + user1 + `"],` + hello), "to names " + user1 + " twice"},
		{"many", job(`"to":["` + strings.Repeat(user1+`","`, 500) + user1 + `"],` + hello), "to names 501 users, at most 500"},
		{"no messages", job(`"to":"` + user1 + `"`), "has no messages"},
		{"empty messages", job(to + `"messages":[]`), "messages: "},
		{"unknown type", job(to + `"messages":[{"type":"telegram"}]`), `messages[0].type`},
		{"long text", job(to + `"messages":"` + strings.Repeat("x", 5001) + `"`), "messages[0].text: has 5001 UTF-16 code units"},
		{"long messages", job(to + `"messages":[{"type":"text","text":"x","more":"` + strings.Repeat("x", 65536) + `"}]`), "messages has 65574 bytes, at most 65536"},
		{"id", `{"id":[1],"channel":"shop",` + to + hello + `}`, "id is neither a text nor a number"},
		{"empty id", `{"id":"","channel":"shop",` + to + hello + `}`, "id is neither a text nor a number"},
		{"long id", `{"id":"` + strings.Repeat("x", 222) + `","channel":"shop",` + to + hello + `}`, "id has 222 bytes, at most 221"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			messages, err := byDefault.Read(redisqueue.Job{Payload: tc.payload})
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("%v, %v; want %s", messages, err, tc.want)
			}
			if err != nil && len(err.Error()) > 200 {
				t.Errorf("a problem of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestScores(t *testing.T) {
	due := time.Date(2030, 4, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		unit  redisqueue.Unit
		score float64
		want  time.Time // zero: it is none
	}{
		{redisqueue.Auto, 1901232000, due},
		{redisqueue.Auto, 1901232000.123, due.Add(123 * time.Millisecond)},
		{redisqueue.Auto, 1901232000123, due.Add(123 * time.Millisecond)},
		{redisqueue.Seconds, 1901232000, due},
		{redisqueue.Seconds, 1901232000000, time.Time{}},
		{redisqueue.Milliseconds, 1901232000000, due},
		{redisqueue.Milliseconds, 1901232000, time.Date(1970, 1, 23, 0, 7, 12, 0, time.UTC)},
		{redisqueue.Auto, 0, time.Unix(0, 0).UTC()},
		{redisqueue.Auto, -1, time.Time{}},
		{redisqueue.Auto, math.Inf(1), time.Time{}},
		{redisqueue.Auto, math.Inf(-1), time.Time{}},
		{redisqueue.Milliseconds, math.NaN(), time.Time{}},
		{redisqueue.Auto, 1e18, time.Time{}},
	} {
		j := tc.unit.Delayed("x", tc.score)
		if !j.Due.Equal(tc.want) || (j.Problem == "") == tc.want.IsZero() {
			t.Errorf("%s %v: %v, %q", tc.unit, tc.score, j.Due, j.Problem)
		}
	}
	if err := redisqueue.Unit("min").Validate(); err == nil {
		t.Error("there is a unit min")
	}
}

// No payload ends the process, and what is read can be written on one line.
func FuzzRead(f *testing.F) {
	f.Add(`{"id":"a","channel":"shop","to":"` + user1 + `",` + hello + `}`)
	f.Add(`{"channel":"shop","to":["` + user1 + `","` + user2 + `"],"messages":{"type":"text","text":"hello"}}`)
	f.Add(`{"channel":{"channel":1},"to":"` + user1 + `","messages":"x"}`)
	f.Fuzz(func(t *testing.T, payload string) {
		messages, err := byDefault.Read(redisqueue.Job{Payload: payload})
		if (err == nil) != (len(messages) > 0) {
			t.Fatalf("%d messages, %v", len(messages), err)
		}
		for _, m := range messages {
			line, err := m.Line()
			if err != nil || strings.Count(string(line), "\n") != 1 || m.Key == "" || len(m.Key) > 255 {
				t.Errorf("%q, %v", line, err)
			}
		}
	})
}
