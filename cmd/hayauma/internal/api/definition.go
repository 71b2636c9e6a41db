package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hayauma.example/actors"
)

// maxDefinition bounds the campaign part: the provider takes bodies up to 2 MB.
const maxDefinition = 3 << 20

const maxName = 200 // runes

// Bounds of a schedule. What lies far ahead is a slip of the pen, and what lies further still no date that JSON can hold.
const (
	firstYear     = 1970
	maxYearsAhead = 10
	maxExpire     = 366 * 24 * time.Hour
)

// readDefinition reads the campaign part of a submission and checks what can be checked without asking anyone.
func readDefinition(r io.Reader) (actors.Definition, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDefinition+1))
	if err != nil {
		return actors.Definition{}, err
	}
	if len(raw) > maxDefinition {
		return actors.Definition{}, refused("campaign part is over %d bytes: a LINE request holds 2 MB at most", maxDefinition)
	}
	return parseDefinition(raw, time.Now())
}

func parseDefinition(raw []byte, now time.Time) (actors.Definition, error) {
	var d actors.Definition
	if !utf8.Valid(raw) {
		return d, refused("campaign part is not UTF-8")
	}
	members, err := object("campaign", raw, "name", "channel", "messages", "schedule")
	if err != nil {
		return d, err
	}
	if d.Name, err = stringMember(members, "name"); err != nil {
		return d, err
	}
	if d.Channel, err = stringMember(members, "channel"); err != nil {
		return d, err
	}
	if utf8.RuneCountInString(d.Name) > maxName {
		return d, refused("name is longer than %d characters", maxName)
	}
	if strings.ContainsFunc(d.Name, unprintable) {
		return d, refused("name %+q has control characters: leave them out", excerpt(d.Name))
	}
	d.Messages = members["messages"]
	if len(d.Messages) == 0 {
		return d, refused("messages is missing: give an array of 1 to 5 LINE message objects")
	}
	if schedule := members["schedule"]; len(schedule) > 0 && string(schedule) != "null" {
		d.At, d.ExpireAfter, err = parseSchedule(schedule, now)
	}
	return d, err
}

func parseSchedule(raw json.RawMessage, now time.Time) (at time.Time, expire time.Duration, err error) {
	members, err := object("schedule", raw, "at", "expire_after")
	if err != nil {
		return at, 0, err
	}
	text, err := optional(members, "at")
	if err != nil {
		return at, 0, refused("schedule.at is not an RFC 3339 time such as 2026-01-31T09:00:00+09:00")
	}
	if text != "" {
		if at, err = parseAt(text, now); err != nil {
			return at, 0, err
		}
	}
	text, err = optional(members, "expire_after")
	switch {
	case err != nil:
		return at, 0, refused("schedule.expire_after is not a duration in quotes: write %s", durationHint(members["expire_after"]))
	case text == "":
		return at, 0, nil
	}
	expire, err = parseExpire(text)
	return at, expire, err
}

func parseAt(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return at, refused("schedule.at %q is not an RFC 3339 time such as 2026-01-31T09:00:00+09:00", excerpt(text))
	case at.UTC().Year() < firstYear:
		return at, refused("schedule.at %q lies before %d: leave it out to start now", excerpt(text), firstYear)
	case at.After(now.AddDate(maxYearsAhead, 0, 0)):
		return at, refused("schedule.at %q lies more than %d years ahead", excerpt(text), maxYearsAhead)
	}
	return at, nil
}

func parseExpire(text string) (time.Duration, error) {
	expire, err := time.ParseDuration(text)
	switch {
	case err != nil || expire <= 0:
		return 0, refused("schedule.expire_after %q is not a positive duration such as 90m or 24h", excerpt(text))
	case expire > maxExpire:
		return 0, refused("schedule.expire_after %q is longer than a year (%s)", excerpt(text), maxExpire)
	}
	return expire, nil
}

// durationHint is what was probably meant by a number.
func durationHint(raw json.RawMessage) string {
	if n, err := strconv.ParseUint(string(raw), 10, 32); err == nil && n > 0 {
		return fmt.Sprintf("\"%ds\" for %d seconds", n, n)
	}
	return `"90m" or "24h"`
}

// object splits a JSON object into its members, exactly by name: encoding/json alone would take "Name" for "name" and the last of
// two equal members.
func object(what string, raw []byte, known ...string) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, refused("%s is not a JSON object%s", what, position(raw, err))
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, refused("%s is not valid JSON%s", what, position(raw, err))
		}
		if !slices.Contains(known, name) {
			return nil, refused("%s has an unknown member %q: known are %s", what, excerpt(name), strings.Join(known, ", "))
		}
		if _, twice := members[name]; twice {
			return nil, refused("%s has the member %q twice", what, excerpt(name))
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, refused("%s is not valid JSON%s", what, position(raw, err))
		}
		members[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, refused("%s is not valid JSON%s", what, position(raw, err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refused("%s has something after its JSON object", what)
	}
	return members, nil
}

// position says where in raw a syntax error is, and what it is.
func position(raw []byte, err error) string {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ": it ends too early"
	case !errors.As(err, &syntax):
		return ": " + err.Error()
	}
	before := raw[:min(max(int(syntax.Offset)-1, 0), len(raw))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf(": line %d, column %d: %s", line, column, syntax)
}

// unprintable is what would steer a terminal rather than be shown by it: controls, breaks, and what turns the direction of text.
func unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func stringMember(members map[string]json.RawMessage, name string) (string, error) {
	text, err := optional(members, name)
	if err == nil && text == "" {
		err = refused("%s is missing or empty", name)
	}
	return text, err
}

func optional(members map[string]json.RawMessage, name string) (string, error) {
	raw, ok := members[name]
	if !ok || string(raw) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", refused("%s is not a string", name)
	}
	return text, nil
}

// refused is a 422 about the campaign part.
func refused(format string, args ...any) actors.Problem {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "campaign refused", Detail: fmt.Sprintf(format, args...)}
}

// compact is JSON without what means nothing.
func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}
