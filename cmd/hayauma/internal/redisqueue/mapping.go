package redisqueue

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/provider/line"
)

// Bounds of a job.
const (
	maxPayload = 4 << 20 // bytes
	maxUsers   = 500     // whom one job names, as many as a multicast
	maxKey     = 255     // bytes
	excerpted  = 60      // bytes that a problem repeats of a job's words
)

// Fields are the names of a job's members. Dots lead into objects: data.user.
type Fields struct{ To, Messages, Channel, Key string }

// The keys of testdata/queue.redis.
const (
	DefaultList      = "jobs"
	DefaultSortedSet = "jobs:delayed"
)

// DefaultFields are those of its jobs.
var DefaultFields = Fields{To: "to", Messages: "messages", Channel: "channel", Key: "id"}

// Mapping says how jobs become messages.
type Mapping struct {
	Fields  Fields
	Channel string            // of jobs that name none
	Renamed map[string]string // channels by what jobs call them
}

// Message is what becomes of a job, as the daemon takes it on one line.
type Message struct {
	Channel string `json:"-"`

	Key      string          `json:"key"`
	To       string          `json:"to"`
	Messages json.RawMessage `json:"messages"`
	At       *time.Time      `json:"at,omitempty"` // nil: now
}

// Line is the message in NDJSON, with its line end.
func (m Message) Line() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(m)
	return b.Bytes(), err
}

// Read makes messages of a job. Its error says what is wrong with the job.
func (m Mapping) Read(j Job) ([]Message, error) {
	switch {
	case j.Problem != "":
		return nil, errors.New(j.Problem)
	case len(j.Payload) > maxPayload:
		return nil, fmt.Errorf("has %d bytes, at most %d are possible", len(j.Payload), maxPayload)
	case !utf8.ValidString(j.Payload):
		return nil, errors.New("is not UTF-8")
	}
	job := json.RawMessage(j.Payload)
	if err := json.Unmarshal(job, &map[string]json.RawMessage{}); err != nil {
		return nil, fmt.Errorf("is not a JSON object (%s)", reasonOf(err))
	}
	channel, err := m.channel(job)
	if err != nil {
		return nil, err
	}
	users, err := usersOf(member(job, m.Fields.To), m.Fields.To)
	if err != nil {
		return nil, err
	}
	messages, err := messagesOf(member(job, m.Fields.Messages), m.Fields.Messages)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(j.Payload, member(job, m.Fields.Key), m.Fields.Key)
	if err != nil {
		return nil, err
	}
	out := make([]Message, len(users))
	for i, user := range users {
		out[i] = Message{Channel: channel, Key: key, To: user, Messages: messages, At: j.due()}
		if len(users) > 1 {
			out[i].Key += "/" + user
		}
	}
	return out, nil
}

// member is what stands at a path, nil where nothing does or null.
func member(job json.RawMessage, path string) json.RawMessage {
	for name := range strings.SplitSeq(path, ".") {
		var object map[string]json.RawMessage
		if json.Unmarshal(job, &object) != nil {
			return nil
		}
		job = object[name]
	}
	if string(job) == "null" {
		return nil
	}
	return job
}

func (m Mapping) channel(job json.RawMessage) (string, error) {
	raw := member(job, m.Fields.Channel)
	if raw == nil {
		if m.Channel == "" {
			return "", fmt.Errorf("has no %s: give --channel for such jobs", m.Fields.Channel)
		}
		return m.Channel, nil
	}
	name, ok := word(raw)
	if !ok || name == "" {
		return "", fmt.Errorf("%s is not a channel's name", m.Fields.Channel)
	}
	return cmp.Or(m.Renamed[name], name), nil
}

// word is a string, or a number as it is written.
func word(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String(), true
	}
	return "", false
}

func usersOf(raw json.RawMessage, field string) ([]string, error) {
	var users []string
	if one := ""; json.Unmarshal(raw, &one) == nil {
		users = []string{one}
	} else if json.Unmarshal(raw, &users) != nil {
		users = nil
	}
	switch {
	case raw == nil:
		return nil, fmt.Errorf("has no %s", field)
	case len(users) == 0:
		return nil, fmt.Errorf("%s is neither a user's id nor a list of them", field)
	case len(users) > maxUsers:
		return nil, fmt.Errorf("%s names %d users, at most %d are possible", field, len(users), maxUsers)
	}
	seen := make(map[string]bool, len(users))
	for _, user := range users {
		switch {
		case !audience.LineID([]byte(user)):
			return nil, fmt.Errorf("%s: %q is not a LINE user id: U and 32 hex digits in lower case", field, excerpt(user))
		case seen[user]:
			return nil, fmt.Errorf("%s names %s twice", field, user)
		}
		seen[user] = true
	}
	return users, nil
}

// messagesOf reads an array of message objects, one object, or a text.
func messagesOf(raw json.RawMessage, field string) (json.RawMessage, error) {
	if raw == nil {
		return nil, fmt.Errorf("has no %s", field)
	}
	switch raw[0] {
	case '"':
		raw = fmt.Appendf(nil, `[{"type":"text","text":%s}]`, raw)
	case '{':
		raw = fmt.Appendf(nil, "[%s]", raw)
	}
	if err := line.CheckMessages(raw); err != nil {
		if wrong, ok := errors.AsType[*line.MessageError](err); ok {
			return nil, fmt.Errorf("%s%s: %s", field, strings.TrimPrefix(wrong.Path, "messages"), wrong.Problem)
		}
		return nil, err
	}
	if len(raw) > actors.MaxMessageBytes {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are possible", field, len(raw), actors.MaxMessageBytes)
	}
	return raw, nil
}

func keyOf(payload string, raw json.RawMessage, field string) (string, error) {
	if raw == nil {
		sum := sha256.Sum256([]byte(payload))
		return "sha256:" + hex.EncodeToString(sum[:]), nil
	}
	key, ok := word(raw)
	const longest = maxKey - len("/U") - 32
	switch {
	case !ok || key == "":
		return "", fmt.Errorf("%s is neither a text nor a number", field)
	case len(key) > longest:
		return "", fmt.Errorf("%s has %d bytes, at most %d are possible", field, len(key), longest)
	}
	return key, nil
}

// reasonOf is a JSON error without the words that repeat the type that was hoped for.
func reasonOf(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrong.Value
	}
	return err.Error()
}

func excerpt(text string) string {
	if len(text) <= excerpted {
		return text
	}
	return strings.ToValidUTF8(text[:excerpted], "") + "…"
}
