package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"hayauma.example/actors"
	"hayauma.example/actors/audience"
	"hayauma.example/actors/calendar"
	"hayauma.example/actors/provider/line"
	"hayauma.example/actors/recipient"
)

// readShort reads a body that fits into memory.
func readShort(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	rc := http.NewResponseController(w)
	raw, err := io.ReadAll(io.LimitReader(toItsEnd{patient{r.Body, rc, newPatience()}, rc}, maxMessageBody+1))
	switch body, broke := errors.AsType[bodyError](err); {
	case broke:
		return nil, broken(body.err)
	case err != nil:
		return nil, err
	case len(raw) > maxMessageBody:
		return nil, huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxMessageBody))
	}
	return raw, nil
}

func messageRefused(format string, args ...any) error {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "message refused", Detail: fmt.Sprintf(format, args...)}
}

// readMessage reads a message and what is said about it; key is that of the request. Its error is for the caller: it names no user.
func readMessage(raw []byte, key string, now time.Time) (m actors.NewMessage, err error) {
	var n NewMessage
	if !utf8.Valid(raw) {
		return m, errors.New("it is not UTF-8")
	}
	if _, err := object("the message", raw, messageMembers...); err != nil {
		return m, plainMember(err)
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		return m, errors.New("it is not a JSON object as expected: " + excerpt(strings.TrimPrefix(err.Error(), "json: ")))
	}
	if n.Key != "" && key != "" && n.Key != key {
		return m, errors.New("key and Idempotency-Key differ: give one of them")
	}
	key = cmp.Or(n.Key, key)
	switch {
	case key == "" || len(key) > maxKey:
		return m, fmt.Errorf("key is missing or over %d bytes: give one (or the header Idempotency-Key), and the same one when the message is repeated", maxKey)
	case strings.ContainsRune(key, utf8.RuneError): // other keys that can't be read would be the same one
		return m, errors.New("key has characters that can't be read: take printable ones")
	case !audience.LineID([]byte(n.To)):
		return m, errors.New("to is not " + recipient.IDRule)
	case len(n.Messages) > actors.MaxMessageBytes:
		return m, fmt.Errorf("messages is longer than %d bytes", actors.MaxMessageBytes)
	case len(n.Messages) == 0:
		return m, errors.New("messages is missing: give an array of 1 to 5 LINE message objects")
	}
	if err := line.CheckMessages(n.Messages); err != nil {
		return m, errors.New(excerpt(err.Error()))
	}
	var messages bytes.Buffer
	if err := json.Compact(&messages, n.Messages); err != nil {
		return m, errors.New("messages is not JSON")
	}
	n.Messages = messages.Bytes()
	m = actors.NewMessage{To: n.To, Messages: n.Messages, Topic: n.Topic, Zone: n.Zone, Urgent: n.Urgent}
	m.Key = wordOf(strings.Join([]string{tokenID, n.To, key}, "\x00"))
	if n.Topic != "" && !channelName.MatchString(n.Topic) {
		return m, fmt.Errorf("topic %q is none: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", excerpt(n.Topic))
	}
	if err := readTimes(&m, n, now); err != nil {
		return m, err
	}
	m.Content = wordOf(strings.Join([]string{n.To, string(n.Messages), n.At, n.Zone, n.ExpireAfter, n.Topic, strconv.FormatBool(n.Urgent)}, "\x00"))
	return m, nil
}

func readTimes(m *actors.NewMessage, n NewMessage, now time.Time) (err error) {
	if n.Zone != "" {
		if _, err := calendar.Zone(n.Zone); err != nil {
			return fmt.Errorf("zone %q is not a time zone: give an IANA name such as Asia/Tokyo", excerpt(n.Zone))
		}
	}
	if n.ExpireAfter != "" {
		if m.Expire, err = parseExpire(n.ExpireAfter); err != nil {
			return plainMember(err)
		}
	}
	m.Due, err = parseMoment(memberAt, n.At, n.Zone, now)
	return plainMember(err)
}

// plainMember is a problem about a member of a schedule, told of a message, which has no schedule.
func plainMember(err error) error {
	if problem, ok := errors.AsType[actors.Problem](err); ok {
		return errors.New(strings.ReplaceAll(problem.Detail, "schedule.", ""))
	}
	return err
}

// wordOf is a hash of a text.
func wordOf(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:])
}
