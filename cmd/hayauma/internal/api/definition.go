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
	members, err := object("campaign", raw, "name", "channel", "messages", "steps", "variants", "experiment", "schedule", "priority", "weight", "topic")
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
	if d.Priority, err = parsePriority(members); err != nil {
		return d, err
	}
	if d.Weight, err = parseWeight(members["weight"]); err != nil {
		return d, err
	}
	if d.Topic, err = parseTopic(members); err != nil {
		return d, err
	}
	if schedule := members["schedule"]; given(schedule) {
		if err := readSchedule(&d, schedule, now); err != nil {
			return d, err
		}
	}
	d.Messages = members["messages"]
	if d.Experiment, err = optional(members, "experiment"); err != nil {
		return d, err
	}
	switch steps := members["steps"]; {
	case given(members["variants"]):
		return d, readVariants(&d, members)
	case d.Experiment != "":
		return d, refused("experiment is for campaigns with variants: it adds their results up")
	case given(steps) && len(d.Messages) > 0:
		return d, refused("a campaign has messages or steps, not both: the first step's messages stand in steps[0]")
	case given(steps):
		return d, readSteps(&d, steps)
	case len(d.Messages) == 0:
		return d, refused("messages is missing: give an array of 1 to 5 LINE message objects")
	}
	return d, nil
}

// parsePriority is empty where the member is missing.
func parsePriority(members map[string]json.RawMessage) (actors.Priority, error) {
	text, err := optional(members, "priority")
	if p := actors.Priority(text); err != nil || p.Known() {
		return p, err
	}
	return "", refused("priority %q is none: write high, normal or low, or leave it out for normal", excerpt(text))
}

// parseTopic is empty where the member is missing.
func parseTopic(members map[string]json.RawMessage) (string, error) {
	topic, err := optional(members, "topic")
	if err != nil || topic == "" || channelName.MatchString(topic) {
		return topic, err
	}
	return "", refused("topic %q is none: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", excerpt(topic))
}

// parseWeight is 0 where the member is missing.
func parseWeight(raw json.RawMessage) (int, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return 0, nil
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 1 || n > actors.MaxWeight {
		return 0, refused("weight %s is not a whole number from 1 to %d: leave it out for %d", excerpt(string(raw)), actors.MaxWeight, actors.DefaultWeight)
	}
	return n, nil
}

func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

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
