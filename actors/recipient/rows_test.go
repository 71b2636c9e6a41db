package recipient_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/recipient"
)

func read(text string, format audience.Format) (rows []string, err error) {
	n, err := recipient.ReadRows(audience.Source{Reader: strings.NewReader(text), Format: format}, audience.Limits{Rows: 5, BadLines: 3},
		func(c actors.RecipientChange) error {
			s := c.Settings
			rows = append(rows, fmt.Sprint(c.User[32:], " ", c.Sets, " ", s.OptOut, " ", strings.Join(s.Topics, "+"), " ", s.Zone, " ", s.Quiet))
			return nil
		})
	if err == nil && n != len(rows) {
		err = fmt.Errorf("%d rows are %d", len(rows), n)
	}
	return rows, err
}

func TestRowsAreRead(t *testing.T) {
	a, b := user(1)[:32]+"a", user(1)[:32]+"b"
	for _, c := range []struct {
		format     audience.Format
		text, want string
	}{
		{audience.CSV, "user_id,opt_out\n" + a + ",true\n" + b + ",0\n", "a 1 true   /b 1 false   "},
		{audience.CSV, "topics,user_id\r\nnews|sale|news," + a + "\r\n," + b + "\r\n", "a 2 false news+sale  /b 2 false   "},
		{audience.CSV, "user_id,time_zone,quiet_hours\n" + a + ",Asia/Tokyo,\"22:00-07:00,12:00-13:00\"\n", "a 12 false  Asia/Tokyo 22:00-07:00,12:00-13:00"},
		{audience.CSV, "user_id,opt_out,suppressed,suppressed_at\n" + a + ",1,gone,2026\n", "a 1 true   "},
		{audience.NDJSON, `{"user_id":"` + a + `","opt_out":true}` + "\n" + `{"time_zone":null,"quiet_hours":"","user_id":"` + b + `"}`, "a 1 true   /b 8 false   "},
	} {
		if rows, err := read(c.text, c.format); err != nil || strings.Join(rows, "/") != c.want {
			t.Errorf("%s: %q, %v, want %q", c.text, strings.Join(rows, "/"), err, c.want)
		}
	}
}

func TestRowsRefused(t *testing.T) {
	u := user(1)
	for _, c := range []struct {
		format     audience.Format
		text, want string
	}{
		{audience.CSV, "", "audience: the audience is empty"},
		{audience.CSV, "user_id,opt_out\n", "the file has no rows"},
		{audience.CSV, "user_id\n" + u + "\n", "no settings are named: there are opt_out, topics, time_zone, quiet_hours"},
		{audience.CSV, "user_id,optout\n" + u + ",1\n", `line 1: column "optout": is no setting`},
		{audience.NDJSON, `{"user_id":"` + u + `","optout":true}`, `column "optout": is no setting`},
		{audience.NDJSON, `{"user_id":"` + u + `","topics":["a"]}`, `column "topics": is an object or array`},
		{audience.CSV, "user_id,opt_out\n,1\n" + u + ",yes\nU1,1\n", `line 2: column "user_id": is missing` + "\n" +
			`audience: line 3: column "opt_out": is not true or false` + "\n" +
			`audience: line 4: column "user_id": is not U and 32 hex digits in lower case` + "\n" + "audience: there may be more"},
		{audience.CSV, "user_id,topics\n" + u + ",a|B\n", `line 2: column "topics": "B" is none`},
		{audience.CSV, "user_id,time_zone\n" + u + ",Mars\n", `line 2: column "time_zone": "Mars" is not`},
		{audience.CSV, "user_id,quiet_hours\n" + u + ",9-5\n", `line 2: column "quiet_hours": "9" is no time`},
		{audience.CSV, "user_id,opt_out\n" + u + "\n", "line 2: has 1 fields"},
		{audience.CSV, "user_id,opt_out\n" + strings.Repeat(u+",1\n", 6), "line 7: more than 5 rows"},
	} {
		_, err := read(c.text, c.format)
		if !errors.As(err, new(*audience.Errors)) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), u) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	stop := errors.New("disk full")
	_, err := recipient.ReadRows(audience.Source{Reader: strings.NewReader("user_id,opt_out\n" + u + ",1\n")}, audience.Limits{},
		func(actors.RecipientChange) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("kept: %v", err)
	}
}

// Once a row is bad nothing more is kept.
func TestNothingIsKeptAfterABadRow(t *testing.T) {
	rows, err := read("user_id,opt_out\n"+user(1)+",1\nU1,1\n"+user(2)+",1\n", audience.CSV)
	if err == nil || len(rows) != 1 {
		t.Errorf("kept %d rows: %v", len(rows), err)
	}
}
